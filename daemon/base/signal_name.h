/* SPDX-License-Identifier: MIT */
/* The short name of a signal, as kill(1) takes it; sigabbrev_np(3) is glibc's alone. */
#pragma once

/* "SEGV", "KILL", ...; "real-time" for those, which have none. Never NULL. Owned by the module, constant. */
const char *signal_name(int number);
