/* SPDX-License-Identifier: MIT */
/*
 * STAMP on the wire: packets that are read are written as the same octets, as far as they say something; TLVs are answered
 * in place, keep their number and lengths, and are signed so that they are believed.
 *
 * Input: what is known of the request, then its octets.
 * Covers: daemon/wire/stamp.c daemon/wire/stamp_tlv.c daemon/wire/stamp_answer.c daemon/wire/stamp_values.c
 * daemon/wire/stamp_clock.c daemon/wire/stamp_hmac.c
 */
#include "fuzz_service.h"

#include "base/bytes.h"
#include "wire/stamp.h"
#include "wire/stamp_answer.h"

static const struct stamp_hmac *key(void)
{
	static struct stamp_hmac made;
	static bool is_made;

	if (!is_made)
		is_made = stamp_hmac_key((const uint8_t *)"0123456789abcdef", 16, &made) == 0;
	return is_made ? &made : NULL;
}

/* Each base packet that is read is written, and read again, as the same. */
static void check_base(const uint8_t *packet, size_t n, enum stamp_mode mode)
{
	uint8_t first[STAMP_BASE_AUTHENTICATED], second[STAMP_BASE_AUTHENTICATED];
	struct stamp_request q;
	struct stamp_reflection r;

	memset(first, 0, sizeof(first));
	memset(second, 0xFF, sizeof(second));
	if (stamp_read_request(packet, n, mode, &q) == 0) {
		stamp_write_request(first, mode, &q);
		MUST(stamp_read_request(first, stamp_base_bytes(mode), mode, &q) == 0);
		stamp_write_request(second, mode, &q);
		MUST(memcmp(first, second, stamp_base_bytes(mode)) == 0);
	}
	if (stamp_read_reflection(packet, n, mode, &r) == 0) {
		stamp_write_reflection(first, mode, &r);
		MUST(stamp_read_reflection(first, stamp_base_bytes(mode), mode, &r) == 0);
		stamp_write_reflection(second, mode, &r);
		MUST(memcmp(first, second, stamp_base_bytes(mode)) == 0);
		stamp_write_sent(first, mode, r.sent);
		MUST(memcmp(first, second, stamp_base_bytes(mode)) == 0);
	}
	if (mode == STAMP_AUTHENTICATED && key() && n >= stamp_base_bytes(mode)) {
		(void)!stamp_is_authentic(packet, n, key());
		stamp_sign(first, key());
		MUST(stamp_is_authentic(first, sizeof(first), key()));
	}
}

/* The number of TLVs; *ret_cut: the rest is none. */
static size_t count(struct stamp_tlvs left, bool *ret_cut)
{
	const uint8_t *end = left.at + left.n;
	struct stamp_tlv tlv;
	enum stamp_tlv_step step;
	size_t n = 0;

	while ((step = stamp_tlv_next(&left, &tlv)) == STAMP_TLV_ONE) {
		MUST(tlv.value + tlv.n <= end && tlv.value == tlv.header + STAMP_TLV_HEADER);
		n++;
	}
	*ret_cut = step == STAMP_TLV_CUT;
	return n;
}

static void check_clock(uint64_t stamp, uint16_t estimate)
{
	const struct timespec near = { .tv_sec = 1795351771 };
	struct timespec ntp = stamp_clock_read(stamp, STAMP_NTP, &near), ptp = stamp_clock_read(stamp, STAMP_PTP, &near);
	struct stamp_error e = stamp_error_read(estimate);

	MUST(ntp.tv_nsec >= 0 && ntp.tv_nsec < 1000000000 && ptp.tv_nsec >= 0 && ptp.tv_nsec < 1000000000);
	MUST(stamp - stamp_clock_write(&ntp, STAMP_NTP) + 8 <= 16); /* a nanosecond is some four of its fractions */
	if (e.is_valid && e.error_ns != UINT64_MAX)
		MUST(stamp_error_read(stamp_error_write(&e)).error_ns >= e.error_ns);
}

/* The values that a sender reads of an answer. */
static void check_values(const struct stamp_tlvs *tlvs)
{
	struct stamp_tlvs left = *tlvs;
	struct stamp_tlv tlv;
	struct stamp_location where;
	uint8_t again[STAMP_FOLLOWUP_BYTES];

	while (stamp_tlv_next(&left, &tlv) == STAMP_TLV_ONE) {
		if (tlv.type == STAMP_TLV_LOCATION && stamp_location_read(&tlv, &where))
			MUST(where.source.family == AF_UNSPEC || where.source.family == AF_INET ||
			     where.source.family == AF_INET6);
		if (tlv.n == STAMP_DIRECT_BYTES) {
			struct stamp_direct d = stamp_direct_read(tlv.value);

			stamp_direct_write(again, &d);
			MUST(memcmp(again, tlv.value, STAMP_DIRECT_BYTES) == 0);
		}
		if (tlv.n == STAMP_TIMING_BYTES) {
			struct stamp_timing t = stamp_timing_read(tlv.value);
			struct stamp_cos c = stamp_cos_read(tlv.value);

			stamp_timing_write(again, &t);
			MUST(memcmp(again, tlv.value, STAMP_TIMING_BYTES) == 0);
			stamp_cos_write(again, &c);
			MUST(c.dscp1 < 64 && c.dscp2 < 64 && c.ecn < 4);
		}
		if (tlv.n == STAMP_FOLLOWUP_BYTES) {
			struct stamp_followup f = stamp_followup_read(tlv.value);

			stamp_followup_write(again, &f);
			MUST(stamp_followup_read(again).sent == f.sent);
		}
	}
}

/* A sender's TLVs up to the room that there is, signed. */
static void check_writer(struct fuzz f)
{
	uint8_t room[200];
	struct stamp_tlv_writer w = { .at = room, .cap = fuzz_octet(&f) % (sizeof(room) + 1) };
	struct stamp_tlvs all = { .at = room };
	uint32_t seq = (uint32_t)fuzz_number(&f, 4);
	bool cut;

	for (unsigned i = fuzz_octet(&f) % 4; i > 0; i--) {
		uint8_t type = fuzz_octet(&f), n = fuzz_octet(&f) % 64;

		(void)stamp_tlv_add(&w, type == STAMP_TLV_HMAC ? STAMP_TLV_PADDING : type, n <= f.n ? f.at : NULL, n);
		MUST(w.n <= w.cap);
	}
	(void)stamp_location_ask(&w);
	(void)stamp_return_ask(&w, STAMP_RETURN_SAME_LINK);
	if (key() && stamp_tlv_add_hmac(&w, seq, key())) {
		all.n = w.n;
		MUST(stamp_tlv_is_authentic(seq, &all, key()));
	}
	all.n = w.n;
	(void)count(all, &cut);
	MUST(!cut && w.n <= w.cap);
	check_values(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz f = { data, n };
	uint8_t bits = fuzz_octet(&f);
	struct stamp_facts facts = { .seq = 7,
				     .reflected_seq = 7,
				     .has_counters = bits & 1,
				     .may_choose_dscp = bits & 2,
				     .traffic_class = bits & 4 ? bits : -1,
				     .micro_session = bits & 8 ? 3 : 0,
				     .key = bits & 16 ? key() : NULL };
	struct stamp_wishes wishes;
	struct stamp_hmac made;
	bool cut, cut_after;
	size_t before;

	facts.source = fuzz_addr(&f);
	facts.destination = fuzz_addr(&f);
	check_base(f.at, f.n, STAMP_UNAUTHENTICATED);
	check_base(f.at, f.n, STAMP_AUTHENTICATED);
	check_writer(f);
	(void)!stamp_hmac_key_parse((const char *)f.at, f.n, &made);
	if (f.n >= 10)
		check_clock(bytes_get_be64(f.at), bytes_get_be16(f.at + 8));
	uint8_t *tlvs = fuzz_exact(f.at, f.n, false);
	const struct stamp_tlvs all = { .at = tlvs, .n = f.n };
	before = count(all, &cut);
	stamp_answer(&all, &facts, &wishes);
	MUST(count(all, &cut_after) == before && cut == cut_after);
	MUST(wishes.dscp >= -1 && wishes.dscp < 64 &&
	     (facts.may_choose_dscp || wishes.dscp == -1 || wishes.dscp == facts.traffic_class >> 2));
	check_values(&all);
	free(tlvs);
	return 0;
}
