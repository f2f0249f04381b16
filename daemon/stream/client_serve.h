/* SPDX-License-Identifier: MIT */
/*
 * The code that moves a session's bytes, the same under all models.
 *
 * Flow: readable → into the worker's shared buffer → session_step() → what came out is written at once → what the client
 * does not take is kept in a block of its own, and nothing is read until it is gone.
 */
#pragma once

#include "worker/model.h"
#include "worker/worker.h"

/* Serves an admitted connection from here on; its descriptor and its slot are the session's. */
void client_serve(struct worker *w, const struct admitted *a);
