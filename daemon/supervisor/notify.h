/* SPDX-License-Identifier: MIT */
/* What the service manager is told (sd_notify(3)). Nothing without systemd, or without one that listens. */
#pragma once

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
