/* SPDX-License-Identifier: MIT */
/* The names of the reasons for refusing. */
#include "admission/refusal.h"

const char *refusal_name(enum refusal r)
{
	static const char *const names[] = {
#define REFUSAL_NAME(name, text) [REFUSED_##name] = text,
		REFUSALS(REFUSAL_NAME)
#undef REFUSAL_NAME
	};

	return r < REFUSALS_N ? names[r] : "none";
}
