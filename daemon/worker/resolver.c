/* SPDX-License-Identifier: MIT */
/* The resolver process: asks the system's name service for workers that must not wait. */
#include "worker/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/health.h"
#include "worker/ask.h"
#include "worker/sandbox.h"

#define BEAT_NS (5 * CLOCK_S_NS)
#define DESCRIPTORS_MAX 128 /* few are its own; modules have theirs */
#define SCRATCH_BYTES 65536 /* for libc: names of 255 octets, many addresses */

static struct {
	const struct worker_plan *plan;
	struct record *record;
	struct loop loop;
	struct loop_source questions, channel;
	bool leaving;
	struct lookup_answer answer;
	char scratch[SCRATCH_BYTES];
} self;

static enum lookup_result result_of(int herr)
{
	return herr == HOST_NOT_FOUND || herr == NO_DATA ? LOOKUP_NOT_FOUND : LOOKUP_FAILED;
}

/* Adds what libc found. A name or alias that does not fit is left out: an official name that long is no name. */
static void add_entry(const struct hostent *h)
{
	struct lookup_answer *a = &self.answer;

	if (!a->name[0] && h->h_name && text_copy(a->name, sizeof(a->name), h->h_name) < 0)
		a->name[0] = '\0';
	for (char **alias = h->h_aliases; alias && *alias && a->aliases_n < LOOKUP_ALIASES_MAX; alias++)
		if (text_copy(a->aliases[a->aliases_n], sizeof(a->aliases[0]), *alias) == 0)
			a->aliases_n++;
	for (char **at = h->h_addr_list; at && *at && a->addresses_n < LOOKUP_ADDRESSES_MAX; at++) {
		struct addr *to = &a->addresses[a->addresses_n];
		if (h->h_length != 4 && h->h_length != 16)
			continue;
		*to = (struct addr){ .family = (uint16_t)h->h_addrtype };
		memcpy(to->bytes, *at, (size_t)h->h_length);
		a->addresses_n++;
	}
}

static enum lookup_result ask_family(const char *name, int family)
{
	struct hostent entry, *found = NULL;
	int herr = 0;

	if (gethostbyname2_r(name, family, &entry, self.scratch, sizeof(self.scratch), &found, &herr) != 0 || !found)
		return result_of(herr);
	add_entry(found);
	return LOOKUP_FOUND;
}

/* Found in one family is found; not found is said only when both say so. The second question is not asked when it would
 * come too late. */
static enum lookup_result ask_name(const struct ask_message *m)
{
	enum lookup_result v4 = ask_family(m->question.name, AF_INET);

	if (clock_mono_ns() >= m->deadline_ns)
		return v4;
	uint32_t aliases = self.answer.aliases_n;
	enum lookup_result v6 = ask_family(m->question.name, AF_INET6);
	if (v4 == LOOKUP_FOUND && v6 == LOOKUP_FOUND)
		self.answer.aliases_n = aliases; /* the same ones again */
	if (v4 == LOOKUP_FOUND || v6 == LOOKUP_FOUND)
		return LOOKUP_FOUND;
	return v4 == LOOKUP_FAILED ? v4 : v6;
}

static enum lookup_result ask_address(const struct addr *a)
{
	struct hostent entry, *found = NULL;
	int herr = 0;
	socklen_t len = a->family == AF_INET ? 4 : 16;

	if (gethostbyaddr_r(a->bytes, len, a->family, &entry, self.scratch, sizeof(self.scratch), &found, &herr) != 0 ||
	    !found)
		return result_of(herr);
	add_entry(found);
	return LOOKUP_FOUND;
}

/* A question and the descriptor that goes with it. 1 taken, 0 nothing there, or not a question. */
static int take_question(struct ask_message *ret, int *ret_fd)
{
	struct iovec iov = { .iov_base = ret, .iov_len = sizeof(*ret) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.room)
	};
	ssize_t n = recvmsg(self.questions.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	/* A worker that is taken over may have shut it for all: it would be ready for ever. */
	if (n == 0 && health_is_ended(self.questions.fd, false))
		loop_remove(&self.loop, &self.questions);
	if (n <= 0)
		return 0;
	atomic_fetch_sub(&self.plan->shared->lookups_waiting, 1);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return n == (ssize_t)sizeof(*ret);
}

static void questions_ready(struct loop_source *s, uint32_t events)
{
	struct ask_message m;
	cleanup_fd int to = -1;

	(void)s;
	(void)events;
	if (!take_question(&m, &to) || clock_mono_ns() >= m.deadline_ns)
		return;
	memset(&self.answer, 0, sizeof(self.answer));
	atomic_store(&self.record->busy_until_ns, m.deadline_ns);
	m.question.name[LOOKUP_NAME_MAX - 1] = '\0';
	self.answer.result = m.question.kind == LOOKUP_BY_NAME ? ask_name(&m) : ask_address(&m.question.addr);
	atomic_store(&self.record->beat_ns, clock_mono_ns()); /* first: who is not busy is judged by this */
	atomic_store(&self.record->busy_until_ns, 0);
	atomic_fetch_add(&self.record->served, 1);
	(void)!send(to, &self.answer, sizeof(self.answer), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void channel_ready(struct loop_source *s, uint32_t events)
{
	(void)events;
	self.leaving |= word_says_end(s->fd);
}

void resolver_run(const struct worker_plan *plan, uint32_t record_index, int questions, int channel)
{
	int keep[] = { questions, channel, log_fd() };

	self.plan = plan;
	self.record = &plan->shared->records[record_index];
	self.questions = (struct loop_source){ .fd = questions, .ready = questions_ready };
	self.channel = (struct loop_source){ .fd = channel, .ready = channel_ready };
	fd_close_all_but(keep, array_n(keep));
	log_set(plan->settings->log.level, plan->settings->log.format);
	int r = loop_init(&self.loop, 4);
	if (r == 0)
		r = loop_add(&self.loop, &self.channel, EPOLLIN);
	if (r == 0)
		r = loop_add(&self.loop, &self.questions, EPOLLIN | EPOLLEXCLUSIVE);
	if (r == 0)
		r = sandbox_enter(&(struct sandbox){ .role = SANDBOX_RESOLVER, .descriptors = DESCRIPTORS_MAX });
	if (r < 0) {
		log_say(LOG_LEVEL_ERROR, "resolver", "a resolver cannot start: %s", strerror(-r));
		_exit(1);
	}
	atomic_store(&self.record->state, RECORD_IDLE);
	word_send(self.channel.fd, WORD_READY);
	while (!self.leaving) {
		atomic_store(&self.record->beat_ns, clock_mono_ns());
		if (loop_turn(&self.loop, clock_mono_ns() + BEAT_NS) < 0)
			_exit(1);
	}
	_exit(0);
}
