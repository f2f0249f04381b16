/* SPDX-License-Identifier: MIT */
/* Which members of which structures one program hands to the next: saved.c's tables. */
#pragma once

#include "supervisor/generation.h"
#include "supervisor/limiting.h"
#include "supervisor/saved.h"
#include "supervisor/state.h"

static const struct state_field of_image[] = {
	STATE_FIELD(saved_image, fd, FD),
	STATE_FIELD(saved_image, path, TEXT),
	STATE_FIELD(saved_image, dumpable, NUMBER),
	STATE_FIELD(saved_image, layout, NUMBER),
};
static const struct state_field of_supervisor[] = {
	STATE_FIELD(supervisor, shared_fd, FD),
	STATE_FIELD(supervisor, life[0], FD),
	STATE_FIELD(supervisor, life[1], FD),
	STATE_FIELD(supervisor, user, TEXT),
	STATE_FIELD(supervisor, group, TEXT),
	STATE_FIELD(supervisor, generations, NUMBER),
	STATE_FIELD(supervisor, started.tv_sec, NUMBER),
	STATE_FIELD(supervisor, started.tv_nsec, NUMBER),
	STATE_FIELD(supervisor, started_ns, NUMBER),
	STATE_FIELD(supervisor, lost_told, NUMBER),
	STATE_FIELD(supervisor, control.standard, TEXT),
};
/* These lines a program with another layout may not have. */
static const struct state_field of_shared[] = {
	STATE_FIELD(supervisor, secret, NUMBER),
	STATE_FIELD(supervisor, records.n, NUMBER),
};
struct census_name {
	char name[POOL_DEATHS_NAME_MAX];
};
static const struct state_field of_census[] = {
	STATE_FIELD(census_name, name, TEXT),
};
static const struct state_field of_key[] = {
	STATE_FIELD(limiting, key.word[0], NUMBER),
	STATE_FIELD(limiting, key.word[1], NUMBER),
};
struct label {
	char name[LISTENER_LABEL_MAX];
};
static const struct state_field of_label[] = {
	STATE_FIELD(label, name, TEXT),
};
static const struct state_field of_passed[] = {
	STATE_FIELD(adopt_socket, fd, FD),
	STATE_FIELD(adopt_socket, number, NUMBER),
	STATE_FIELD(adopt_socket, name, TEXT),
	STATE_FIELD(adopt_socket, transport, NUMBER),
	STATE_FIELD(adopt_socket, family, NUMBER),
	STATE_FIELD(adopt_socket, address, BYTES),
	STATE_FIELD(adopt_socket, path, TEXT),
	STATE_FIELD(adopt_socket, dual_stack, NUMBER),
	STATE_FIELD(adopt_socket, accepting, NUMBER),
};
static const struct state_field of_control[] = {
	STATE_FIELD(listener, fd, FD),
	STATE_FIELD(listener, path, TEXT),
	STATE_FIELD(listener, path_dev, NUMBER),
	STATE_FIELD(listener, path_ino, NUMBER),
};
static const struct state_field of_generation[] = {
	STATE_FIELD(generation, number, NUMBER),      STATE_FIELD(generation, questions[0], FD),
	STATE_FIELD(generation, questions[1], FD),    STATE_FIELD(generation, metrics_fd, FD),
	STATE_FIELD(generation, metrics_at, BYTES),   STATE_FIELD(generation, drain_timeout_ns, NUMBER),
	STATE_FIELD(generation, deadline_ns, NUMBER), STATE_FIELD(generation, orphaned, NUMBER),
	STATE_FIELD(generation, drain_asked, NUMBER), STATE_FIELD(generation, ending, NUMBER),
	STATE_FIELD(generation, serving, NUMBER),
};
static const struct state_field of_limits[] = {
	STATE_FIELD(limiting, fd, FD),
	STATE_FIELD(limiting, shape.bytes, NUMBER),
	STATE_FIELD(limiting, shape.source_bits_v4, NUMBER),
	STATE_FIELD(limiting, shape.source_bits_v6, NUMBER),
};
static const struct state_field of_pool[] = {
	STATE_FIELD(pool, name, TEXT),
	STATE_FIELD(pool, model, NUMBER),
};
static const struct state_field of_listener[] = {
	STATE_FIELD(listener, fd, FD),
	STATE_FIELD(listener, transport, NUMBER),
	STATE_FIELD(listener, address, BYTES),
	STATE_FIELD(listener, socket_family, NUMBER),
	STATE_FIELD(listener, dual_stack, NUMBER),
	STATE_FIELD(listener, path, TEXT),
	STATE_FIELD(listener, path_dev, NUMBER),
	STATE_FIELD(listener, path_ino, NUMBER),
	STATE_FIELD(listener, label, TEXT),
	STATE_FIELD(listener, key, TEXT),
	STATE_FIELD(listener, pool, NUMBER),
	STATE_FIELD(listener, row, NUMBER),
	STATE_FIELD(listener, shard, NUMBER),
	STATE_FIELD(listener, receive_buffer_got, NUMBER),
	STATE_FIELD(listener, passed_fd, NUMBER),
	STATE_FIELD(listener, from_store, NUMBER),
	STATE_FIELD(listener, stored, NUMBER),
};
static const struct state_field of_child[] = {
	STATE_FIELD(child, channel.fd, FD),     STATE_FIELD(child, pid, NUMBER),   STATE_FIELD(child, pool, NUMBER),
	STATE_FIELD(child, record, NUMBER),     STATE_FIELD(child, ready, NUMBER), STATE_FIELD(child, drained, NUMBER),
	STATE_FIELD(child, started_ns, NUMBER), STATE_FIELD(child, told, NUMBER),
};
