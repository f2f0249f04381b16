/* SPDX-License-Identifier: MIT */
/* The process models that a pool can have, and their names. */
#pragma once

enum pool_model { POOL_FORK, POOL_PREFORK, POOL_EVENT, POOL_MODELS_N };

/* "fork", "prefork", "event". */
const char *pool_model_name(enum pool_model model);
