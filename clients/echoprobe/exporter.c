/* SPDX-License-Identifier: MIT */
/* /metrics over HTTP. */
#include "echoprobe/exporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"
#include "echoprobe/report_metrics.h"
#include "echoprobe/units.h"

int exporter_parse(const char *at, struct addr *ret)
{
	struct units_host h = { 0 };
	uint64_t port = 0;

	if (units_number(at, 0, UINT16_MAX, &port) == 0) {
		*ret = addr_loopback_v4;
	} else if (units_host(at, &h) < 0 || units_number(h.port, 0, UINT16_MAX, &port) < 0 || addr_parse(h.host, ret) < 0) {
		return -EINVAL;
	}
	ret->port = (uint16_t)port;
	return 0;
}

#ifndef HAVE_MICROHTTPD

int exporter_open(const struct addr *at maybe_unused, struct exporter_source *source maybe_unused,
		  struct exporter **ret maybe_unused, struct text *why)
{
	text_add(why, "this echoprobe was built without libmicrohttpd, which --exporter needs");
	return -ENOSYS;
}

struct addr exporter_address(const struct exporter *e maybe_unused)
{
	return (struct addr){ 0 };
}

void exporter_close(struct exporter *e maybe_unused)
{
}

#else

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/microhttpd.h"

#define CLIENTS_MAX 16
#define CLIENT_BYTES 65536
#define SILENT_S 5
#define BACKLOG 16

struct exporter {
	struct loop *loop;
	struct loop_source requests;
	struct loop_timer timer; /* of libmicrohttpd's time-outs */
	struct MHD_Daemon *server;
	struct exporter_source *source;
	struct addr at;
};

/* --- answers ---------------------------------------------------------------------------------------------------------- */

static unsigned write_page(struct exporter *e, const char *path, const char *method, bool openmetrics, FILE *to)
{
	const struct result *const *results;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
		(void)fputs("there is GET and HEAD\n", to);
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (strcmp(path, "/metrics") != 0) {
		(void)fputs("there is /metrics\n", to);
		return MHD_HTTP_NOT_FOUND;
	}
	size_t n = e->source->results(e->source, &results);
	report_metrics_write(results, n, openmetrics ? REPORT_METRICS_IN_OPENMETRICS : REPORT_METRICS_IN_TEXT, to);
	return MHD_HTTP_OK;
}

static enum MHD_Result answer(struct exporter *e, struct MHD_Connection *c, const char *path, const char *method)
{
	bool openmetrics = microhttpd_wants_openmetrics(c);
	struct microhttpd_page page = { .type = "text/plain" };
	FILE *to = open_memstream(&page.bytes, &page.n);

	if (!to)
		return MHD_NO;
	page.status = write_page(e, path, method, openmetrics, to);
	if (fclose(to) != 0) {
		free(page.bytes);
		return MHD_NO;
	}
	if (page.status == MHD_HTTP_OK)
		page.type = openmetrics ? REPORT_METRICS_OPENMETRICS : REPORT_METRICS_TEXT;
	return microhttpd_send(c, &page);
}

/* Called when the header is there, then for each part of a body, which is dropped, and at last for the answer. */
static enum MHD_Result asked(void *exporter, struct MHD_Connection *c, const char *path, const char *method,
			     const char *version maybe_unused, const char *upload maybe_unused, size_t *upload_n,
			     void **state)
{
	bool first = !*state, part = *upload_n > 0;

	*state = exporter;
	*upload_n = 0;
	return first || part ? MHD_YES : answer(exporter, c, path, method);
}

/* --- the loop --------------------------------------------------------------------------------------------------------- */

static void serve(struct exporter *e)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	(void)microhttpd.run(e->server);
	loop_cancel_timer(e->loop, &e->timer);
	if (microhttpd.get_timeout(e->server, &wait_ms) == MHD_YES)
		loop_set_timer(e->loop, &e->timer, clock_mono_ns() + wait_ms * CLOCK_MS_NS);
}

static void requests_ready(struct loop_source *s, uint32_t events maybe_unused)
{
	serve(container_of(s, struct exporter, requests));
}

static void timed_out(struct loop_timer *t)
{
	serve(container_of(t, struct exporter, timer));
}

/* --- opening ---------------------------------------------------------------------------------------------------------- */

static int listen_at(const struct addr *at, struct addr *ret_at)
{
	cleanup_fd int fd = socket(at->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage sa;
	socklen_t n;
	int yes = 1;
	int r = addr_to_sockaddr(at, at->family, &sa, &n);

	if (r < 0)
		return r;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, (struct sockaddr *)&sa, n) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	n = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &n) < 0)
		return -errno;
	*ret_at = addr_from_sockaddr((struct sockaddr *)&sa, n);
	return fd_take(&fd);
}

/* fd is the server's from here on. */
static int start(struct exporter *e, int fd)
{
	e->server = microhttpd.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, asked, e, MHD_OPTION_LISTEN_SOCKET, fd,
					    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CLIENTS_MAX,
					    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENT_S,
					    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CLIENT_BYTES, MHD_OPTION_END);
	if (!e->server) {
		(void)close(fd);
		return -EIO;
	}
	e->requests.fd = microhttpd.get_daemon_info(e->server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	return loop_add(e->loop, &e->requests, EPOLLIN);
}

int exporter_open(const struct addr *at, struct exporter_source *source, struct exporter **ret, struct text *why)
{
	int loaded = microhttpd_load(why);
	if (loaded < 0)
		return loaded;
	struct exporter *e = calloc(1, sizeof(*e));
	int r = e ? listen_at(at, &e->at) : -ENOMEM;

	if (r >= 0) {
		e->loop = source->loop;
		e->source = source;
		e->requests.ready = requests_ready;
		e->timer.fire = timed_out;
		r = start(e, r);
	}
	if (r == 0) {
		*ret = e;
		return 0;
	}
	text_add(why, "metrics cannot be served at ");
	addr_add_text_port(why, at);
	text_addf(why, ": %s", strerror(-r));
	if (e && e->server)
		microhttpd.stop_daemon(e->server);
	free(e);
	return r;
}

struct addr exporter_address(const struct exporter *e)
{
	return e->at;
}

void exporter_close(struct exporter *e)
{
	if (!e)
		return;
	loop_cancel_timer(e->loop, &e->timer);
	loop_remove(e->loop, &e->requests);
	microhttpd.stop_daemon(e->server);
	free(e);
}

#endif
