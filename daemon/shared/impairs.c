/* SPDX-License-Identifier: MIT */
/* The impairment that was said of a row, word by word. */
#include "shared/impairs.h"

#include <string.h>

void impairs_say(struct impairs *i, const struct impair_rules *r)
{
	uint64_t words[IMPAIRS_WORDS] = { 0 };

	if (r)
		memcpy(words, r, sizeof(*r));
	atomic_store(&i->said, 0);
	for (size_t k = 0; k < IMPAIRS_WORDS; k++)
		atomic_store(&i->words[k], words[k]);
	atomic_store(&i->count, 0);
	atomic_store(&i->said, r != NULL);
}

bool impairs_said(const struct impairs *i, struct impair_rules *ret)
{
	uint64_t words[IMPAIRS_WORDS];

	if (!atomic_load_explicit(&i->said, memory_order_acquire))
		return false;
	for (size_t k = 0; k < IMPAIRS_WORDS; k++)
		words[k] = atomic_load_explicit(&i->words[k], memory_order_relaxed);
	memcpy(ret, words, sizeof(*ret));
	return true;
}
