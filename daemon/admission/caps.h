/* SPDX-License-Identifier: MIT */
/*
 * The counts that caps are held against: sessions in all, of a row, of a source, of a source in a row. table.c calls it.
 *
 * Each count of a session is written down in its slot: as begun before the word that counts is changed, as done after
 * it (and the other way round when it is taken back). So when its process is killed the slot says what to take back,
 * or that one word is in doubt; a word in doubt is counted anew from all slots.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admission/refusal.h"
#include "admission/slot.h"
#include "admission/sources.h"

/* A process's own, but for the words and those of the sources. */
struct caps {
	uint32_t sessions_max; /* what may be admitted at once, whatever the settings say */
	struct caps_words *words;
	struct sources sources;
};

/* Bytes of shared memory; zeroed and aligned to 64 by the caller, or used before with the same secret. */
size_t caps_bytes(uint32_t sessions);
void caps_init(struct caps *c, void *memory, uint32_t sessions, uint64_t secret);

/* The cap, of those that are quickly looked up, that refuses r just now. Counts nothing. */
enum refusal caps_look(const struct caps *c, const struct table_request *r);

/* A slot that was just claimed: its session is counted nowhere, and is to be counted in `row`. */
void caps_begin(struct table_slot *slot, uint32_t row);

/* Counts a slot's session under all of r's caps, or says which refuses it: the caller then gives up the slot. */
enum refusal caps_count(const struct caps *c, struct table_slot *slot, const struct table_request *r);

/* Of these the caps of its source alone. On refusal nothing has changed. */
enum refusal caps_count_source(const struct caps *c, struct table_slot *slot, const struct table_request *r);

/* Counts it under r->row instead of its own. On refusal nothing has changed. */
enum refusal caps_move(const struct caps *c, struct table_slot *slot, const struct table_request *r);

/* Takes back what is written down as done. False: its process was killed while it counted, caps_repair() has to
 * finish that. */
bool caps_release(const struct caps *c, struct table_slot *slot);

/* The place where words are counted anew from, and how much may be looked at for it: a hostile process leaves any number
 * of them in doubt. */
struct caps_recount {
	struct table_slot *slots;
	uint32_t slots_n;
	uint64_t looks_left; /* at slots */
};

/* Counts the words anew that a lost slot (owner TABLE_LOST, caps_release() was false) leaves in doubt. False: others
 * are counting there right now, or no looks are left; try again later. One process at a time. */
bool caps_repair(const struct caps *c, struct table_slot *slot, struct caps_recount *from);

uint32_t caps_total(const struct caps *c);
uint32_t caps_of_row(const struct caps *c, uint32_t row);
