/* SPDX-License-Identifier: MIT */
/* One connection to the control socket: a request, its answer, the end. */
#include "control/connection.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "control/json_out.h"
#include "generation/fleet.h"

static struct loop *loop_of(struct connection *a)
{
	return &a->fleet->loop;
}

static void be_patient(struct connection *a)
{
	uint64_t at_ns = clock_mono_ns() + CONNECTION_PATIENCE_NS;

	loop_set_timer(loop_of(a), &a->timer, at_ns < a->until_ns ? at_ns : a->until_ns);
}

/* However it is taken: whoever takes a little now and then does not hold a place for ever. */
static void begin_answer(struct connection *a)
{
	a->state = CONNECTION_ANSWERING;
	a->until_ns = clock_mono_ns() + CONNECTION_WHOLE_NS;
	be_patient(a);
}

static void wait_for(struct connection *a, uint32_t events)
{
	if (loop_change(loop_of(a), &a->source, events) < 0)
		connection_close(a);
}

/* --- the answer ----------------------------------------------------------------------------------------------- */

static void add_end(const struct connection *a, struct text *to)
{
	json_out_begin(to, "end");
	json_out_bool(to, "ok", !a->asking.failed);
	if (a->asking.said.len)
		json_out_text(to, "message", a->asking.said.at);
	json_out_end(to);
}

/* Makes as much of the answer as there is room for. */
static void fill(struct connection *a)
{
	struct text to = { .at = a->out + a->out_n, .cap = sizeof(a->out) - a->out_n };
	enum command_state state = COMMAND_MORE;
	size_t before = SIZE_MAX;

	/* Room for a line, and for the end. A call that found nothing to say has looked for long enough: others wait too. */
	while (state == COMMAND_MORE && to.cap - to.len > 2 * COMMAND_LINE_MAX && to.len != before) {
		before = to.len;
		state = a->command ? a->command->answer(&a->asking, &to) : COMMAND_DONE;
	}
	a->state = state == COMMAND_LATER  ? CONNECTION_WAITING
		   : state == COMMAND_DONE ? CONNECTION_ENDING
					   : CONNECTION_ANSWERING;
	if (state == COMMAND_DONE)
		add_end(a, &to);
	assert(!to.cut);
	a->out_n += to.len;
}

/* False: it is gone. */
static bool send_out(struct connection *a)
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
static void go_on(struct connection *a)
{
	if (a->state == CONNECTION_ANSWERING && !a->out_n)
		fill(a);
	if (a->out_n && !send_out(a)) {
		connection_close(a);
		return;
	}
	if (a->state == CONNECTION_ENDING && !a->out_n)
		connection_close(a);
	else if (a->state == CONNECTION_WAITING && !a->out_n) {
		loop_cancel_timer(loop_of(a), &a->timer);
		wait_for(a, 0); /* it may hang up */
	} else
		wait_for(a, EPOLLOUT);
}

/* --- the request ---------------------------------------------------------------------------------------------- */

static void log_command(const struct connection *a)
{
	char storage[REQUEST_BYTES_MAX];
	struct text said = TEXT_OVER(storage);

	for (size_t i = 0; i < a->request.words_n; i++)
		text_addf(&said, "%s%s", i ? " " : "", a->request.words[i]);
	log_say(LOG_LEVEL_NOTICE, "control", "%s, asked for by user %u, process %u", said.at, a->peer.uid, a->peer.pid);
}

/* end: of the line; NULL: it is too long for a request, whatever it would be. */
static void obey(struct connection *a, const char *end)
{
	a->asking = (struct asking){ .fleet = a->fleet, .request = &a->request };
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
			log_command(a);
	}
	begin_answer(a);
	go_on(a);
}

static void read_line(struct connection *a)
{
	ssize_t n = recv(a->source.fd, a->line + a->line_n, sizeof(a->line) - a->line_n, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		connection_close(a);
		return;
	}
	a->line_n += (size_t)n;
	const char *end = memchr(a->line, '\n', a->line_n);
	if (end || a->line_n == sizeof(a->line))
		obey(a, end);
}

static void socket_ready(struct loop_source *s, uint32_t events)
{
	struct connection *a = container_of(s, struct connection, source);

	if (a->state == CONNECTION_READING) {
		read_line(a);
		a->fleet->changed(a->fleet); /* a command may have made steps possible */
	} else if (events & (EPOLLERR | EPOLLHUP))
		connection_close(a);
	else
		go_on(a);
}

static void patience_over(struct loop_timer *t)
{
	connection_close(container_of(t, struct connection, timer));
}

/* --- from its beginning to its end ------------------------------------------------------------------------------ */

int connection_open(struct connection *a, struct fleet *f, int fd, const struct peer *peer)
{
	assert(a->state == CONNECTION_FREE);
	a->source = (struct loop_source){ .fd = fd, .ready = socket_ready };
	int r = loop_add(&f->loop, &a->source, EPOLLIN);
	if (r < 0)
		return r;
	a->fleet = f;
	a->timer.fire = patience_over;
	a->command = NULL;
	a->line_n = a->out_n = a->out_sent = 0;
	a->peer = *peer;
	a->since_ns = clock_mono_ns();
	a->until_ns = a->since_ns + CONNECTION_PATIENCE_NS;
	a->state = CONNECTION_READING;
	be_patient(a);
	return 0;
}

void connection_look(struct connection *a)
{
	if (a->state != CONNECTION_WAITING)
		return;
	begin_answer(a);
	go_on(a);
}

void connection_close(struct connection *a)
{
	if (a->state == CONNECTION_FREE)
		return;
	loop_remove(loop_of(a), &a->source);
	loop_cancel_timer(loop_of(a), &a->timer);
	fd_close(&a->source.fd);
	a->state = CONNECTION_FREE;
}
