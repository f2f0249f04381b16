/* SPDX-License-Identifier: MIT */
#include "base/load_average.h"

#include <sys/sysinfo.h>

uint32_t load_average(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? 0 : (uint32_t)((uint64_t)info.loads[0] * 1000 >> SI_LOAD_SHIFT);
}
