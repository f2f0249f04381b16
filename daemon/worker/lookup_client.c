/* SPDX-License-Identifier: MIT */
/* A question to the resolver, seen from the worker that asks. */
#include "worker/lookup_client.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/pages.h"

#define LOOK_AGAIN_NS (5 * CLOCK_MS_NS)
/* After its deadline a question holds its seat for so long, if no resolver gives the seat back: by then the resolver has
 * been killed. */
#define OVER_NS (2 * CLOCK_S_NS)

const struct lookup_answer lookup_client_no_answer = { .result = LOOKUP_FAILED };

/* A question that has not been sent. */
struct held {
	struct lookup_client *ask;
	uint64_t source;
	int fd; /* the resolver's end of its socketpair */
	struct lookup_question question;
};

/* The questions that wait, the oldest first. */
struct lookup_client_line {
	struct worker *w;
	struct loop_timer timer;
	uint32_t n, cap;
	struct held held[];
};

/* ---- shares ---- */

/* Questions that are under way at once: as many as may wait, and those that are being looked up. */
static uint32_t seats_of(const struct settings *settings)
{
	return settings->resolver.queue + settings->resolver.processes;
}

int lookup_client_share(const struct settings *settings, struct shares *ret)
{
	struct siphash_key key;
	void *memory;
	int r = shared_new_key(&key);

	if (r < 0)
		return r;
	memory = mmap(NULL, shares_bytes(seats_of(settings)), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	shares_init(ret, memory, seats_of(settings), &key);
	return 0;
}

void lookup_client_unshare(struct shares *s)
{
	if (s->seats)
		munmap(s->seats, shares_size(s));
	s->seats = NULL;
}

static uint64_t over_at(uint64_t deadline_ns)
{
	return clock_add(deadline_ns, OVER_NS);
}

/* All but one of the resolvers, if there are several. */
static bool take_seat(struct worker *w, const struct held *h, uint32_t *ret)
{
	const struct worker_plan *plan = w->plan;
	uint32_t others = plan->settings->resolver.processes - 1;
	struct shares_time t = { .now_ns = clock_mono_ns(), .until_ns = over_at(h->ask->deadline_ns) };

	return !plan->asked.seats || shares_take(&plan->asked, h->source, others ? others : 1, t, ret);
}

void lookup_client_over(const struct worker_plan *plan, const struct lookup_client_message *m)
{
	if (plan->asked.seats)
		shares_give(&plan->asked, m->seat, over_at(m->deadline_ns));
}

uint64_t lookup_client_source(const struct worker *w, const struct addr *peer)
{
	const struct rate_sketch_shape *shape = &w->plan->settings->limits.shape;
	struct addr source = addr_source(peer, shape->source_bits_v4, shape->source_bits_v6);

	return shares_name(&w->plan->asked, &source);
}

/* ---- sending ---- */

/* Sends one message with a descriptor attached. 0 or -errno. */
static int send_with_fd(int to, const struct lookup_client_message *m, int fd)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* 0; -EBUSY: its source has its share; or -errno (-EAGAIN: the queue is full). */
static int send_question(struct worker *w, const struct held *h)
{
	_Atomic uint32_t *waiting = &w->plan->shared->lookups_waiting;
	struct lookup_client_message m;
	int r = -EAGAIN;

	memset(&m, 0, sizeof(m)); /* the message goes out as bytes, its padding too */
	m.deadline_ns = h->ask->deadline_ns;
	m.question = h->question;
	if (!take_seat(w, h, &m.seat))
		return -EBUSY;
	if (atomic_fetch_add(waiting, 1) < w->plan->settings->resolver.queue)
		r = send_with_fd(w->plan->questions_fd, &m, h->fd);
	if (r < 0) {
		atomic_fetch_sub(waiting, 1);
		lookup_client_over(w->plan, &m);
	}
	return r;
}

/* ---- waiting ---- */

/* Sends the questions that can be sent by now. One that fails for good is answered by the end of its socketpair. */
static void look_again(struct loop_timer *t)
{
	struct lookup_client_line *line = container_of(t, struct lookup_client_line, timer);
	uint32_t left = 0;

	for (uint32_t i = 0; i < line->n; i++) {
		int r = send_question(line->w, &line->held[i]);

		if (r != -EBUSY && r != -EAGAIN)
			fd_close(&line->held[i].fd);
		else if (left++ != i)
			line->held[left - 1] = line->held[i];
	}
	line->n = left;
	if (left)
		loop_set_timer(&line->w->loop, t, line->w->loop.now_ns + LOOK_AGAIN_NS);
}

int lookup_client_prepare(struct worker *w, uint32_t n)
{
	uint32_t cap = n < LOOKUP_CLIENT_HELD_MAX ? n : LOOKUP_CLIENT_HELD_MAX;

	w->line = pages_take(sizeof(*w->line) + cap * sizeof(w->line->held[0]));
	if (!w->line)
		return -ENOMEM;
	w->line->w = w;
	w->line->timer.fire = look_again;
	w->line->cap = cap;
	return 0;
}

/* A source has no more places in the line, either, than are left for others. */
static int hold_question(struct lookup_client_line *line, struct held *h)
{
	uint32_t own = 0;

	for (uint32_t i = 0; i < line->n; i++)
		own += line->held[i].source == h->source;
	if (own >= line->cap - line->n)
		return -EAGAIN;
	line->held[line->n] = *h;
	line->held[line->n++].fd = fd_take(&h->fd);
	if (!line->timer.place)
		loop_set_timer(&line->w->loop, &line->timer, line->w->loop.now_ns + LOOK_AGAIN_NS);
	return 0;
}

static void leave_line(struct lookup_client_line *line, const struct lookup_client *a)
{
	uint32_t i = 0;

	while (i < line->n && line->held[i].ask != a)
		i++;
	if (i == line->n)
		return;
	fd_close(&line->held[i].fd);
	line->n--;
	memmove(&line->held[i], &line->held[i + 1], (line->n - i) * sizeof(line->held[0]));
	if (!line->n)
		loop_cancel_timer(&line->w->loop, &line->timer);
}

/* ---- asking ---- */

/* The system call by number: on 32-bit x86 glibc makes sockets by socketcall(2), of whose arguments a filter sees none. */
static int make_pair(int pair[2])
{
	return syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

int lookup_client_begin(struct worker *w, struct lookup_client *a, const struct lookup_client_request *request,
			loop_ready_fn *ready)
{
	struct held h = { .ask = a, .source = request->source, .question = *request->question };
	cleanup_fd int ours = -1;
	cleanup_fd int theirs = -1;
	int pair[2], r;

	a->deadline_ns = clock_add(clock_mono_ns(), w->plan->settings->resolver.timeout_ns);
	r = make_pair(pair);
	if (r < 0)
		return r;
	ours = pair[0];
	theirs = h.fd = pair[1];
	a->source = (struct loop_source){ .fd = ours, .ready = ready };
	r = loop_add(&w->loop, &a->source, EPOLLRDHUP);
	if (r == 0) {
		r = send_question(w, &h);
		if (r == -EBUSY) {
			(void)fd_take(&theirs);
			r = hold_question(w->line, &h);
			theirs = h.fd;
		}
		if (r < 0)
			loop_remove(&w->loop, &a->source);
	}
	if (r < 0) {
		a->source.fd = -1;
		return r;
	}
	(void)fd_take(&ours);
	return 0;
}

const struct lookup_answer *lookup_client_take(struct worker *w, struct lookup_client *a)
{
	static struct lookup_answer answer;
	ssize_t n, last = 0;

	for (int i = 0; i < LOOKUP_CLIENT_ANSWERS_MAX; i++) {
		n = recv(a->source.fd, &answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC);
		if (n <= 0)
			break;
		last = n;
	}
	lookup_client_cancel(w, a);
	if (last != (ssize_t)sizeof(answer) || (unsigned)answer.result > LOOKUP_FAILED ||
	    answer.aliases_n > LOOKUP_ALIASES_MAX || answer.addresses_n > LOOKUP_ADDRESSES_MAX)
		return &lookup_client_no_answer;
	return &answer;
}

void lookup_client_cancel(struct worker *w, struct lookup_client *a)
{
	if (a->source.fd < 0)
		return;
	loop_remove(&w->loop, &a->source);
	fd_close(&a->source.fd);
	leave_line(w->line, a);
}

void lookup_client_count(struct worker *w, uint32_t row, const struct lookup_client *a, enum lookup_result result)
{
	struct counters *c = &w->counters[row];
	uint64_t asked_ns = a->deadline_ns - w->plan->settings->resolver.timeout_ns;
	_Atomic uint64_t *const by_result[] = {
		[LOOKUP_FOUND] = &c->lookups_found,
		[LOOKUP_NOT_FOUND] = &c->lookups_not_found,
		[LOOKUP_FAILED] = &c->lookups_failed,
	};

	counters_add(by_result[result], 1);
	histogram_add(&c->lookup_time, clock_mono_ns() - asked_ns);
}
