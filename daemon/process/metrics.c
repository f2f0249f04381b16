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

#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
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
#include "base/text.h"
#include "net/health.h"
#include "worker/lookup_client.h"
#include "worker/sandbox.h"
#include "process/exposition.h"
#include "base/media.h"
#include "process/visitors.h"

#define DESCRIPTORS_MAX (VISITORS_MAX + 32)
#define HEADER_BYTES_MAX 8192
/* Memory for what a client sends: the rest of a page is not held here. libmicrohttpd adds an entry for each field and
 * each argument, and where they fill all of it may close without an answer. */
#define CLIENT_BYTES 65536
#define LEAVE_NS CLOCK_S_NS /* for those who are there when it is told to end */
#define ALIVE_NS (5 * CLOCK_S_NS)
#define LOOK_NS CLOCK_S_NS

/* The functions of libmicrohttpd that are used. */
#define HTTP_FUNCTIONS(X)                                                                                                   \
	X(start_daemon)                                                                                                     \
	X(get_daemon_info)                                                                                                  \
	X(get_timeout)                                                                                                      \
	X(quiesce_daemon)                                                                                                   \
	X(run)                                                                                                              \
	X(get_connection_info)                                                                                              \
	X(get_connection_values)                                                                                            \
	X(create_response_from_buffer)                                                                                      \
	X(add_response_header)                                                                                              \
	X(queue_response)                                                                                                   \
	X(destroy_response)

/* This process alone loads the library: the TLS and other libraries that come with it have no business in those that
 * clients reach, and each would cost every fork. */
static struct {
#define FUNCTION(name) __typeof__(&MHD_##name) name;
	HTTP_FUNCTIONS(FUNCTION)
#undef FUNCTION
} http;

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

static enum MHD_Result read_field(void *wish, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	if (value && text_same_ignoring_case(name, MHD_HTTP_HEADER_ACCEPT))
		media_read(value, wish);
	return MHD_YES;
}

static bool wants_openmetrics(struct MHD_Connection *c)
{
	struct media_wish wish = { 0 };

	(void)http.get_connection_values(c, MHD_HEADER_KIND, read_field, &wish);
	return media_wants_openmetrics(&wish);
}

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

/* Sends a response, and frees it. */
static enum MHD_Result send_response(struct MHD_Connection *c, unsigned status, const char *type, struct MHD_Response *r)
{
	(void)http.add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)http.add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)http.add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	enum MHD_Result result = http.queue_response(c, status, r);
	http.destroy_response(r);
	return result;
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
	const union MHD_ConnectionInfo *info = http.get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

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
	bool openmetrics = wants_openmetrics(c);
	cleanup_free char *page = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&page, &n);

	if (!to)
		return MHD_NO;
	unsigned status = refuse_request(c, method, to);
	if (!status)
		status = write_page(path, openmetrics, to);
	if (fclose(to) != 0)
		return MHD_NO;
	bool metrics = status == MHD_HTTP_OK && strcmp(path, "/metrics") == 0;
	struct MHD_Response *r = http.create_response_from_buffer(n, page, MHD_RESPMEM_MUST_FREE);
	if (!r)
		return MHD_NO;
	page = NULL; /* the response's from here on */
	return send_response(c, status, !metrics ? "text/plain" : openmetrics ? EXPOSITION_OPENMETRICS : EXPOSITION_TEXT, r);
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
	const union MHD_ConnectionInfo *info = http.get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct rate_sketch_shape *shape = &self.plan->settings->limits.shape;
	bool v6 = info->client_addr->sa_family == AF_INET6;
	struct addr a = addr_from_sockaddr(info->client_addr, v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));

	return addr_source(&a, shape->source_bits_v4, shape->source_bits_v6);
}

static void connection_changed(void *unused, struct MHD_Connection *c, void **state,
			       enum MHD_ConnectionNotificationCode code)
{
	/* The next question to libmicrohttpd 1.0 overwrites the answer to this one. */
	int fd = http.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
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
		(void)http.quiesce_daemon(self.server);
	self.listening = -1;
}

static void requests_ready(struct loop_source *s, uint32_t events)
{
	(void)s;
	(void)events;
	if (self.listening >= 0 && health_is_ended(self.listening, true)) /* an ended socket is ready all the time */
		stop_listening();
	(void)http.run(self.server);
}

/* 0, or -ENOEXEC with the loader's words in the log. */
static int load_library(void)
{
	void *library = dlopen(LIBMICROHTTPD_SONAME, RTLD_NOW | RTLD_LOCAL);
	bool whole = library;

#define FUNCTION(name) whole = whole && (*(void **)&http.name = dlsym(library, "MHD_" #name));
	HTTP_FUNCTIONS(FUNCTION)
#undef FUNCTION
	if (!whole)
		log_say(LOG_LEVEL_ERROR, "metrics", "%s", dlerror());
	return whole ? 0 : -ENOEXEC;
}

static int listen_on(int fd)
{
	visitors_init(&self.visitors);
	self.listening = fd;
	self.server = http.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, request_came, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
					MHD_OPTION_CONNECTION_LIMIT, (unsigned)VISITORS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
					(unsigned)(VISITORS_STAY_NS / CLOCK_S_NS), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
					(size_t)CLIENT_BYTES, MHD_OPTION_NOTIFY_CONNECTION, connection_changed, NULL,
					MHD_OPTION_END);
	if (!self.server)
		return -EIO;
	self.requests = (struct loop_source){
		.fd = http.get_daemon_info(self.server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
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
	if (http.get_timeout(self.server, &wait_ms) == MHD_YES && now_ns + wait_ms * CLOCK_MS_NS < at_ns)
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
		(void)http.run(self.server);
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
	int r = load_library();

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
