/* SPDX-License-Identifier: MIT */
/*
 * The sessions of a STAMP reflector, counted: a table of fixed size, in memory that it is given.
 *
 * A session is who asks from where, which address of ours, and an SSID (RFC 8972 section 3). One that is silent for REFWAIT
 * is over (RFC 5357 section 4.2): its place is the first to be given away, and it begins anew. Where all places are taken,
 * who comes is not counted: nobody's session ends for another's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "wire/stamp_values.h"

#define STAMP_REFWAIT_NS (900 * CLOCK_S_NS)
#define STAMP_SESSIONS_NONE UINT32_MAX

struct stamp_session_name {
	struct addr client, server; /* with their ports */
	uint16_t ssid;
};

struct stamp_session {
	uint32_t received, reflected; /* packets, the one at hand and its answer too */
	struct stamp_followup last;   /* the answer before; zeros: there was none    */
	/* The rest is stamp_sessions.c's. */
	struct stamp_session_name name;
	uint64_t used_ns;
	uint32_t next;         /* in its bucket                */
	uint32_t newer, older; /* in the order of being in use */
};

struct stamp_sessions; /* opaque: its layout is stamp_sessions.c's */

/* Bytes of a table for so many sessions, zeroed at first and aligned for anything. */
size_t stamp_sessions_bytes(uint32_t sessions_max);

/* Makes zeroed memory a table, whose places nobody outside can aim at; does nothing where it is one. */
void stamp_sessions_begin(struct stamp_sessions *t, uint32_t sessions_max, uint32_t random);

/* The session of that name, found or begun, which is in use at now_ns (CLOCK_MONOTONIC): its index, or
 * STAMP_SESSIONS_NONE. */
uint32_t stamp_sessions_find(struct stamp_sessions *t, const struct stamp_session_name *name, uint64_t now_ns);

struct stamp_session *stamp_sessions_at(struct stamp_sessions *t, uint32_t index);
