/* SPDX-License-Identifier: MIT */
/* A question to the resolver, seen from the worker that asks. */
#include "worker/ask.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

const struct lookup_answer ask_no_answer = { .result = LOOKUP_FAILED };

/* By number: on 32-bit x86 glibc makes sockets by socketcall(2), of whose arguments a filter of system calls sees none. */
static int make_pair(int pair[2])
{
	return syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0 ? -errno : 0;
}

/* One message with a descriptor attached. 0 or -errno. */
static int send_with_fd(int to, const struct ask_message *m, int fd)
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

int ask_begin(struct worker *w, struct ask *a, const struct lookup_question *q, loop_ready_fn *ready)
{
	_Atomic uint32_t *waiting = &w->plan->shared->lookups_waiting;
	struct ask_message m;
	cleanup_fd int ours = -1;
	cleanup_fd int theirs = -1;
	int pair[2];

	memset(&m, 0, sizeof(m)); /* it goes out as bytes, its padding too */
	a->deadline_ns = m.deadline_ns = clock_add(clock_mono_ns(), w->plan->settings->resolver.timeout_ns);
	m.question = *q;

	if (atomic_fetch_add(waiting, 1) >= w->plan->settings->resolver.queue) {
		atomic_fetch_sub(waiting, 1);
		return -EAGAIN;
	}
	int r = make_pair(pair);
	if (r == 0) {
		ours = pair[0];
		theirs = pair[1];
		r = send_with_fd(w->plan->questions_fd, &m, theirs);
	}
	if (r < 0) {
		atomic_fetch_sub(waiting, 1);
		return r;
	}
	a->source = (struct loop_source){ .fd = ours, .ready = ready };
	r = loop_add(&w->loop, &a->source, EPOLLRDHUP);
	if (r < 0) {
		a->source.fd = -1;
		return r;
	}
	(void)fd_take(&ours);
	return 0;
}

const struct lookup_answer *ask_take(struct worker *w, struct ask *a)
{
	static struct lookup_answer answer;
	ssize_t n, last = 0;

	for (int i = 0; i < ASK_ANSWERS_MAX; i++) {
		n = recv(a->source.fd, &answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC);
		if (n <= 0)
			break;
		last = n;
	}
	ask_cancel(w, a);
	if (last != (ssize_t)sizeof(answer) || (unsigned)answer.result > LOOKUP_FAILED ||
	    answer.aliases_n > LOOKUP_ALIASES_MAX || answer.addresses_n > LOOKUP_ADDRESSES_MAX)
		return &ask_no_answer;
	return &answer;
}

void ask_cancel(struct worker *w, struct ask *a)
{
	if (a->source.fd < 0)
		return;
	loop_remove(&w->loop, &a->source);
	fd_close(&a->source.fd);
}

void ask_count(struct worker *w, uint32_t row, const struct ask *a, enum lookup_result result)
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
