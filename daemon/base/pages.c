/* SPDX-License-Identifier: MIT */
/* Memory straight from the kernel, for what a process keeps as long as it runs. */
#include "base/pages.h"

#include <sys/mman.h>

void *pages_take(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void *pages_take_own(size_t bytes)
{
	void *at = pages_take(bytes);

	if (at && madvise(at, bytes, MADV_DONTFORK) < 0) {
		pages_give(at, bytes);
		return NULL;
	}
	return at;
}

void pages_give(void *at, size_t bytes)
{
	if (at)
		(void)munmap(at, bytes);
}
