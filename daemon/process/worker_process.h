/* SPDX-License-Identifier: MIT */
/*
 * A worker process: start-up, the supervisor's words, the main loop. Everything but what an admitted connection meets is
 * the same under all models.
 *
 * Flow: acceptor.c takes a connection and has it admitted; the model (fork.c, prefork.c, event.c) says who serves it;
 * client_serve.c moves its bytes through session/ and service/. datagram.c does the same for sockets without connections.
 */
#pragma once

#include <stdint.h>

#include "worker/sandbox_role.h"
#include "worker/worker.h"

/* Runs a worker of a pool until it is to end; never returns. channel: its end of the socketpair. */
_Noreturn void worker_process_run(const struct worker_plan *plan, uint32_t pool_index, uint32_t record_index, int channel);

/* The sandbox role of a pool's workers. */
enum sandbox_role worker_process_role(const struct pool_settings *pool);

/* Accepts and reads nothing new from now on; leaves when the last connection is gone. */
void worker_process_drain(struct worker *w);

/* The descriptors that a process of this pool needs (its listeners, channel, life pipe, …) stay, all others are closed. */
void worker_process_keep_descriptors(const struct worker_plan *plan, uint32_t pool_index, int channel);
