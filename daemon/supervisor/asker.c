/* SPDX-License-Identifier: MIT */
/* One connection to the control socket: a request, its answer, the end. */
#include "supervisor/asker.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/answer.h"
#include "supervisor/supervisor.h"

static struct loop *loop_of(struct asker *a)
{
	return &a->supervisor->loop;
}

static void be_patient(struct asker *a)
{
	uint64_t at_ns = clock_mono_ns() + ASKER_PATIENCE_NS;

	loop_set_timer(loop_of(a), &a->timer, at_ns < a->until_ns ? at_ns : a->until_ns);
}

/* However it is taken: whoever takes a little now and then does not hold a place for ever. */
static void begin_answer(struct asker *a)
{
	a->state = ASKER_ANSWERING;
	a->until_ns = clock_mono_ns() + ASKER_WHOLE_NS;
	be_patient(a);
}

static void wait_for(struct asker *a, uint32_t events)
{
	if (loop_change(loop_of(a), &a->source, events) < 0)
		asker_close(a);
}

/* --- the answer ----------------------------------------------------------------------------------------------- */

static void add_end(const struct asker *a, struct text *to)
{
	answer_begin(to, "end");
	answer_bool(to, "ok", !a->asking.failed);
	if (a->asking.said.len)
		answer_text(to, "message", a->asking.said.at);
	answer_end(to);
}

/* Makes as much of the answer as there is room for. */
static void fill(struct asker *a)
{
	struct text to = { .at = a->out + a->out_n, .cap = sizeof(a->out) - a->out_n };
	enum command_state state = COMMAND_MORE;
	size_t before = SIZE_MAX;

	/* Room for a line, and for the end. A call that found nothing to say has looked for long enough: others wait too. */
	while (state == COMMAND_MORE && to.cap - to.len > 2 * COMMAND_LINE_MAX && to.len != before) {
		before = to.len;
		state = a->command ? a->command->answer(&a->asking, &to) : COMMAND_DONE;
	}
	a->state = state == COMMAND_LATER ? ASKER_WAITING : state == COMMAND_DONE ? ASKER_ENDING : ASKER_ANSWERING;
	if (state == COMMAND_DONE)
		add_end(a, &to);
	assert(!to.cut);
	a->out_n += to.len;
}

/* False: it is gone. */
static bool send_out(struct asker *a)
{
	ssize_t n = send(a->source.fd, a->out + a->out_sent, a->out_n - a->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (n > 0) {
		a->out_sent += (size_t)n;
		a->since_ns = clock_mono_ns();
		be_patient(a);
	}
	if (a->out_sent == a->out_n)
		a->out_sent = a->out_n = 0;
	return true;
}

/* One piece a turn of the loop. */
static void go_on(struct asker *a)
{
	if (a->state == ASKER_ANSWERING && !a->out_n)
		fill(a);
	if (a->out_n && !send_out(a)) {
		asker_close(a);
		return;
	}
	if (a->state == ASKER_ENDING && !a->out_n)
		asker_close(a);
	else if (a->state == ASKER_WAITING && !a->out_n) {
		loop_cancel_timer(loop_of(a), &a->timer);
		wait_for(a, 0); /* it may hang up */
	} else
		wait_for(a, EPOLLOUT);
}

/* --- the request ---------------------------------------------------------------------------------------------- */

static void note(const struct asker *a)
{
	log_say(LOG_LEVEL_NOTICE, "control", "%s%s%s%s, asked for by user %u, process %u", a->request.command,
		a->request.id[0] || a->request.listener[0] ? " " : "", a->request.id, a->request.listener, a->peer.uid,
		a->peer.pid);
}

/* end: of the line; NULL: it is too long for a request, whatever it would be. */
static void obey(struct asker *a, const char *end)
{
	a->asking = (struct asking){ .supervisor = a->supervisor, .request = &a->request };
	a->asking.said = TEXT_OVER(a->asking.said_storage);
	a->asking.failed = true;
	if (!end)
		text_addf(&a->asking.said, "a request has %zu bytes at most", sizeof(a->line));
	else if (request_parse(a->line, (size_t)(end - a->line), &a->request, &a->asking.said) == 0)
		a->command = command_find(&a->request, &a->asking.said);
	if (a->command && a->command->changes && a->peer.kind != PEER_ADMINISTRATOR) {
		text_addf(&a->asking.said, "%s is for root, the daemon's user and the members of control.group",
			  a->command->name);
		a->command = NULL;
	}
	if (a->command) {
		a->asking.failed = false;
		if (a->command->changes)
			note(a);
	}
	begin_answer(a);
	go_on(a);
}

static void read_line(struct asker *a)
{
	ssize_t n = recv(a->source.fd, a->line + a->line_n, sizeof(a->line) - a->line_n, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		asker_close(a);
		return;
	}
	a->line_n += (size_t)n;
	const char *end = memchr(a->line, '\n', a->line_n);
	if (end || a->line_n == sizeof(a->line))
		obey(a, end);
}

static void ready(struct loop_source *s, uint32_t events)
{
	struct asker *a = container_of(s, struct asker, source);

	if (a->state == ASKER_READING) {
		read_line(a);
		supervisor_advance(a->supervisor); /* a command may have made steps possible */
	} else if (events & (EPOLLERR | EPOLLHUP))
		asker_close(a);
	else
		go_on(a);
}

static void late(struct loop_timer *t)
{
	asker_close(container_of(t, struct asker, timer));
}

/* --- from its beginning to its end ------------------------------------------------------------------------------ */

int asker_open(struct asker *a, struct supervisor *s, int fd, const struct peer *peer)
{
	assert(a->state == ASKER_FREE);
	a->source = (struct loop_source){ .fd = fd, .ready = ready };
	int r = loop_add(&s->loop, &a->source, EPOLLIN);
	if (r < 0)
		return r;
	a->supervisor = s;
	a->timer.fire = late;
	a->command = NULL;
	a->line_n = a->out_n = a->out_sent = 0;
	a->peer = *peer;
	a->since_ns = clock_mono_ns();
	a->until_ns = a->since_ns + ASKER_PATIENCE_NS;
	a->state = ASKER_READING;
	be_patient(a);
	return 0;
}

void asker_look(struct asker *a)
{
	if (a->state != ASKER_WAITING)
		return;
	begin_answer(a);
	go_on(a);
}

void asker_close(struct asker *a)
{
	if (a->state == ASKER_FREE)
		return;
	loop_remove(loop_of(a), &a->source);
	loop_cancel_timer(loop_of(a), &a->timer);
	fd_close(&a->source.fd);
	a->state = ASKER_FREE;
}
