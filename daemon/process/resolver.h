/* SPDX-License-Identifier: MIT */
/*
 * The resolver process: asks the system's name service (files, DNS, whatever nsswitch.conf says) for workers that must not
 * wait.
 *
 * Process: one question at a time, blocking in libc; its record says until when the answer is wanted, and the supervisor
 * kills and replaces one that is past that by a second. Reads questions from a socket that all resolvers of the generation
 * share.
 */
#pragma once

#include "worker/worker.h"

/* Runs a resolver until it is to end; never returns. questions: where questions arrive; channel: its end of the
 * socketpair. */
_Noreturn void resolver_run(const struct worker_plan *plan, uint32_t record_index, int questions, int channel);
