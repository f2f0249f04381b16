/* SPDX-License-Identifier: MIT */
/*
 * Whether a datagram is answered, and whether a new session begins: the checks of a datagram, the lists, the rates, the
 * loop guard, in this order, each refusal counted by its reason.
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

/* The number of `bytes` that a service may fill that can do with less. */
size_t admission_room(const struct listener *l, const struct checked_packet *p, size_t bytes);

/* Checks n answers of so many bytes each. How many of them may go, the first ones; the others have been counted. */
struct admission_answer {
	size_t bytes; /* of each */
	uint32_t n;
};
uint32_t admission_answers(struct worker *w, const struct listener *l, const struct checked_packet *p,
			   const struct admission_answer *a);

/* Counts n refusals, and notes whom they met. Every refusal of a worker's comes here. */
struct admission_refusal {
	enum refusal why;
	const struct addr *source;
	uint32_t n;
};
void admission_refused(struct worker *w, const struct listener *l, const struct admission_refusal *r);

/* Whether this listener's connections begin with a header of the PROXY protocol. */
bool admission_is_proxied(const struct listener *l);

/* The request for a slot of the session table, with the caps of a listener's settings. */
struct table_request admission_request(const struct worker *w, const struct listener *l, const struct addr *peer);

/* Has a connection from there admitted by a listener: lists, rates, caps. *ret_slot is set on REFUSED_NOT. A balancer's is
 * admitted without a source; its header says later who that is (proxy_header.h). */
enum refusal admission_connection(struct worker *w, const struct listener *l, const struct addr *peer,
				  struct table_slot **ret_slot);

/* The three admissions of a session of a listener: lists, rates, caps. A peer that is not known yet (AF_UNSPEC) is held
 * against caps alone, an exempt one (a balancer's own connection) against no rate. A refusal is the caller's to count,
 * but for what a dry run lifts. */

/* A new session: *ret_slot is set on REFUSED_NOT. */
enum refusal admission_new(struct worker *w, const struct listener *l, const struct table_request *r,
			   struct table_slot **ret_slot);
/* A session that was admitted without a peer, which is known from now on. */
enum refusal admission_name(struct worker *w, const struct listener *l, const struct table_request *r,
			    struct table_slot *slot);
/* tcpmux: the session of another listener is to be one of l. */
enum refusal admission_become(struct worker *w, const struct listener *l, const struct table_request *r,
			      struct table_slot *slot);
