/* SPDX-License-Identifier: MIT */
/* A slot of the session table, and what a session asks for that takes one. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define TABLE_ROWS_MAX 256    /* a row counts the sessions of one listener's name and transport            */
#define TABLE_LOST UINT32_MAX /* as owner: nobody's, until table_repair() has put its counts right         */

/* Aligned, so that two processes never write to one cache line. */
struct table_slot {
	_Atomic uint32_t owner;      /* pid; 0: free; TABLE_LOST                                             */
	_Atomic uint32_t generation; /* changes when a session of this slot ends                             */
	_Atomic uint32_t kill;       /* not 0: the owner is asked to end it: table_mark()                    */
	_Atomic uint32_t over;       /* not 0: its owner is done with it, but leaves freeing it to another   */
	_Atomic uint32_t counted;    /* which counts it is in; caps.c's, as are row_next and source_at       */
	_Atomic uint32_t row;
	_Atomic uint32_t row_next;
	_Atomic uint32_t source_at[3];
	_Atomic uint32_t pool;
	struct addr peer;            /* AF_UNSPEC: not known yet; its family is written last                 */
	_Atomic uint64_t started_ns; /* CLOCK_MONOTONIC                                                     */
	_Atomic uint64_t active_ns;  /* the last byte, either direction                                      */
	_Atomic uint64_t in_bytes, out_bytes;
	_Atomic uint64_t owed_bytes; /* buffer memory counted for it; zero when claimed                      */
	_Atomic uint64_t beat_ns;    /* the last sign of life of a process that has this session only       */
} __attribute__((aligned(64)));

struct table_request {
	uint32_t owner; /* the pid that will own it */
	uint32_t row;   /* below TABLE_ROWS_MAX     */
	uint32_t pool;
	struct addr peer;
	uint64_t now_ns;
	/* caps; 0: none */
	uint32_t total, row_max, per_source, row_per_source;
	uint8_t source_bits_v4, source_bits_v6;
	bool is_exempt; /* its source is not counted: a connection of the balancer's own */
};
