/* SPDX-License-Identifier: MIT */
/* The rules of STAMP, of packets of both modes. */
#include "echoprobe/audit_stamp.h"

#include <string.h>

#include "base/text.h"
#include "echoprobe/audit_said.h"
#include "wire/stamp.h"
#include "wire/stamp_clock.h"
#include "wire/stamp_tlv.h"

/* The places of fields in a packet (RFC 8762 section 4.3.1). */
#define SENDER_AT 24 /* the sender's number, time stamp and error estimate: its first 14 octets */
#define SENDER_BYTES 14
#define ERROR_AT 12
#define ZERO_AT 38
#define ZERO_BYTES 2
#define ZERO_LAST_AT 41
#define ZERO_LAST_BYTES 3

static bool read_answer(const struct audit_heard *h, struct stamp_reflection *ret, struct audit_finding *f)
{
	if (h->n >= STAMP_BASE && stamp_read_reflection(h->at, h->n, STAMP_UNAUTHENTICATED, ret) == 0)
		return true;
	audit_heard_skip(f, "an answer of %zu octets is no base packet", h->n);
	return false;
}

void audit_stamp_length(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n != h->said_n)
		audit_heard_break(f, "%zu octets had an answer of %zu", h->said_n, h->n);
}

void audit_stamp_sender(const struct audit_heard *h, struct audit_finding *f)
{
	struct stamp_reflection r;

	if (read_answer(h, &r, f) && memcmp(h->at + SENDER_AT, h->said, SENDER_BYTES) != 0)
		audit_heard_break_at(f, h, SENDER_AT, "it is not what was sent");
}

void audit_stamp_zero(const struct audit_heard *h, struct audit_finding *f)
{
	static const uint8_t zero[ZERO_LAST_BYTES];
	struct stamp_reflection r;

	if (!read_answer(h, &r, f))
		return;
	if (memcmp(h->at + ZERO_AT, zero, ZERO_BYTES) != 0)
		audit_heard_break_at(f, h, ZERO_AT, "octets 38 and 39 are not");
	else if (memcmp(h->at + ZERO_LAST_AT, zero, ZERO_LAST_BYTES) != 0)
		audit_heard_break_at(f, h, ZERO_LAST_AT, "octets 41 to 43 are not");
}

void audit_stamp_error(const struct audit_heard *h, struct audit_finding *f)
{
	struct stamp_reflection r;

	if (read_answer(h, &r, f) && !stamp_error_read(r.error).is_valid)
		audit_heard_break_at(f, h, ERROR_AT, "it is 0");
}

/* Both are of one clock, in one form whose upper half is whole seconds: numbers that go up with it, but around an era. */
void audit_stamp_times(const struct audit_heard *h, struct audit_finding *f)
{
	struct stamp_reflection r;

	if (read_answer(h, &r, f) && (int64_t)(r.sent - r.received) < 0)
		audit_heard_break_at(f, h, 4, "its time stamp is before its receive time stamp");
}

void audit_stamp_padding(const struct audit_heard *h, struct audit_finding *f)
{
	const size_t from = STAMP_BASE + STAMP_TLV_HEADER;

	if (h->answers == 0)
		audit_said_something(h, f);
	else if (h->n != h->said_n)
		audit_stamp_length(h, f);
	else if (memcmp(h->at + from, h->said + from, h->n - from) != 0)
		audit_heard_break_at(f, h, from, "it is not what was sent");
}

/* --- authenticated packets -------------------------------------------------------------------------------------------- */

#define HMAC_AT (STAMP_BASE_AUTHENTICATED - STAMP_HMAC_BYTES)
#define SENDER_AUTHENTICATED_AT 48 /* the sender's number (RFC 8762 section 4.3.2) */

void audit_stamp_hmac(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n < STAMP_BASE_AUTHENTICATED)
		audit_heard_skip(f, "an answer of %zu octets is no base packet", h->n);
	else if (!stamp_is_authentic(h->at, h->n, h->key))
		audit_heard_break_at(f, h, HMAC_AT, "its HMAC is not that of the key");
}

void audit_stamp_sender_authenticated(const struct audit_heard *h, struct audit_finding *f)
{
	struct stamp_request sent;
	struct stamp_reflection r;

	if (stamp_read_request(h->said, h->said_n, STAMP_AUTHENTICATED, &sent) < 0 ||
	    stamp_read_reflection(h->at, h->n, STAMP_AUTHENTICATED, &r) < 0)
		audit_heard_skip(f, "an answer of %zu octets is no base packet", h->n);
	else if (r.sender.seq != sent.seq || r.sender.sent != sent.sent || r.sender.error != sent.error)
		audit_heard_break_at(f, h, SENDER_AUTHENTICATED_AT, "it is not what was sent");
}
