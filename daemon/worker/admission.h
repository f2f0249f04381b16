/* SPDX-License-Identifier: MIT */
/*
 * Whether a datagram is answered, and whether a new session begins: the gate, the lists, the rates, the loop guard, in this
 * order, each refusal counted by its reason.
 *
 * A listener's `dry_run` lifts its own rates and caps, which are then counted apart, and nothing else: not what keeps
 * others from harm, not the totals that keep this host from it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "admission/datagram_checks.h"
#include "worker/worker.h"

#define ADMISSION_MAX 64 /* datagrams at once: a bit each */

/* Notes which ports are served over UDP. Called once by each worker. */
void admission_begin(struct worker *w);

/* Checks n datagrams that are alike, before the service sees them. A bit for each, in their order: it may be answered.
 * The others have been counted. */
uint64_t admission_requests(struct worker *w, const struct listener *l, const struct checked_packet *p, uint32_t n);

/* How many of `bytes` a service may fill that can do with less. */
size_t admission_room(const struct listener *l, const struct checked_packet *p, size_t room);

/* Checks n answers of so many bytes each. How many of them may go, the first ones; the others have been counted. */
uint32_t admission_answers(struct worker *w, const struct listener *l, const struct checked_packet *p, size_t bytes,
			   uint32_t n);

/* Counts n refusals, and notes whom they met. Every refusal of a worker's comes here. */
void admission_refused(struct worker *w, const struct listener *l, enum refusal why, const struct addr *source, uint32_t n);

/* Whether this listener's connections begin with a header of the PROXY protocol. */
bool admission_is_proxied(const struct listener *l);

/* The request for a slot of the session table, with the caps of a listener's settings. */
struct table_request admission_request(const struct worker *w, const struct listener *l, const struct addr *peer);

/* Has a connection from there admitted by a listener: lists, rates, caps. *slot is set on REFUSED_NOT. A balancer's is
 * admitted without a source; its header says later who that is (proxy_header.h). */
enum refusal admission_connection(struct worker *w, const struct listener *l, const struct addr *peer,
				  struct table_slot **slot);

enum admission_step {
	ADMISSION_NEW,     /* a connection: *slot is set on REFUSED_NOT                              */
	ADMISSION_NAMED,   /* a session that was admitted without a peer, which is known from now on */
	ADMISSION_BECOMES, /* tcpmux: another listener's session is to be this one's                 */
};

/* Admits a session of a listener: lists, rates, caps. A peer that is not known yet (AF_UNSPEC) is held against caps
 * alone, an exempt one (a balancer's own connection) against no rate. A refusal is the caller's to count, but for what a
 * dry run lifts. */
enum refusal admission_session(struct worker *w, const struct listener *l, const struct table_request *r,
			       enum admission_step step, struct table_slot **slot);
