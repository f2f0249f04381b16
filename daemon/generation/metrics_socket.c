/* SPDX-License-Identifier: MIT */
/* The socket where metrics are asked for. */
#include "generation/metrics_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/health.h"

#define BACKLOG 1024 /* many come at once, and who finds it full comes again a second later */
#define PORT_MAX 65535

static struct addr place_of(const struct settings *s)
{
	const struct listener_address *a = &s->metrics.address;
	struct addr place = a->kind == LISTENER_ADDRESS_ANY        ? addr_any_v6
			    : a->kind == LISTENER_ADDRESS_LOOPBACK ? addr_loopback_v4
								   : a->addr;

	place.port = (uint16_t)(s->metrics.port ? s->metrics.port + s->port_offset : 0);
	return place;
}

static bool is_at(const struct generation *g, const struct addr *place)
{
	return g->metrics_fd >= 0 && addr_same(&g->metrics_at, place);
}

/* A listening socket, or -errno. */
static int listen_at(const struct addr *place)
{
	int on = 1, off = 0;
	struct sockaddr_storage sa;
	socklen_t n;
	cleanup_fd int fd = socket(place->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	int r = addr_to_sockaddr(place, place->family, &sa, &n);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (addr_is_any(place) && place->family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
	    bind(fd, (const struct sockaddr *)&sa, n) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return fd_take(&fd);
}

static void log_where(int fd)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	struct log_line l;

	if (getsockname(fd, (struct sockaddr *)&sa, &n) < 0)
		return;
	struct addr where = addr_from_sockaddr((const struct sockaddr *)&sa, n);
	log_begin(&l, LOG_LEVEL_NOTICE, "metrics");
	log_addr(&l, "address", &where);
	log_end(&l);
}

/* The address where metrics listen, as far as it is known. */
static struct addr where_is(const struct generation *g)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);

	return getsockname(g->metrics_fd, (struct sockaddr *)&sa, &n) < 0
		       ? g->metrics_at
		       : addr_from_sockaddr((const struct sockaddr *)&sa, n);
}

/* r: of binding it anew. */
static void say_lost(const struct addr *where, int r)
{
	char storage[ADDR_TEXT_MAX + 8];
	struct text at = TEXT_OVER(storage);
	struct log_line l;

	addr_add_text_port(&at, where);
	log_begin(&l, LOG_LEVEL_WARNING, "lost");
	log_text(&l, "listener", "metrics");
	log_text(&l, "address", at.at);
	log_text(&l, "reason", health_text(LOSS_ENDED));
	log_end(&l);
	if (r < 0)
		log_say(LOG_LEVEL_WARNING, "lost", "cannot serve metrics on %s: %s; trying again", at.at, strerror(-r));
}

bool metrics_socket_mend(struct generation *g, bool at_once)
{
	struct lost *lost = &g->fleet->lost;
	uint64_t now_ns = clock_mono_ns();

	if (g->metrics_fd < 0 || !health_is_ended(g->metrics_fd, true)) {
		lost->metrics_cure = CURE_NONE;
		return false;
	}
	if (!at_once && !rest_is_over(&lost->metrics_retry, now_ns))
		return false;
	rest_begin(&lost->metrics_retry, now_ns);
	struct addr where = where_is(g);
	int fd = listen_at(&where);
	if (lost->metrics_cure == CURE_NONE)
		say_lost(&where, fd);
	lost->metrics_cure = fd < 0 ? CURE_FAILED : CURE_DONE;
	if (fd < 0)
		return false;
	fd_close(&g->metrics_fd);
	g->metrics_fd = fd;
	return true;
}

int metrics_socket_open(struct generation *g, const struct generation *before, struct text *why)
{
	const struct settings *s = g->settings;
	struct addr place = place_of(s);

	if (!s->metrics.address.text[0])
		return 0;
	g->metrics_at = place;
	if (before && is_at(before, &place)) {
		g->metrics_fd = fcntl(before->metrics_fd, F_DUPFD_CLOEXEC, 3);
		if (g->metrics_fd >= 0)
			return 0;
		text_addf(why, "cannot duplicate the socket for metrics: %s", strerror(errno));
		return -errno;
	}
	g->metrics_fd = s->metrics.port + s->port_offset > PORT_MAX ? -ERANGE : listen_at(&place);
	if (g->metrics_fd == -EAFNOSUPPORT && s->metrics.address.kind == LISTENER_ADDRESS_ANY) {
		uint16_t port = place.port;
		place = addr_any_v4;
		place.port = port;
		g->metrics_fd = listen_at(&place);
	}
	if (g->metrics_fd < 0) {
		int r = g->metrics_fd;
		g->metrics_fd = -1;
		text_add(why, "cannot serve metrics on ");
		addr_add_text_port(why, &place);
		text_addf(why, ": %s", strerror(-r));
		return r;
	}
	log_where(g->metrics_fd);
	return 0;
}
