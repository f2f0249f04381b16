/* SPDX-License-Identifier: MIT */
/* A claim of a model by its name, which the verifier prints where it does not hold. */
#define CLAIM(name, holds) d_step { name = (holds); assert(name) }
