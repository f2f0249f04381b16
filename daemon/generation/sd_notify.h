/* SPDX-License-Identifier: MIT */
/* Messages to the service manager, by the protocol of sd_notify(3). Without one that listens none is sent. No call waits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void sd_notify_ready(void);
void sd_notify_reloading(void);
void sd_notify_stopping(void);

/* Before an end that comes at once: waits, for a second at most, until what was said last is taken. */
void sd_notify_last(void);

/* One line for `systemctl status`. */
void sd_notify_status(const char *text);

/* A sign of life; and how often it is wanted, in ns, 0: not at all. */
void sd_notify_alive(void);
uint64_t sd_notify_watchdog_ns(void);

/* Stopping takes at least this much longer. */
void sd_notify_extend(uint64_t ns);

/* Is there a store for descriptors? A copy of fd is kept there under the name, until it is removed or the service
 * stopped. False: it was not taken. */
bool sd_notify_has_store(void);
bool sd_notify_store(const char *name, int fd);
void sd_notify_unstore(const char *name);
