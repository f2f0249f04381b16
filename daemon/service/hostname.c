/* SPDX-License-Identifier: MIT */
/*
 * hostname (RFC 953): answers one question about a host's name or address, or lists the host table.
 *
 * Flow: gather a line → its command → an answer at once, or a list, or a question to the resolver and then its answer. The
 * table of the settings is asked before the resolver.
 */
#include "service/hostname.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "base/civil.h"
#include "base/text.h"
#include "service/output.h"

/* A request under way. */
struct request {
	struct hostname_state *state;
	const struct svc_context *ctx;
	struct svc_io *io;
};

static const char help[] = "One request, one answer (RFC 953):\r\n"
			   "HNAME [name]       the host of a name, or this host\r\n"
			   "HADDR [address]    the host of an address, or you\r\n"
			   "VERSION            the host table's version\r\n"
			   "ALL                the host table\r\n"
			   "ALL-OLD            its hosts, gateways and networks, without names in domain style\r\n"
			   "ALL-DOM            its domains and hosts\r\n"
			   "ALL-INGWAY         its gateways\r\n"
			   "DOMAINS            its domains\r\n"
			   "HELP               this text\r\n";

static enum svc_verdict say(const struct request *r, const char *s)
{
	return output_end(r->io, s, strlen(s));
}

/* A datagram gets no such answer: another server of this kind would answer the error with an error, for ever
 * (CVE-2024-2169). */
static enum svc_verdict say_unknown_command(const struct request *r)
{
	if (output_is_datagram(r->ctx))
		return SVC_DROP;
	return say(r, "ERR : ILLCOM : Illegal command :\r\n");
}

static enum svc_verdict say_not_found(const struct request *r, enum lookup_kind asked)
{
	return say(r, asked == LOOKUP_BY_NAME ? "ERR : NAMNFD : Name not found :\r\n"
					      : "ERR : ADRNFD : Address not found :\r\n");
}

/* One record, as much of it as a datagram may hold. */
static enum svc_verdict say_record(const struct request *r, const struct record *record)
{
	size_t room = output_room(r->io);
	char storage[RECORD_TEXT_MAX + 1];
	struct text t = TEXT_OVER(storage);

	if (room < RECORD_TEXT_MAX)
		t.cap = room + 1;
	return record_add_text_that_fits(&t, record) ? output_end(r->io, storage, t.len) : SVC_DROP;
}

/* Begins a list; hostname_input() goes on with it. */
static enum svc_verdict list(const struct request *r, const struct hostlist *l)
{
	r->state->stage = HOSTNAME_LISTS;
	r->state->list = *l;
	return hostlist_send(&r->state->list, r->ctx, r->io);
}

/* The entries of a table that were found: one is said as it is, several as a list. */
static enum svc_verdict say_entries(const struct request *r, const uint32_t *numbers, uint32_t n)
{
	const struct hosttable *table = r->ctx->options->table;
	struct record record;

	if (n > 1)
		return list(r, &(struct hostlist){ .table = table, .numbers = numbers, .end = n });
	record = hosttable_record(table, numbers[0]);
	return say_record(r, &record);
}

/* Leaves the session waiting for hostname_answer(), and notes what its record will need. */
static enum svc_verdict ask(const struct request *r, const struct lookup_question *question)
{
	r->state->stage = HOSTNAME_ASKS;
	r->state->asked = question->kind;
	r->state->asked_addr = question->addr;
	r->io->in_used = r->io->in_len;
	r->io->question = *question;
	return SVC_ASK;
}

/* name: valid but for a dot at its end, which says that it is whole. */
static enum svc_verdict look_up_name(const struct request *r, const char *name)
{
	const struct hosttable *table = r->ctx->options->table;
	struct lookup_question question = { .kind = LOOKUP_BY_NAME };
	const uint32_t *numbers;
	size_t len = strlen(name);
	uint32_t n = 0;

	assert(len < sizeof(question.name));
	memcpy(question.name, name, len);
	if (table) {
		question.name[len - (name[len - 1] == '.')] = '\0';
		n = hosttable_find_name(table, question.name, &numbers);
		memcpy(question.name, name, len);
	}
	return n > 0 ? say_entries(r, numbers, n) : ask(r, &question);
}

static enum svc_verdict look_up_address(const struct request *r, const struct addr *a)
{
	const struct hosttable *table = r->ctx->options->table;
	struct lookup_question question = { .kind = LOOKUP_BY_ADDRESS, .addr = *a };
	const uint32_t *numbers;
	uint32_t n = table ? hosttable_find_address(table, a, &numbers) : 0;

	question.addr.port = 0;
	return n > 0 ? say_entries(r, numbers, n) : ask(r, &question);
}

/* A name as a client may send it: a dot at its end is allowed. What is none never reaches a resolver. */
static bool is_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && record_name_valid(s, n - (s[n - 1] == '.'));
}

/* Without an argument: who is this host? */
static enum svc_verdict hname(const struct request *r, const char *argument)
{
	if (!argument)
		return is_name(r->ctx->host_name) ? look_up_name(r, r->ctx->host_name) : say_not_found(r, LOOKUP_BY_NAME);
	return is_name(argument) ? look_up_name(r, argument) : say_unknown_command(r);
}

/* Without an argument: who am I? A peer on a UNIX socket has no address. */
static enum svc_verdict haddr(const struct request *r, const char *argument)
{
	struct addr a = r->ctx->peer;

	/* An interface's name is none of the client's business, and to read one would ask the system. */
	if (argument && (strchr(argument, '%') || addr_parse(argument, &a) < 0))
		return say_not_found(r, LOOKUP_BY_ADDRESS);
	if (a.family != AF_INET && a.family != AF_INET6)
		return say_not_found(r, LOOKUP_BY_ADDRESS);
	return look_up_address(r, &a);
}

static enum svc_verdict version(const struct request *r, const char *argument maybe_unused)
{
	const struct hosttable *table = r->ctx->options->table;
	char storage[64];
	struct text t = TEXT_OVER(storage);
	struct civil c;

	if (!table)
		return say(r, "VERSION : NONE\r\n");
	c = civil_from_unix(hosttable_mtime_unix_s(table));
	text_addf(&t, "VERSION : %04lld-%02d-%02dT%02d:%02d:%02dZ\r\n", (long long)c.year, c.month, c.day, c.hour, c.minute,
		  c.second);
	return say(r, storage);
}

/* The table's entries from one kind to another. */
static enum svc_verdict list_kinds(const struct request *r, enum hosttable_kind first, enum hosttable_kind last,
				   bool old_names)
{
	struct hostlist l = { .table = r->ctx->options->table, .old_names = old_names };
	uint32_t last_first, last_n;

	if (l.table) {
		hosttable_kind_entries(l.table, first, &l.next);
		last_n = hosttable_kind_entries(l.table, last, &last_first);
		l.end = last_first + last_n;
	}
	return list(r, &l);
}

/* ALL-DOM too: it is the domains and the hosts, and our table holds both (RFC 952 lists DOMAIN entries with the others). */
static enum svc_verdict all(const struct request *r, const char *argument maybe_unused)
{
	return list_kinds(r, HOSTTABLE_DOMAIN, HOSTTABLE_HOST, false);
}

static enum svc_verdict all_old(const struct request *r, const char *argument maybe_unused)
{
	return list_kinds(r, HOSTTABLE_NET, HOSTTABLE_HOST, true);
}

static enum svc_verdict domains(const struct request *r, const char *argument maybe_unused)
{
	return list_kinds(r, HOSTTABLE_DOMAIN, HOSTTABLE_DOMAIN, false);
}

/* In the table's own format: the one of TENEX and TOPS-20 has no reader any more. */
static enum svc_verdict gateways(const struct request *r, const char *argument maybe_unused)
{
	return list_kinds(r, HOSTTABLE_GATEWAY, HOSTTABLE_GATEWAY, false);
}

static enum svc_verdict say_help(const struct request *r, const char *argument maybe_unused)
{
	return say(r, help);
}

static const struct command {
	const char *key;
	enum svc_verdict (*run)(const struct request *r, const char *argument);
	bool takes_argument;
} commands[] = {
	{ "HNAME", hname, true },      { "HADDR", haddr, true },      { "HELP", say_help, true },
	{ "VERSION", version, false }, { "ALL", all, false },         { "ALL-OLD", all_old, false },
	{ "ALL-DOM", all, false },     { "DOMAINS", domains, false }, { "ALL-INGWAY", gateways, false },
};

/* line: "command [argument]", parted by blanks, which may stand around it too. It is taken apart in place. */
static enum svc_verdict run(const struct request *r, char *line)
{
	static const char blanks[] = " \t";
	char *key = line + strspn(line, blanks);
	char *key_end = key + strcspn(key, blanks);
	char *argument = key_end + strspn(key_end, blanks);
	size_t n = strlen(argument);

	while (n > 0 && strchr(blanks, argument[n - 1]))
		argument[--n] = '\0';
	*key_end = '\0';
	for (size_t i = 0; i < array_n(commands); i++) {
		if (!text_same_ignoring_case(key, commands[i].key))
			continue;
		if (n > 0 && !commands[i].takes_argument)
			break;
		return commands[i].run(r, n > 0 ? argument : NULL);
	}
	return say_unknown_command(r);
}

enum svc_verdict hostname_input(void *state, const struct svc_context *ctx, struct svc_io *io)
{
	struct hostname_state *s = state;
	struct request r = { .state = s, .ctx = ctx, .io = io };

	if (s->stage == HOSTNAME_LISTS)
		return hostlist_send(&s->list, ctx, io);
	if (s->stage == HOSTNAME_ASKS) { /* whatever comes behind the one request is ignored */
		io->in_used = io->in_len;
		return SVC_MORE;
	}
	switch (line_gather(&s->line, LINE_BYTES_MAX, ctx, io)) {
	case LINE_PART:
		return SVC_MORE;
	case LINE_NONE:
		return SVC_DONE;
	case LINE_WRONG:
		return say_unknown_command(&r);
	case LINE_WHOLE:
		break;
	}
	return run(&r, s->line.text);
}

/* Whether a name of the resolver's is one. It may be anything: DNS carries any octet. */
static bool is_trusted(const char name[LOOKUP_NAME_MAX])
{
	return memchr(name, '\0', LOOKUP_NAME_MAX) && is_name(name);
}

/* The resolver's answer as a record, without aliases that are none. False where there is no record in it. */
static bool make_record(const struct hostname_state *s, const struct lookup_answer *answer, struct record *ret)
{
	*ret = (struct record){ .key = "HOST",
				.addresses = answer->addresses,
				.addresses_n = answer->addresses_n,
				.cpu = "",
				.system = "",
				.protocols = "" };
	if (answer->addresses_n == 0 && s->asked == LOOKUP_BY_ADDRESS) {
		ret->addresses = &s->asked_addr;
		ret->addresses_n = 1;
	}
	if (!is_trusted(answer->name) || ret->addresses_n == 0 || ret->addresses_n > LOOKUP_ADDRESSES_MAX)
		return false;
	ret->names[ret->names_n++] = answer->name;
	for (size_t i = 0; i < answer->aliases_n && i < LOOKUP_ALIASES_MAX; i++)
		if (is_trusted(answer->aliases[i]))
			ret->names[ret->names_n++] = answer->aliases[i];
	return true;
}

enum svc_verdict hostname_answer(void *state, const struct svc_context *ctx, const struct lookup_answer *answer,
				 struct svc_io *io)
{
	struct hostname_state *s = state;
	struct request r = { .state = s, .ctx = ctx, .io = io };
	struct record record;

	assert(s->stage == HOSTNAME_ASKS);
	if (answer->result == LOOKUP_FAILED)
		return say(&r, "ERR : TMPSYS : Temporary system failure, try again later :\r\n");
	if (answer->result != LOOKUP_FOUND || !make_record(s, answer, &record))
		return say_not_found(&r, s->asked);
	return say_record(&r, &record);
}
