/* SPDX-License-Identifier: MIT */
/* The resolver process: asks the system's name service for workers that must not wait. */
#include "process/resolver.h"

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
#include "worker/lookup_client.h"
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

static bool has_name(const char *name)
{
	const struct lookup_answer *a = &self.answer;

	for (uint32_t i = 0; i < a->aliases_n; i++)
		if (text_same_ignoring_case(a->aliases[i], name))
			return true;
	return text_same_ignoring_case(a->name, name);
}

/* Adds a name; the first is the official one. A name that does not fit is left out: it is none. */
static void add_name(const char *name)
{
	struct lookup_answer *a = &self.answer;

	if (!a->name[0]) {
		if (text_copy(a->name, sizeof(a->name), name) < 0)
			a->name[0] = '\0';
	} else if (a->aliases_n < LOOKUP_ALIASES_MAX && !has_name(name) &&
		   text_copy(a->aliases[a->aliases_n], sizeof(a->aliases[0]), name) == 0) {
		a->aliases_n++;
	}
}

/* Adds an address once, however many lines of a file have it. */
static void add_address(const struct addr *address)
{
	struct lookup_answer *a = &self.answer;

	for (uint32_t i = 0; i < a->addresses_n; i++)
		if (addr_same_host(&a->addresses[i], address))
			return;
	if (a->addresses_n < LOOKUP_ADDRESSES_MAX)
		a->addresses[a->addresses_n++] = *address;
}

static void add_names(const struct hostent *h)
{
	if (h->h_name)
		add_name(h->h_name);
	for (char **alias = h->h_aliases; alias && *alias; alias++)
		add_name(*alias);
}

static void add_addresses(const struct addrinfo *found, int family)
{
	for (; found; found = found->ai_next) {
		struct addr a = addr_from_sockaddr(found->ai_addr, found->ai_addrlen);
		a.scope = 0; /* an interface of this host is not for clients */
		if (a.family == family)
			add_address(&a);
	}
}

/* Sends what is known. The last answer counts: the worker waits for the end of file behind it, or for its deadline. */
static void tell(int to)
{
	(void)!send(to, &self.answer, sizeof(self.answer), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* All families in one question: each source of nsswitch.conf is asked for both before the next one is, so what a file says
 * of one family is an answer, and no name server is asked for the other. Its other names are a question of their own, which
 * nothing that is known by then waits for. */
static enum lookup_result ask_name(const struct lookup_client_message *m, int to)
{
	const struct addrinfo like = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_CANONNAME };
	struct addrinfo *found;
	struct hostent entry, *names = NULL;
	int herr = 0, r = getaddrinfo(m->question.name, NULL, &like, &found);

	if (r != 0)
		return r == EAI_NONAME || r == EAI_NODATA || r == EAI_ADDRFAMILY ? LOOKUP_NOT_FOUND : LOOKUP_FAILED;
	add_name(found->ai_canonname ? found->ai_canonname : m->question.name);
	add_addresses(found, AF_INET);
	add_addresses(found, AF_INET6);
	freeaddrinfo(found);
	self.answer.result = LOOKUP_FOUND;
	tell(to);
	if (self.answer.addresses_n && clock_mono_ns() < m->deadline_ns &&
	    gethostbyname2_r(m->question.name, self.answer.addresses[0].family, &entry, self.scratch, sizeof(self.scratch),
			     &names, &herr) == 0 &&
	    names)
		add_names(names);
	return LOOKUP_FOUND;
}

/* musl has the address for a name where it found none. */
static bool is_number(const char *name)
{
	struct addr a;

	return addr_parse(name, &a) == 0;
}

static enum lookup_result ask_address(const struct addr *a)
{
	struct hostent entry, *found = NULL;
	int herr = 0;
	socklen_t len = a->family == AF_INET ? 4 : 16;

	if (gethostbyaddr_r(a->bytes, len, a->family, &entry, self.scratch, sizeof(self.scratch), &found, &herr) != 0 ||
	    !found)
		return result_of(herr);
	if (is_number(found->h_name))
		return LOOKUP_NOT_FOUND;
	add_names(found);
	add_address(a);
	return LOOKUP_FOUND;
}

/* Takes a question and the descriptor that goes with it. 1 taken, 0 nothing there, or not a question. */
static int take_question(struct lookup_client_message *ret, int *ret_fd)
{
	struct iovec iov = { .iov_base = ret, .iov_len = sizeof(*ret) };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	/* The control buffer is for one descriptor: CMSG_SPACE has room for a second where a long has eight bytes. */
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))
	};
	ssize_t n = recvmsg(self.questions.fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	/* A worker that is taken over may have shut the socket for all: it would be ready all the time. */
	if (n == 0 && health_is_ended(self.questions.fd, false))
		loop_remove(&self.loop, &self.questions);
	if (n <= 0)
		return 0;
	atomic_fetch_sub(&self.plan->shared->lookups_waiting, 1);
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return 0;
	memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return n == (ssize_t)sizeof(*ret) && !(msg.msg_flags & MSG_CTRUNC);
}

/* Whether the answer is in time, and the worker still waits for it. */
static bool is_wanted(const struct lookup_client_message *m, int to)
{
	char byte;

	return clock_mono_ns() < m->deadline_ns && recv(to, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
}

static void answer_question(struct lookup_client_message *m, int to)
{
	memset(&self.answer, 0, sizeof(self.answer));
	atomic_store(&self.record->busy_until_ns, m->deadline_ns);
	m->question.name[LOOKUP_NAME_MAX - 1] = '\0';
	self.answer.result = m->question.kind == LOOKUP_BY_NAME ? ask_name(m, to) : ask_address(&m->question.addr);
	atomic_store(&self.record->beat_ns,
		     clock_mono_ns()); /* before the next store: a resolver that is not busy is judged by its beat */
	atomic_store(&self.record->busy_until_ns, 0);
	atomic_fetch_add(&self.record->served, 1);
	tell(to);
}

static void questions_ready(struct loop_source *s, uint32_t events)
{
	struct lookup_client_message m;
	cleanup_fd int to = -1;

	(void)s;
	(void)events;
	if (!take_question(&m, &to))
		return;
	if (is_wanted(&m, to))
		answer_question(&m, to);
	lookup_client_over(self.plan, &m);
}

static void obey(void *unused, enum channel_word word)
{
	(void)unused;
	self.leaving |= word == CHANNEL_END || word == CHANNEL_GONE;
}

static void supervisor_ready(struct loop_source *s, uint32_t events)
{
	(void)events;
	channel_receive(s->fd, obey, NULL);
}

void resolver_run(const struct worker_plan *plan, uint32_t record_index, int questions, int channel)
{
	int keep[] = { questions, channel, log_fd() };

	self.plan = plan;
	self.record = &plan->shared->records[record_index];
	self.questions = (struct loop_source){ .fd = questions, .ready = questions_ready };
	self.channel = (struct loop_source){ .fd = channel, .ready = supervisor_ready };
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
	channel_send(self.channel.fd, CHANNEL_READY);
	while (!self.leaving) {
		atomic_store(&self.record->beat_ns, clock_mono_ns());
		if (loop_turn(&self.loop, clock_mono_ns() + BEAT_NS) < 0)
			_exit(1);
	}
	_exit(0);
}
