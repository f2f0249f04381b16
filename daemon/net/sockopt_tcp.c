/* SPDX-License-Identifier: MIT */
/* Options of listening TCP sockets. */
#include "net/sockopt_tcp.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"

#define KEEPALIVE_MAX_S 32767 /* the kernel's limit */
#define KEEPALIVE_PROBES 4

/* A duration in units of unit_ns, rounded up, so that a short one does not become "off". */
static int in_units(uint64_t ns, uint64_t unit_ns, int most)
{
	uint64_t units = ns / unit_ns + (ns % unit_ns != 0);

	return units < (uint64_t)most ? (int)units : most;
}

/* A peer that is silent for `keepalive` is asked four times in as long again, then it is gone: found after twice the
 * duration. */
static void set_keepalive(struct series *s, uint64_t keepalive_ns)
{
	int idle_s = in_units(keepalive_ns, CLOCK_S_NS, KEEPALIVE_MAX_S);
	int interval_s = idle_s / KEEPALIVE_PROBES;

	series_set(s, SOL_SOCKET, SO_KEEPALIVE, keepalive_ns != 0);
	if (keepalive_ns == 0)
		return;
	series_set(s, IPPROTO_TCP, TCP_KEEPIDLE, idle_s);
	series_set(s, IPPROTO_TCP, TCP_KEEPINTVL, interval_s > 0 ? interval_s : 1);
	series_set(s, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

/* A socket that was passed keeps the queue that its unit said, unless another is asked for. */
static void set_fastopen(struct series *s, uint32_t queue)
{
	int has = 0;
	socklen_t n = sizeof(has);

	if (queue == 0 && (getsockopt(s->fd, IPPROTO_TCP, TCP_FASTOPEN, &has, &n) < 0 || has == 0))
		return; /* of 0 the kernel makes a queue of its own on some versions */
	series_set(s, IPPROTO_TCP, TCP_FASTOPEN, (int)queue);
}

/* The kernel's standard, where the settings of before had another and these say nothing. */
static void set_congestion(struct series *s, const char *algorithm)
{
	char has[16] = "", standard[16] = "";
	socklen_t has_n = sizeof(has) - 1, standard_n = sizeof(standard) - 1;

	if (algorithm[0] == '\0') {
		cleanup_fd int fresh = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (getsockopt(s->fd, IPPROTO_TCP, TCP_CONGESTION, has, &has_n) < 0 || fresh < 0 ||
		    getsockopt(fresh, IPPROTO_TCP, TCP_CONGESTION, standard, &standard_n) < 0 || strcmp(has, standard) == 0)
			return;
		algorithm = standard;
	}
	series_set_bytes(s, (struct option){ "TCP_CONGESTION", IPPROTO_TCP, TCP_CONGESTION }, algorithm, strlen(algorithm));
}

void sockopt_tcp_set(struct series *s, const struct socket_settings *w)
{
	set_keepalive(s, w->keepalive_ns);
	series_set(s, IPPROTO_TCP, TCP_USER_TIMEOUT, in_units(w->user_timeout_ns, CLOCK_MS_NS, INT_MAX));
	series_set(s, IPPROTO_TCP, TCP_NODELAY, w->nodelay);
	series_set(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, in_units(w->defer_accept_ns, CLOCK_S_NS, INT_MAX));
	set_fastopen(s, w->fastopen);
	set_congestion(s, w->congestion);
}
