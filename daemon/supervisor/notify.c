/* SPDX-License-Identifier: MIT */
/* What the service manager is told. */
#include "supervisor/notify.h"

#include "config.h"

#ifdef HAVE_SYSTEMD

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"

#define US_NS UINT64_C(1000)

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_mono_ns() / US_NS);
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_status(const char *text)
{
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

uint64_t notify_watchdog_ns(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? us * US_NS : 0;
}

void notify_extend(uint64_t ns)
{
	(void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIu64, ns / US_NS);
}

/* Another reader of NOTIFY_SOCKET than systemd would only hold our sockets open. */
bool notify_has_store(void)
{
	return sd_booted() > 0 && getenv("INVOCATION_ID") && getenv("NOTIFY_SOCKET");
}

void notify_store(const char *name, int fd)
{
	char state[128];

	/* FDPOLL=0: a listening socket is not to be dropped because something happened on it. */
	snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
	(void)sd_pid_notify_with_fds(0, 0, state, &fd, 1);
}

void notify_unstore(const char *name)
{
	(void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

#else

void notify_ready(void)
{
}

void notify_reloading(void)
{
}

void notify_stopping(void)
{
}

void notify_status(const char *text)
{
	(void)text;
}

void notify_alive(void)
{
}

uint64_t notify_watchdog_ns(void)
{
	return 0;
}

void notify_extend(uint64_t ns)
{
	(void)ns;
}

bool notify_has_store(void)
{
	return false;
}

void notify_store(const char *name, int fd)
{
	(void)name;
	(void)fd;
}

void notify_unstore(const char *name)
{
	(void)name;
}

#endif
