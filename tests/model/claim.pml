/* SPDX-License-Identifier: MIT */
/* A claim of a model by its name, which the verifier prints where it does not hold. To be used within a step. */
#define CLAIM(name, holds) \
	name = (holds); \
	assert(name)
