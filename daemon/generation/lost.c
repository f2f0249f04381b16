/* SPDX-License-Identifier: MIT */
/* Listeners that no client reaches any more: noticed, told of, bound anew. */
#include "generation/lost.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/health.h"
#include "net/restore.h"
#include "generation/metrics_socket.h"

#define LOOK_NS (CLOCK_S_NS / 10) /* between looks, however often workers ask for one */

/* The rest of a line that has been begun. */
static void say_of(struct log_line *line, const struct listener *l)
{
	char storage[192];
	struct text where = TEXT_OVER(storage);

	listener_add_where(&where, l);
	log_text(line, "listener", l->label);
	log_text(line, "address", where.at);
	log_text(line, "reason", health_text(l->loss));
	log_end(line);
}

/* Notes the socket's health as found now. True: it is lost. */
static bool note_loss(struct listener *l)
{
	struct log_line line;
	enum loss loss = health_of(l);
	bool is_news = loss != l->loss && loss != LOSS_NONE;

	/* One that is bound anew is lost to clients until workers have it. */
	if (loss == LOSS_NONE && l->cure == CURE_DONE)
		return false;
	if (loss != l->loss)
		l->cure = CURE_NONE;
	l->loss = loss;
	if (is_news && !listener_is_passed(l)) {
		log_begin(&line, LOG_LEVEL_WARNING, "lost");
		say_of(&line, l);
	}
	return loss != LOSS_NONE;
}

bool lost_mend(struct listener *l, bool at_once)
{
	char storage[512];
	struct text why = TEXT_OVER(storage);
	uint64_t now_ns = clock_mono_ns();

	if (!note_loss(l) || (!at_once && !rest_is_over(&l->retry, now_ns)))
		return false;
	rest_begin(&l->retry, now_ns);
	if (restore_bind(l, &why) < 0) {
		if (l->cure == CURE_NONE)
			log_say(LOG_LEVEL_WARNING, "lost", "%s; trying again", why.at);
		l->cure = CURE_FAILED;
		return false;
	}
	l->cure = CURE_DONE;
	return true;
}

/* A passed socket cannot be bound anew here. True: it was lost, and is closed. */
static bool give_up(struct fleet *f, struct listener *l)
{
	struct log_line line;

	if (l->fd < 0 || !note_loss(l))
		return false;
	log_begin(&line, LOG_LEVEL_WARNING, "closed");
	say_of(&line, l);
	adopt_end(&f->passed, l->passed_fd);
	listener_drop(l);
	l->cure = CURE_DONE;
	return true;
}

static void look_at_listeners(struct fleet *f, bool at_once)
{
	struct generation *g = f->current;
	uint32_t lost[TABLE_ROWS_MAX] = { 0 };

	for (size_t i = 0; i < g->listeners_n; i++) {
		struct listener *l = &g->listeners[i];

		f->lost.found |= listener_is_passed(l) ? give_up(f, l) : lost_mend(l, at_once);
		lost[l->row] += l->loss != LOSS_NONE;
	}
	for (uint32_t row = 0; row < f->labels.n; row++)
		atomic_store_explicit(&f->shared->lost[row], lost[row], memory_order_relaxed);
}

void lost_look(struct fleet *f, bool at_once)
{
	f->lost.met = false;
	f->lost.looked_ns = clock_mono_ns();
	look_at_listeners(f, at_once);
	f->lost.found |= metrics_socket_mend(f->current, at_once);
}

bool lost_is_due(const struct fleet *f)
{
	return f->lost.met && clock_mono_ns() >= f->lost.looked_ns + LOOK_NS;
}

bool lost_needs_generation(const struct fleet *f)
{
	return f->lost.found && rest_is_over(&f->lost.generations, clock_mono_ns());
}
