/* SPDX-License-Identifier: MIT */
/* The metrics process: HTTP over the shared records. */
#include "process/metrics.h"

#include <unistd.h>

#ifndef HAVE_MICROHTTPD

/* Unreachable: settings that ask for metrics are refused in such a build. */
_Noreturn void metrics_run(const struct worker_plan *plan maybe_unused, int listening maybe_unused, int channel maybe_unused)
{
	_exit(1);
}

#else

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/log_quota.h"
#include "base/microhttpd.h"
#include "base/text.h"
#include "net/health.h"
#include "worker/lookup_client.h"
#include "worker/sandbox.h"
#include "process/exposition.h"
#include "process/visitors.h"

#define DESCRIPTORS_MAX (VISITORS_MAX + 32)
#define HEADER_BYTES_MAX 8192
/* Memory for what a client sends: the rest of a page is not held here. libmicrohttpd adds an entry for each field and
 * each argument, and where they fill all of it may close without an answer. */
#define CLIENT_BYTES 65536
#define LEAVE_NS CLOCK_S_NS /* for those who are there when it is told to end */
#define ALIVE_NS (5 * CLOCK_S_NS)
#define LOOK_NS CLOCK_S_NS

static struct {
	const struct worker_plan *plan;
	struct loop loop;
	struct loop_source requests, channel, life;
	struct MHD_Daemon *server;
	int listening; /* -1: not any more */
	struct visitors visitors;
	uint64_t leave_ns; /* CLOCK_NEVER: not told to */
} self;

/* ---- answers ---- */

/* The path of an address in its absolute form, which a client may send to any server (RFC 9112, section 3.2.2). */
static const char *path_of(const char *target)
{
	static const char scheme[] = "http://";
	const char *path;

	if (strncasecmp(target, scheme, strlen(scheme)) != 0)
		return target;
	path = strchr(target + strlen(scheme), '/');
	return path ? path : "/";
}

/* Writes what is asked for. The HTTP status. */
static unsigned write_page(const char *path, bool openmetrics, FILE *to)
{
	if (strcmp(path, "/metrics") == 0) {
		exposition_write(self.plan, openmetrics, to);
		return MHD_HTTP_OK;
	}
	if (strcmp(path, "/healthz") == 0) {
		(void)fputs("ok\n", to);
		return MHD_HTTP_OK;
	}
	if (strcmp(path, "/readyz") == 0) {
		if (exposition_write_unready(self.plan, to))
			return MHD_HTTP_SERVICE_UNAVAILABLE;
		(void)fputs("ready\n", to);
		return MHD_HTTP_OK;
	}
	(void)fputs("there is /metrics, /healthz and /readyz\n", to);
	return MHD_HTTP_NOT_FOUND;
}

/* 0: it is one that is answered with a page. */
static unsigned refuse_request(struct MHD_Connection *c, const char *method, FILE *to)
{
	const union MHD_ConnectionInfo *info = microhttpd.get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	if (info && info->header_size > HEADER_BYTES_MAX) {
		(void)fprintf(to, "a request has a header of %d bytes at most\n", HEADER_BYTES_MAX);
		return MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		return 0;
	(void)fputs("there is GET and HEAD\n", to);
	return MHD_HTTP_METHOD_NOT_ALLOWED;
}

static enum MHD_Result answer_request(struct MHD_Connection *c, const char *path, const char *method)
{
	bool openmetrics = microhttpd_wants_openmetrics(c);
	struct microhttpd_page page = { .type = "text/plain" };
	FILE *to = open_memstream(&page.bytes, &page.n);

	if (!to)
		return MHD_NO;
	page.status = refuse_request(c, method, to);
	if (!page.status)
		page.status = write_page(path, openmetrics, to);
	if (fclose(to) != 0) {
		free(page.bytes);
		return MHD_NO;
	}
	if (page.status == MHD_HTTP_OK && strcmp(path, "/metrics") == 0)
		page.type = openmetrics ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT;
	return microhttpd_send(c, &page);
}

/* Called when the header is there, then for each part of a body, and at last when all of the request has come: a body is
 * taken and dropped, because who is still sending may not see an answer. */
static enum MHD_Result request_came(void *unused, struct MHD_Connection *c, const char *target, const char *method,
				    const char *version, const char *upload, size_t *upload_n, void **state)
{
	bool first = !*state, part = *upload_n > 0;

	(void)unused;
	(void)version;
	(void)upload;
	*state = &self;
	*upload_n = 0;
	return first || part ? MHD_YES : answer_request(c, path_of(target), method);
}

/* ---- connections ---- */

static struct addr source_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = microhttpd.get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct rate_sketch_shape *shape = &self.plan->settings->limits.shape;
	bool v6 = info->client_addr->sa_family == AF_INET6;
	struct addr a = addr_from_sockaddr(info->client_addr, v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));

	return addr_source(&a, shape->source_bits_v4, shape->source_bits_v6);
}

static void connection_changed(void *unused, struct MHD_Connection *c, void **state,
			       enum MHD_ConnectionNotificationCode code)
{
	/* The next question to libmicrohttpd 1.0 overwrites the answer to this one. */
	int fd = microhttpd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct addr source;

	(void)unused;
	(void)state;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		source = source_of(c);
		visitors_add(&self.visitors, fd, &source, clock_mono_ns());
	} else {
		visitors_remove(&self.visitors, fd);
	}
}

/* libmicrohttpd's own time-out begins anew with every byte, and who comes when all places are taken waits for it. */
static void dismiss_visitors(void)
{
	int fds[VISITORS_MAX];
	size_t n = visitors_dismiss(&self.visitors, clock_mono_ns(), fds);

	for (size_t i = 0; i < n; i++)
		(void)shutdown(fds[i], SHUT_RDWR);
}

static void stop_listening(void)
{
	if (self.listening >= 0)
		(void)microhttpd.quiesce_daemon(self.server);
	self.listening = -1;
}

static void requests_ready(struct loop_source *s, uint32_t events)
{
	(void)s;
	(void)events;
	if (self.listening >= 0 && health_is_ended(self.listening, true)) /* an ended socket is ready all the time */
		stop_listening();
	(void)microhttpd.run(self.server);
}

static int listen_on(int fd)
{
	visitors_init(&self.visitors);
	self.listening = fd;
	self.server = microhttpd.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, request_came, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
					      MHD_OPTION_CONNECTION_LIMIT, (unsigned)VISITORS_MAX,
					      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(VISITORS_STAY_NS / CLOCK_S_NS),
					      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_BYTES,
					      MHD_OPTION_NOTIFY_CONNECTION, connection_changed, NULL, MHD_OPTION_END);
	if (!self.server)
		return -EIO;
	self.requests = (struct loop_source){
		.fd = microhttpd.get_daemon_info(self.server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
		.ready = requests_ready,
	};
	return loop_add(&self.loop, &self.requests, EPOLLIN);
}

/* ---- the process ---- */

static void obey(void *unused, enum channel_word word)
{
	(void)unused;
	if (word != CHANNEL_END && word != CHANNEL_GONE)
		return;
	loop_remove(&self.loop, &self.channel); /* a closed channel is ready all the time */
	stop_listening();
	self.leave_ns = clock_mono_ns() + LEAVE_NS;
}

static void supervisor_ready(struct loop_source *s, uint32_t events)
{
	(void)events;
	channel_receive(s->fd, obey, NULL);
}

static bool is_over(void)
{
	return self.leave_ns != CLOCK_NEVER && (visitors_count(&self.visitors) == 0 || clock_mono_ns() >= self.leave_ns);
}

/* The time when the loop is to turn at the latest: for libmicrohttpd's time-outs and ours. */
static uint64_t next_ns(uint64_t alive_ns)
{
	uint64_t now_ns = clock_mono_ns(), at_ns = alive_ns < now_ns + LOOK_NS ? alive_ns : now_ns + LOOK_NS;
	MHD_UNSIGNED_LONG_LONG wait_ms;

	if (visitors_count(&self.visitors) > VISITORS_KEPT)
		return 0;
	if (self.leave_ns < at_ns)
		at_ns = self.leave_ns;
	if (microhttpd.get_timeout(self.server, &wait_ms) == MHD_YES && now_ns + wait_ms * CLOCK_MS_NS < at_ns)
		at_ns = now_ns + wait_ms * CLOCK_MS_NS;
	return at_ns;
}

static _Noreturn void serve_requests(void)
{
	uint64_t alive_ns = 0;

	while (!is_over()) {
		if (clock_mono_ns() >= alive_ns) {
			channel_send(self.channel.fd, CHANNEL_ALIVE);
			alive_ns = clock_mono_ns() + ALIVE_NS;
		}
		if (loop_turn(&self.loop, next_ns(alive_ns)) < 0)
			_exit(1);
		(void)microhttpd.run(self.server);
		dismiss_visitors();
	}
	_exit(0);
}

/* The process can only read what it shows; what it does not show is unmapped. */
static int give_up_writing(void)
{
	const struct worker_plan *plan = self.plan;
	struct shares asked = plan->asked;

	lookup_client_unshare(&asked);
	shared_unmap_limits(plan->limits, &plan->settings->limits.shape);
	if (mprotect((void *)(uintptr_t)plan->readers, WORKER_READERS_BYTES, PROT_READ) < 0)
		return -errno;
	return shared_protect(plan->shared);
}

static int prepare_metrics(int listening)
{
	char storage[256];
	struct text why = TEXT_OVER(storage);
	int r = microhttpd_load(&why);

	if (r < 0)
		log_say(LOG_LEVEL_ERROR, "metrics", "%s", why.at);
	if (r == 0)
		r = loop_init(&self.loop, 1);
	if (r == 0)
		r = loop_add(&self.loop, &self.channel, EPOLLIN);
	if (r == 0)
		r = loop_add(&self.loop, &self.life, EPOLLIN);
	if (r == 0)
		r = listen_on(listening);
	if (r == 0)
		r = give_up_writing();
	return r == 0 ? sandbox_enter(&(struct sandbox){ .role = SANDBOX_METRICS, .descriptors = DESCRIPTORS_MAX }) : r;
}

_Noreturn void metrics_run(const struct worker_plan *plan, int listening, int channel)
{
	int keep[] = { listening, channel, plan->life_fd, log_fd() };

	self.plan = plan;
	self.leave_ns = CLOCK_NEVER;
	self.channel = (struct loop_source){ .fd = channel, .ready = supervisor_ready };
	self.life = (struct loop_source){ .fd = plan->life_fd, .ready = worker_life_ready };
	fd_close_all_but(keep, array_n(keep));
	/* Shared memory must not be written by this process. */
	log_count_lost_in(NULL);
	log_quota_share(NULL);
	log_set(plan->settings->log.level, plan->settings->log.format);
	int r = prepare_metrics(listening);
	if (r < 0) {
		log_say(LOG_LEVEL_ERROR, "metrics", "metrics cannot be served: %s", strerror(-r));
		_exit(1);
	}
	channel_send(self.channel.fd, CHANNEL_READY);
	serve_requests();
}

#endif
