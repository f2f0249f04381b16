/* SPDX-License-Identifier: MIT */
/* Which parts of the program a worker does without. */
#include "worker/image.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"
#include "worker/worker.h"

static bool is_among(const char *path, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(path, names[i]))
			return true;
	return false;
}

/* The program itself, the C library, the loader, which keeps its variables, and the kernel's clock (on 32-bit x86, its
 * gate). */
static bool is_needed(const char *path)
{
	static const char *const names[] = { "/libc.so", "/libc.musl", "/ld-", "vdso", "linux-gate" };

	return !*path || is_among(path, names, array_n(names));
}

/* Libraries come in the order in which names are looked up in them: one before the C library that is none of those we are
 * linked with was put there (LD_PRELOAD), and is called in the C library's stead. Not 0: this is one. */
static int stands_between(struct dl_phdr_info *object, size_t bytes maybe_unused, void *ctx)
{
	static const char *const ours[] = { "/libconfig.so", "/libcap-ng.so", "/libseccomp.so", "/libsystemd.so" };
	bool *past = ctx;

	*past |= strstr(object->dlpi_name, "/libc.") != NULL;
	return !*past && !is_needed(object->dlpi_name) && !is_among(object->dlpi_name, ours, array_n(ours));
}

/* What a worker leaves: found before the forks, for finding it takes locks of the loader's, in memory of its own. */
#define LIBRARIES_MAX 64
static struct {
	void *at;
	size_t bytes;
} libraries[LIBRARIES_MAX];
static size_t libraries_n;

static int note(struct dl_phdr_info *object, size_t bytes maybe_unused, void *ctx maybe_unused)
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
	if (from < end && libraries_n < LIBRARIES_MAX) {
		libraries[libraries_n].at = (void *)from;
		libraries[libraries_n++].bytes = end - from;
	}
	return 0;
}

void image_prepare(void)
{
	libraries_n = 0;
#if defined(HAVE__FORK) && !defined(WITH_SANITIZERS)
	bool past = false;

	if (dl_iterate_phdr(stands_between, &past) == 0)
		(void)dl_iterate_phdr(note, NULL);
#else
	(void)stands_between;
	(void)note;
#endif
}

void image_leave_libraries(void)
{
	for (size_t i = 0; i < libraries_n; i++)
		(void)munmap(libraries[i].at, libraries[i].bytes);
}

pid_t image_fork(void)
{
#ifdef HAVE__FORK
	return _Fork();
#else
	return fork();
#endif
}
