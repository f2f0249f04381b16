/* SPDX-License-Identifier: MIT */
/*
 * The memory that the settings reader does not give back, because its process ends: given back here, where it does not.
 *
 * AddressSanitizer tells of each allocation. A build without it, which reads the seeds once, lets them be.
 */
#pragma once

#include "fuzz.h"

#ifdef __has_feature
#define READER_MEMORY __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define READER_MEMORY 1
#else
#define READER_MEMORY 0
#endif

/* Memory that was allocated between begin and end. */
static struct {
	const volatile void *at[65536];
	size_t n;
	bool on;
} reader_memory;

static inline void reader_memory_taken(const volatile void *at, size_t bytes maybe_unused)
{
	if (reader_memory.on && reader_memory.n < array_n(reader_memory.at))
		reader_memory.at[reader_memory.n++] = at;
}

static inline void reader_memory_given(const volatile void *at)
{
	for (size_t i = reader_memory.n; reader_memory.on && i-- > 0;)
		if (reader_memory.at[i] == at) {
			reader_memory.at[i] = reader_memory.at[--reader_memory.n];
			return;
		}
}

static inline void reader_memory_begin(void)
{
#if READER_MEMORY
	int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void *, size_t),
						      void (*)(const volatile void *));
	static bool installed;

	if (!installed)
		MUST(__sanitizer_install_malloc_and_free_hooks(reader_memory_taken, reader_memory_given));
	installed = true;
#endif
	reader_memory.on = true;
}

/* Gives back all but one. */
static inline void reader_memory_end(const void *kept)
{
	reader_memory.on = false;
	while (reader_memory.n > 0) {
		const volatile void *at = reader_memory.at[--reader_memory.n];

		if (at != kept)
			free((void *)(uintptr_t)at);
	}
}
