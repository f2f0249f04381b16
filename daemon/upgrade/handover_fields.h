/* SPDX-License-Identifier: MIT */
/* Tables of handover.c: the members of structures that one program hands to the next. */
#pragma once

#include "control/control.h"
#include "generation/fleet.h"
#include "upgrade/handover_text.h"

static const struct handover_text_field of_fleet[] = {
	HANDOVER_TEXT_FIELD(fleet, shared_fd, FD),
	HANDOVER_TEXT_FIELD(fleet, life[0], FD),
	HANDOVER_TEXT_FIELD(fleet, life[1], FD),
	HANDOVER_TEXT_FIELD(fleet, user, TEXT),
	HANDOVER_TEXT_FIELD(fleet, group, TEXT),
	HANDOVER_TEXT_FIELD(fleet, generations, NUMBER),
	HANDOVER_TEXT_FIELD(fleet, started.tv_sec, NUMBER),
	HANDOVER_TEXT_FIELD(fleet, started.tv_nsec, NUMBER),
	HANDOVER_TEXT_FIELD(fleet, started_ns, NUMBER),
	HANDOVER_TEXT_FIELD(fleet, lost_told, NUMBER),
};
/* The lines that a program with another layout may not have. */
static const struct handover_text_field of_shared[] = {
	HANDOVER_TEXT_FIELD(fleet, secret, NUMBER),
	HANDOVER_TEXT_FIELD(fleet, records.n, NUMBER),
};
struct pool_name {
	char name[POOL_DEATHS_NAME_MAX];
};
static const struct handover_text_field of_pool_name[] = {
	HANDOVER_TEXT_FIELD(pool_name, name, TEXT),
};
static const struct handover_text_field of_key[] = {
	HANDOVER_TEXT_FIELD(limits_memory, key.word[0], NUMBER),
	HANDOVER_TEXT_FIELD(limits_memory, key.word[1], NUMBER),
};
struct label {
	char name[LISTENER_LABEL_MAX];
};
static const struct handover_text_field of_label[] = {
	HANDOVER_TEXT_FIELD(label, name, TEXT),
};
static const struct handover_text_field of_control[] = {
	HANDOVER_TEXT_FIELD(control, standard, TEXT),
};
static const struct handover_text_field of_passed[] = {
	HANDOVER_TEXT_FIELD(adopt_socket, fd, FD),
	HANDOVER_TEXT_FIELD(adopt_socket, number, NUMBER),
	HANDOVER_TEXT_FIELD(adopt_socket, name, TEXT),
	HANDOVER_TEXT_FIELD(adopt_socket, transport, NUMBER),
	HANDOVER_TEXT_FIELD(adopt_socket, family, NUMBER),
	HANDOVER_TEXT_FIELD(adopt_socket, address, BYTES),
	HANDOVER_TEXT_FIELD(adopt_socket, path, TEXT),
	HANDOVER_TEXT_FIELD(adopt_socket, dual_stack, NUMBER),
	HANDOVER_TEXT_FIELD(adopt_socket, accepting, NUMBER),
};
static const struct handover_text_field of_control_socket[] = {
	HANDOVER_TEXT_FIELD(listener, fd, FD),
	HANDOVER_TEXT_FIELD(listener, path, TEXT),
	HANDOVER_TEXT_FIELD(listener, path_dev, NUMBER),
	HANDOVER_TEXT_FIELD(listener, path_ino, NUMBER),
};
static const struct handover_text_field of_generation[] = {
	HANDOVER_TEXT_FIELD(generation, number, NUMBER),      HANDOVER_TEXT_FIELD(generation, questions[0], FD),
	HANDOVER_TEXT_FIELD(generation, questions[1], FD),    HANDOVER_TEXT_FIELD(generation, metrics_fd, FD),
	HANDOVER_TEXT_FIELD(generation, metrics_at, BYTES),   HANDOVER_TEXT_FIELD(generation, drain_timeout_ns, NUMBER),
	HANDOVER_TEXT_FIELD(generation, deadline_ns, NUMBER), HANDOVER_TEXT_FIELD(generation, orphaned, NUMBER),
	HANDOVER_TEXT_FIELD(generation, phase, NUMBER),
};
static const struct handover_text_field of_limits[] = {
	HANDOVER_TEXT_FIELD(limits_memory, fd, FD),
	HANDOVER_TEXT_FIELD(limits_memory, shape.bytes, NUMBER),
	HANDOVER_TEXT_FIELD(limits_memory, shape.source_bits_v4, NUMBER),
	HANDOVER_TEXT_FIELD(limits_memory, shape.source_bits_v6, NUMBER),
};
static const struct handover_text_field of_pool[] = {
	HANDOVER_TEXT_FIELD(pool, name, TEXT),
	HANDOVER_TEXT_FIELD(pool, model, NUMBER),
};
static const struct handover_text_field of_listener[] = {
	HANDOVER_TEXT_FIELD(listener, fd, FD),
	HANDOVER_TEXT_FIELD(listener, transport, NUMBER),
	HANDOVER_TEXT_FIELD(listener, address, BYTES),
	HANDOVER_TEXT_FIELD(listener, socket_family, NUMBER),
	HANDOVER_TEXT_FIELD(listener, dual_stack, NUMBER),
	HANDOVER_TEXT_FIELD(listener, path, TEXT),
	HANDOVER_TEXT_FIELD(listener, path_dev, NUMBER),
	HANDOVER_TEXT_FIELD(listener, path_ino, NUMBER),
	HANDOVER_TEXT_FIELD(listener, label, TEXT),
	HANDOVER_TEXT_FIELD(listener, key, TEXT),
	HANDOVER_TEXT_FIELD(listener, pool, NUMBER),
	HANDOVER_TEXT_FIELD(listener, row, NUMBER),
	HANDOVER_TEXT_FIELD(listener, shard, NUMBER),
	HANDOVER_TEXT_FIELD(listener, receive_buffer_got, NUMBER),
	HANDOVER_TEXT_FIELD(listener, passed_fd, NUMBER),
	HANDOVER_TEXT_FIELD(listener, origin, NUMBER),
	HANDOVER_TEXT_FIELD(listener, stored, NUMBER),
};
static const struct handover_text_field of_child[] = {
	HANDOVER_TEXT_FIELD(child, channel.fd, FD),     HANDOVER_TEXT_FIELD(child, pid, NUMBER),
	HANDOVER_TEXT_FIELD(child, pool, NUMBER),       HANDOVER_TEXT_FIELD(child, record, NUMBER),
	HANDOVER_TEXT_FIELD(child, ready, NUMBER),      HANDOVER_TEXT_FIELD(child, drained, NUMBER),
	HANDOVER_TEXT_FIELD(child, started_ns, NUMBER), HANDOVER_TEXT_FIELD(child, told, NUMBER),
};
