/* SPDX-License-Identifier: MIT */
/* The table of the process models. */
#include "stream/models.h"

const struct worker_model *models_of(const struct pool_settings *pool)
{
	static const struct worker_model *const models[] = {
		[POOL_FORK] = &fork_model,
		[POOL_PREFORK] = &prefork_model,
		[POOL_EVENT] = &event_model,
	};

	return models[pool->model];
}
