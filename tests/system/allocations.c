/* SPDX-License-Identifier: MIT */
/*
 * Counts what each process allocates: loaded in front of the C library (LD_PRELOAD), which does the allocating.
 *
 * The counts are in the file that ALLOCATIONS names: pairs of 32-bit numbers, a process and how often it has allocated.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROCESSES 4096

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *at, size_t n);
void *__libc_memalign(size_t alignment, size_t n);

static struct entry {
	_Atomic uint32_t pid, n;
} * entries;

static __attribute__((constructor)) void open_counts(void)
{
	const char *path = getenv("ALLOCATIONS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, PROCESSES * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	if (at != MAP_FAILED)
		entries = at;
}

static void count(void)
{
	uint32_t self = (uint32_t)getpid();

	for (struct entry *e = entries; e && e < entries + PROCESSES; e++) {
		uint32_t nobody = 0;
		if (atomic_compare_exchange_strong(&e->pid, &nobody, self) || nobody == self) {
			atomic_fetch_add(&e->n, 1);
			return;
		}
	}
}

void *malloc(size_t n)
{
	count();
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t bytes)
{
	count();
	return __libc_calloc(n, bytes);
}

void *realloc(void *at, size_t n)
{
	count();
	return __libc_realloc(at, n);
}

void *memalign(size_t alignment, size_t n)
{
	count();
	return __libc_memalign(alignment, n);
}

void *aligned_alloc(size_t alignment, size_t n)
{
	return memalign(alignment, n);
}

int posix_memalign(void **ret, size_t alignment, size_t n)
{
	*ret = memalign(alignment, n);
	return *ret ? 0 : ENOMEM;
}
