/* SPDX-License-Identifier: MIT */
/*
 * `impair LISTENER [KEY=VALUE]...`: changes what a listener does to its answers on purpose.
 *
 * Words in shared memory, which workers look at before they answer: they outlive reloads, as those of `drain` do. All
 * listeners that are meant are changed, or none.
 */
#include "control/command.h"
#include "generation/generation.h"
#include "settings/impair_keys.h"

#define FIRST_KEY 2 /* among the words of the request */

enum cmd_impair_by cmd_impair_rules(const struct fleet *f, const struct listener *l, struct impair_rules *ret)
{
	if (impairs_said(&f->shared->impairs[l->row], ret))
		return public_rules_let_impair(l->settings, listener_public_socket(l)) ? CMD_IMPAIR_SAID : CMD_IMPAIR_NONE;
	*ret = l->settings->impair;
	return l->settings->impairs ? CMD_IMPAIR_SETTINGS : CMD_IMPAIR_NONE;
}

/* Whether all sockets of a row may be impaired. */
static bool is_let(const struct generation *g, uint32_t row)
{
	for (size_t i = 0; i < g->listeners_n; i++) {
		const struct listener *l = &g->listeners[i];

		if (l->row == row && !public_rules_let_impair(l->settings, listener_public_socket(l)))
			return false;
	}
	return true;
}

/* The rules of a listener with what the request says. False: a->said has why not. */
static bool make_rules(struct asking *a, const struct listener *l, struct impair_rules *ret)
{
	const struct request *r = a->request;
	bool has_sessions = l->transport & TRANSPORT_SESSIONS;

	(void)cmd_impair_rules(a->fleet, l, ret);
	for (size_t i = FIRST_KEY; i < r->words_n; i++)
		if (impair_keys_set(ret, r->words[i], &a->said) < 0)
			return false;
	if (!is_let(a->fleet->current, l->row))
		text_addf(&a->said, "others reach %s (it needs an `allow` list, a loopback address, or acknowledge_public)",
			  l->label);
	else if (has_sessions ? impair_does_to_datagrams(ret) : ret->close_after_bytes != 0)
		text_addf(&a->said, "%s has %s", l->label,
			  has_sessions ? "no datagrams (delay, jitter, rate and close_after only)"
				       : "no sessions (all but close_after)");
	else
		return true;
	return false;
}

static void say(struct asking *a, const struct listener *l, const struct impair_rules *rules)
{
	bool is_taken_back = a->request->words_n == FIRST_KEY;

	impairs_say(&a->fleet->shared->impairs[l->row], is_taken_back ? NULL : rules);
	text_addf(&a->said, "%s%s: ", a->said.len ? "; " : "impaired: ", l->label);
	impair_keys_add(&a->said, is_taken_back ? &l->settings->impair : rules);
}

enum command_state cmd_impair(struct asking *a, struct text *to maybe_unused)
{
	struct fleet *f = a->fleet;
	const char *said = a->request->words[1];
	struct impair_rules rules;
	bool found = false;

	for (int pass = 0; pass < 2; pass++) /* all are checked before the first is changed */
		for (uint32_t row = 0; row < f->labels.n; row++) {
			const struct listener *l = command_listener(f, row, said);

			if (!l)
				continue;
			found = true;
			if (!l->settings)
				return command_fail(a, "the settings of %s are not known", l->label);
			if (!make_rules(a, l, &rules)) {
				a->failed = true;
				return COMMAND_DONE;
			}
			if (pass)
				say(a, l, &rules);
		}
	return found ? COMMAND_DONE : command_fail(a, "there is no listener %s", said);
}
