/* SPDX-License-Identifier: MIT */
/* Which parts of the program a session's process does without. */
#include "worker/image.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "config.h"

#include "base/attr.h"
#include "worker/worker.h"

/* The program itself, and what a child calls or is called by: the C library, the loader, which keeps its variables, and the
 * kernel's clock. */
static bool is_needed(const char *path)
{
	static const char *const names[] = { "/libc.so", "/libc.musl", "/ld-", "vdso", "/libasan", "/libubsan" };

	if (!*path)
		return true;
	for (size_t i = 0; i < array_n(names); i++)
		if (strstr(path, names[i]))
			return true;
	return false;
}

static int leave_out(struct dl_phdr_info *object, size_t bytes maybe_unused, void *ctx maybe_unused)
{
	uintptr_t from = UINTPTR_MAX, end = 0;

	if (is_needed(object->dlpi_name))
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t at = object->dlpi_addr + part->p_vaddr;

		if (part->p_type != PT_LOAD)
			continue;
		from = at < from ? at : from;
		end = at + part->p_memsz > end ? at + part->p_memsz : end;
	}
	from &= ~(uintptr_t)(WORKER_PAGE - 1);
	if (from < end)
		(void)madvise((void *)from, end - from, MADV_DONTFORK);
	return 0;
}

void image_leave_out(void)
{
#ifdef HAVE__FORK
	(void)dl_iterate_phdr(leave_out, NULL);
#endif
}
