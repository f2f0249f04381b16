/* SPDX-License-Identifier: MIT */
/* The table of the process models: a file each, but for the two of single.c. */
#pragma once

#include "settings/settings.h"
#include "worker/model.h"

extern const struct worker_model fork_model, prefork_model, event_model;

/* The models of a process with one session: inetd style, and as a child of the fork model, which frees its slot. */
extern const struct worker_model single_model, forked_model;

/* The model of a pool's workers. */
const struct worker_model *models_of(const struct pool_settings *pool);
