/* SPDX-License-Identifier: MIT */
/* The names of the process models, in the order of their enum. */
#include "settings/pool_model.h"

const char *pool_model_name(enum pool_model model)
{
	static const char *const names[] = { [POOL_FORK] = "fork", [POOL_PREFORK] = "prefork", [POOL_EVENT] = "event" };

	return names[model];
}
