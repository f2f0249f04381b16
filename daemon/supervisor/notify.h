/* SPDX-License-Identifier: MIT */
/* What the service manager is told (the protocol of sd_notify(3)). Without one that listens, nothing; nobody waits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/* Before an end that comes at once: waits, for a second at most, until what was said last is taken. */
void notify_last(void);

/* One line for `systemctl status`. */
void notify_status(const char *text);

/* A sign of life; and how often it is wanted, in ns, 0: not at all. */
void notify_alive(void);
uint64_t notify_watchdog_ns(void);

/* Stopping takes at least this much longer. */
void notify_extend(uint64_t ns);

/* Is there a store for descriptors? A copy of fd is kept there under the name, until it is removed or the service
 * stopped. False: it was not taken. */
bool notify_has_store(void);
bool notify_store(const char *name, int fd);
void notify_unstore(const char *name);
