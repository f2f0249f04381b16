/* SPDX-License-Identifier: MIT */
/*
 * Answers that are held back before they are sent: copies in a fixed piece of memory, one store a worker, and lines of them.
 *
 * Room is given in the order of coming and taken back from the oldest on, so one that stays long keeps those behind it from
 * being used again. Pure but for the memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "datagram/packet.h"

#define HELD_BYTES (4u << 20)

struct held_answer {
	uint32_t stride; /* to the one behind it in memory */
	bool is_over;
	unsigned copies;          /* how often it is sent                     */
	struct held_answer *next; /* in its line                              */
	uint64_t at_ns;           /* when it leaves, or has waited for enough */
	struct packet_info info;  /* of the request                           */
	bool is_special;          /* `sending` says how it is sent            */
	struct svc_sending sending;
	struct sockaddr_storage name;
	socklen_t name_bytes;
	uint32_t bytes;
	uint8_t content[];
};

/* Answers one behind the other. All zero: none. */
struct held_line {
	struct held_answer *first, *last;
	uint32_t n;
};

struct held_store {
	uint8_t *memory;     /* HELD_BYTES */
	uint64_t first, end; /* what is in use: places of memory, counted on and on */
};

/* 0 or -ENOMEM. */
int held_new(struct held_store *s) must_check;

/* Room for an answer of so many bytes, of which nothing else is filled in. NULL: there is none. */
struct held_answer *held_take(struct held_store *s, size_t bytes) must_check;

/* Gives one back. */
void held_give(struct held_store *s, struct held_answer *a);

void held_append(struct held_line *l, struct held_answer *a);

/* Takes the first one off; NULL: there is none. */
struct held_answer *held_shift(struct held_line *l);

/* Takes the first one to this client off. NULL: there is none. */
struct held_answer *held_shift_to(struct held_line *l, const void *name, socklen_t name_bytes);
