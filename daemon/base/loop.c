/* SPDX-License-Identifier: MIT */
/*
 * One small event loop: epoll (or poll, where there are few) for descriptors, a binary heap for timers.
 *
 * Flow: loop_turn waits until a descriptor is ready or the earliest timer is due, calls the sources, then the timers. A
 * handler may add, remove and re-arm anything, itself included.
 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/time_types.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/pages.h"

#define BATCH_MAX 256 /* events a turn; more wait in the kernel, in order */

/* The batch, and the heap behind it: a loop that is seldom busy and has few timers touches one page. */
static size_t memory_bytes(const struct loop *l)
{
	return BATCH_MAX * sizeof(*l->batch) + l->heap_cap * sizeof(struct loop_timer *);
}

int loop_init(struct loop *l, size_t timers_max)
{
	*l = (struct loop){ .epoll_fd = -1, .heap_cap = timers_max };
	l->batch = pages_take_own(memory_bytes(l));
	if (!l->batch)
		return -ENOMEM;
	l->heap = (struct loop_timer **)(void *)(l->batch + BATCH_MAX);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0) {
		int r = -errno;

		loop_done(l);
		return r;
	}
	l->now_ns = clock_mono_ns();
	return 0;
}

void loop_done(struct loop *l)
{
	while (l->heap_n > 0)
		l->heap[--l->heap_n]->place = 0;
	if (!l->few)
		pages_give(l->batch, memory_bytes(l));
	fd_close(&l->epoll_fd);
	*l = (struct loop){ .epoll_fd = -1 };
}

void loop_init_few(struct loop *l, struct loop_few *storage, uint64_t now_ns)
{
	*l = (struct loop){
		.epoll_fd = -1,
		.few = storage,
		.heap = storage->heap,
		.heap_cap = LOOP_FEW_MAX,
		.batch = storage->batch,
		.now_ns = now_ns,
	};
	storage->sources_n = 0;
}

/* poll's event bits are epoll's. */
static int control_few(struct loop_few *few, int operation, struct loop_source *s, uint32_t events)
{
	bool known;
	int i = 0;

	while (i < few->sources_n && few->sources[i] != s)
		i++;
	known = i < few->sources_n;
	if (known == (operation == EPOLL_CTL_ADD))
		return known ? -EEXIST : -ENOENT;
	if (operation == EPOLL_CTL_DEL) {
		few->sources_n--;
		few->sources[i] = few->sources[few->sources_n];
		few->polls[i] = few->polls[few->sources_n];
		return 0;
	}
	if (i == LOOP_FEW_MAX)
		return -ENOSPC;
	few->sources_n += operation == EPOLL_CTL_ADD;
	few->sources[i] = s;
	few->polls[i] = (struct pollfd){ .fd = s->fd, .events = (short)events };
	return 0;
}

static int control(struct loop *l, int operation, struct loop_source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	if (l->few)
		return control_few(l->few, operation, s, events);
	if (l->solo == s) {
		if (operation == EPOLL_CTL_ADD)
			return -EEXIST;
		l->solo = operation == EPOLL_CTL_DEL ? NULL : s;
		l->solo_events = events;
		return 0;
	}
	return epoll_ctl(l->epoll_fd, operation, s->fd, &e) < 0 ? -errno : 0;
}

int loop_add(struct loop *l, struct loop_source *s, uint32_t events)
{
	return control(l, EPOLL_CTL_ADD, s, events);
}

int loop_change(struct loop *l, struct loop_source *s, uint32_t events)
{
	return control(l, EPOLL_CTL_MOD, s, events);
}

int loop_add_solo(struct loop *l, struct loop_source *s, uint32_t events)
{
	if (l->few || l->solo)
		return control(l, EPOLL_CTL_ADD, s, events);
	l->solo = s;
	l->solo_events = events;
	return 0;
}

/* Nothing of this turn is for it any more. */
static void forget(struct loop *l, const struct loop_source *s)
{
	for (int i = l->batch_at; i < l->batch_n; i++) {
		if (l->batch[i].data.ptr == s)
			l->batch[i].data.ptr = NULL;
	}
}

void loop_remove(struct loop *l, struct loop_source *s)
{
	/* The call cannot fail for a source that is in the set, and for another there is nothing to do. */
	(void)control(l, EPOLL_CTL_DEL, s, 0);
	forget(l, s);
}

void loop_close(struct loop *l, struct loop_source *s)
{
	if (l->few || l->solo == s)
		(void)control(l, EPOLL_CTL_DEL, s, 0);
	forget(l, s);
	close(s->fd);
	s->fd = -1;
}

static void put(struct loop *l, size_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->place = i + 1;
}

/* Moves the timer at i towards the front as far as it belongs. */
static void sift_up(struct loop *l, size_t i)
{
	struct loop_timer *t = l->heap[i];

	while (i > 0 && t->at_ns < l->heap[(i - 1) / 2]->at_ns) {
		put(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(l, i, t);
}

/* Moves the timer at i towards the back as far as it belongs. */
static void sift_down(struct loop *l, size_t i)
{
	struct loop_timer *t = l->heap[i];

	for (size_t child = 2 * i + 1; child < l->heap_n; child = 2 * i + 1) {
		if (child + 1 < l->heap_n && l->heap[child + 1]->at_ns < l->heap[child]->at_ns)
			child++;
		if (t->at_ns <= l->heap[child]->at_ns)
			break;
		put(l, i, l->heap[child]);
		i = child;
	}
	put(l, i, t);
}

/* After the deadline of the timer at i changed, either way. */
static void settle(struct loop *l, size_t i)
{
	struct loop_timer *t = l->heap[i];

	sift_up(l, i);
	sift_down(l, t->place - 1);
}

void loop_set_timer(struct loop *l, struct loop_timer *t, uint64_t at_ns)
{
	if (at_ns == CLOCK_NEVER) {
		loop_cancel_timer(l, t);
		return;
	}
	/* A timer that sets itself to what has passed must not hold up this turn for ever: it is due in the next one. */
	t->at_ns = l->firing && at_ns <= l->now_ns ? l->now_ns + 1 : at_ns;
	if (t->place == 0) {
		assert(l->heap_n < l->heap_cap);
		put(l, l->heap_n++, t);
	}
	assert(l->heap[t->place - 1] == t);
	settle(l, t->place - 1);
}

void loop_cancel_timer(struct loop *l, struct loop_timer *t)
{
	size_t i = t->place - 1;
	struct loop_timer *last;

	if (t->place == 0)
		return;
	assert(l->heap[i] == t);
	t->place = 0;
	last = l->heap[--l->heap_n];
	if (last == t)
		return;
	put(l, i, last);
	settle(l, i);
}

/* epoll_wait in whole milliseconds, rounded up: a timer that is not due yet would make a turn for nothing. */
static int wait_ms(struct loop *l, uint64_t wait_ns)
{
	uint64_t ms = wait_ns / CLOCK_MS_NS + (wait_ns % CLOCK_MS_NS != 0);
	int timeout = wait_ns == CLOCK_NEVER ? -1 : ms > INT_MAX ? INT_MAX : (int)ms;

	return epoll_wait(l->epoll_fd, l->batch, BATCH_MAX, timeout);
}

static struct __kernel_timespec kernel_time(uint64_t ns)
{
	return (struct __kernel_timespec){ .tv_sec = (int64_t)(ns / CLOCK_S_NS), .tv_nsec = (int64_t)(ns % CLOCK_S_NS) };
}

/* ppoll(2) by number: on machines of 32 bits glibc 2.36 with -D_FORTIFY_SOURCE takes the time for one with a time_t of 32
 * bits, whatever the program asked for. */
static int wait_polls(struct pollfd *polls, size_t n, uint64_t wait_ns)
{
#ifdef SYS_ppoll_time64
	const long number = SYS_ppoll_time64;
#else
	const long number = SYS_ppoll;
#endif
	struct __kernel_timespec ts = kernel_time(wait_ns);

	return (int)syscall(number, polls, n, wait_ns == CLOCK_NEVER ? NULL : &ts, NULL, (size_t)0);
}

static int wait_few(struct loop *l, uint64_t wait_ns)
{
	struct loop_few *few = l->few;
	int ready = wait_polls(few->polls, (size_t)few->sources_n, wait_ns);
	int n = 0;

	for (int i = 0; ready > 0 && i < few->sources_n; i++)
		if (few->polls[i].revents) {
			l->batch[n].events = (uint32_t)few->polls[i].revents;
			l->batch[n++].data.ptr = few->sources[i];
		}
	return ready < 0 ? ready : n;
}

static int wait_with_solo(struct loop *l, uint64_t wait_ns)
{
	struct pollfd polls[] = { { .fd = l->solo->fd, .events = (short)l->solo_events },
				  { .fd = l->epoll_fd, .events = POLLIN } };
	int ready = wait_polls(polls, array_n(polls), wait_ns), n = 0, more = 0;

	if (ready < 0)
		return ready;
	if (polls[0].revents)
		l->batch[n++] = (struct epoll_event){ .events = (uint32_t)polls[0].revents, .data.ptr = l->solo };
	if (polls[1].revents)
		more = epoll_wait(l->epoll_fd, l->batch + n, BATCH_MAX - n, 0);
	return more > 0 ? n + more : n;
}

/* Waits wait_ns at most. As epoll_wait. */
static int wait_events(struct loop *l, uint64_t wait_ns)
{
	if (l->few)
		return wait_few(l, wait_ns);
	if (l->solo)
		return wait_with_solo(l, wait_ns);
#ifdef SYS_epoll_pwait2
	static bool missing; /* before Linux 5.11, or kept from us by a sandbox */
	struct __kernel_timespec ts = kernel_time(wait_ns);

	if (!missing && wait_ns != 0 && wait_ns != CLOCK_NEVER) {
		/* By number: glibc has the function from 2.35 only. */
		long n = syscall(SYS_epoll_pwait2, l->epoll_fd, l->batch, BATCH_MAX, &ts, NULL, 0);

		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return (int)n;
		missing = true;
	}
#endif
	return wait_ms(l, wait_ns);
}

/* The time that a turn may wait: until the earliest timer or deadline_ns. */
static uint64_t time_to_wait(const struct loop *l, uint64_t deadline_ns)
{
	uint64_t next_ns = loop_next_ns(l), now_ns;
	uint64_t until_ns = next_ns < deadline_ns ? next_ns : deadline_ns;

	if (l->spins)
		return 0;
	if (until_ns == CLOCK_NEVER)
		return CLOCK_NEVER;
	if (until_ns == 0)
		return 0;
	now_ns = clock_mono_ns();
	return until_ns > now_ns ? until_ns - now_ns : 0;
}

static void call_sources(struct loop *l)
{
	while (l->batch_at < l->batch_n) {
		const struct epoll_event *e = &l->batch[l->batch_at++];
		struct loop_source *s = e->data.ptr;

		if (s)
			s->ready(s, e->events);
	}
	l->batch_at = 0;
	l->batch_n = 0;
}

static void fire_timers(struct loop *l)
{
	l->firing = true;
	while (loop_next_ns(l) <= l->now_ns) {
		struct loop_timer *t = l->heap[0];

		loop_cancel_timer(l, t);
		t->fire(t);
	}
	l->firing = false;
}

int loop_turn(struct loop *l, uint64_t deadline_ns)
{
	int n;

	assert(l->batch_n == 0); /* no turn within a turn */
	n = wait_events(l, time_to_wait(l, deadline_ns));
	if (n < 0 && errno != EINTR && errno != ENOMEM) /* the kernel may have none for a moment */
		return -errno;
	l->now_ns = clock_mono_ns();
	l->batch_at = 0;
	l->batch_n = n > 0 ? n : 0;
	call_sources(l);
	fire_timers(l);
	return 0;
}

int loop_signal_fd(const sigset_t *set)
{
	int fd;

	if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
