/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* The load average of the last minute, in thousandths, by sysinfo(2); 0 where the kernel does not say. */
uint32_t load_average(void);
