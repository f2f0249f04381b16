/* SPDX-License-Identifier: MIT */
/* The questions of an audit. */
#include "echoprobe/audit_ask.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "wire/stamp.h"
#include "wire/stamp_clock.h"
#include "wire/stamp_tlv.h"

#define PADDING 28

static size_t write_base(uint8_t *to, enum stamp_mode mode)
{
	struct timespec now = clock_wall();
	struct stamp_error error = { .form = STAMP_NTP, .error_ns = CLOCK_S_NS };
	struct stamp_request r = { .seq = UINT32_MAX };

	r.sent = stamp_clock_write(&now, STAMP_NTP);
	r.error = stamp_error_write(&error);
	stamp_write_request(to, mode, &r);
	return stamp_base_bytes(mode);
}

static size_t write_stamp(uint8_t *to, const struct stamp_hmac *key maybe_unused)
{
	return write_base(to, STAMP_UNAUTHENTICATED);
}

static size_t write_stamp_padded(uint8_t *to, const struct stamp_hmac *key maybe_unused)
{
	uint8_t *tlv = to + write_stamp(to, key);

	tlv[0] = STAMP_TLV_UNRECOGNISED;
	tlv[1] = STAMP_TLV_PADDING;
	bytes_put_be16(tlv + 2, PADDING);
	for (unsigned i = 0; i < PADDING; i++)
		tlv[STAMP_TLV_HEADER + i] = (uint8_t)(0x41 + i);
	return STAMP_BASE + STAMP_TLV_HEADER + PADDING;
}

static size_t write_stamp_short(uint8_t *to, const struct stamp_hmac *key maybe_unused)
{
	write_stamp(to, key);
	return STAMP_REQUEST_MIN - 1;
}

static size_t write_stamp_no_error(uint8_t *to, const struct stamp_hmac *key maybe_unused)
{
	write_stamp(to, key);
	bytes_put_be16(to + 12, 0);
	return STAMP_BASE;
}

static size_t write_stamp_signed(uint8_t *to, const struct stamp_hmac *key)
{
	size_t n = write_base(to, STAMP_AUTHENTICATED);

	stamp_sign(to, key);
	return n;
}

static size_t write_stamp_forged(uint8_t *to, const struct stamp_hmac *key)
{
	size_t n = write_stamp_signed(to, key);

	to[n - 1] ^= 1;
	return n;
}

const struct audit_ask audit_asks[AUDIT_ASKS_N] = {
	[AUDIT_ASK_EMPTY] = { .fill_n = 0 },
	[AUDIT_ASK_OCTET] = { .fill_n = 1, .due = AUDIT_DUE_SILENCE },
	[AUDIT_ASK_SMALL] = { .fill_n = 64, .due = AUDIT_DUE_EITHER },
	[AUDIT_ASK_DATAGRAM] = { .fill_n = 512 },
	[AUDIT_ASK_LONG] = { .fill_n = 20000, .fragments = true },
	[AUDIT_ASK_NO_ANSWER] = { .fill_n = 512, .due = AUDIT_DUE_NEVER },
	[AUDIT_ASK_LOOP] = { .fill_n = 512, .due = AUDIT_DUE_SILENCE, .as_server = true },
	[AUDIT_ASK_ZERO] = { .fill_n = 512, .due = AUDIT_DUE_SILENCE, .from_zero = true },
	[AUDIT_ASK_STAMP] = { .write = write_stamp },
	[AUDIT_ASK_STAMP_PADDED] = { .write = write_stamp_padded },
	[AUDIT_ASK_STAMP_SHORT] = { .write = write_stamp_short, .due = AUDIT_DUE_SILENCE },
	[AUDIT_ASK_STAMP_NO_ERROR] = { .write = write_stamp_no_error, .due = AUDIT_DUE_SILENCE },
	[AUDIT_ASK_STAMP_LOOP] = { .write = write_stamp, .due = AUDIT_DUE_SILENCE, .as_server = true },
	[AUDIT_ASK_STAMP_ZERO] = { .write = write_stamp, .due = AUDIT_DUE_SILENCE, .from_zero = true },
	[AUDIT_ASK_STAMP_SIGNED] = { .write = write_stamp_signed },
	[AUDIT_ASK_STAMP_FORGED] = { .write = write_stamp_forged, .due = AUDIT_DUE_SILENCE },
	[AUDIT_ASK_NOTHING] = { .fill_n = 0 },
	[AUDIT_ASK_STREAM] = { .fill_n = AUDIT_SAID_MAX, .half_closes = true, .listens_late = true },
	[AUDIT_ASK_URGENT] = { .fill_n = 65, .half_closes = true, .urgent = true },
	[AUDIT_ASK_TALK] = { .fill_n = 100000, .listens_late = true },
	[AUDIT_ASK_LISTEN] = { .fill_n = 0, .enough_n = 7400 },
	[AUDIT_ASK_INTERRUPT] = { .fill_n = 512, .listens_late = true, .enough_n = 7400 },
	[AUDIT_ASK_HNAME] = { .text = "HNAME no-such-host.invalid\r\n" },
	[AUDIT_ASK_HADDR] = { .text = "HADDR 999.1.1.1\r\n" },
	[AUDIT_ASK_VERSION] = { .text = "vErSiOn\r\n" },
	[AUDIT_ASK_FOO] = { .text = "FOO\r\n" },
	[AUDIT_ASK_FOO_SPLIT] = { .text = "FOO\r\n", .split = true },
	[AUDIT_ASK_NO_LINE] = { .fill_n = 10000, .listens_late = true },
	[AUDIT_ASK_NO_SERVICE] = { .text = "no-such-service\r\n" },
	[AUDIT_ASK_NO_SERVICE_SPLIT] = { .text = "no-such-service\r\n", .split = true },
	[AUDIT_ASK_HELP] = { .text = "hElP\r\n" },
};

/* Printable, so that it is no line's end, but all octets where all may be said; never soon the same again. */
static uint8_t pattern(size_t i, size_t n)
{
	return n == AUDIT_SAID_MAX ? (uint8_t)(i * 7 + i / 256) : (uint8_t)('!' + (i * 7 + i / 94) % 94);
}

size_t audit_ask_write(const struct audit_ask *a, const struct stamp_hmac *key, uint8_t *to)
{
	if (a->write)
		return a->write(to, key);
	if (a->text) {
		memcpy(to, a->text, strlen(a->text));
		return strlen(a->text);
	}
	for (size_t i = 0; i < a->fill_n; i++)
		to[i] = pattern(i, a->fill_n);
	return a->fill_n;
}
