/* SPDX-License-Identifier: MIT */
/* Rules that are about how a server answers, and those of RFC 868. */
#include "echoprobe/audit_said.h"

#include "base/bytes.h"
#include "base/text.h"

#define TIME_BYTES 4
#define SECONDS_1900_1970 UINT32_C(2208988800)
#define DAY_S 86400

/* --- datagrams ------------------------------------------------------------------------------------------------------ */

void audit_said_once(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->answers > 1)
		audit_heard_break(f, "%u answers came to one datagram", h->answers);
}

void audit_said_source(const struct audit_heard *h, struct audit_finding *f)
{
	char storage[ADDR_TEXT_MAX];
	struct text from = TEXT_OVER(storage);

	if (h->answers == 0 || addr_same(&h->from, &h->asked))
		return;
	addr_add_text_port(&from, &h->from);
	audit_heard_break(f, "it came from %s", storage);
}

void audit_said_something(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->answers == 0)
		audit_heard_break(f, "%u datagrams of %zu octets had no answer, others have one", h->tries, h->said_n);
}

void audit_said_nothing(const struct audit_heard *h, struct audit_finding *f)
{
	char why[96];
	struct text t = TEXT_OVER(why);

	if (h->answers == 0)
		return;
	text_addf(&t, "%zu octets from port %u had an answer of %zu", h->said_n, h->from_port, h->n);
	audit_heard_break_at(f, h, 0, why);
}

void audit_said_nothing_seen(const struct audit_heard *h, struct audit_finding *f)
{
	struct text t = TEXT_OVER(f->reason);

	audit_said_nothing(h, f);
	if (h->answers == 0)
		text_add(&t, "nothing came, as would be behind a filter");
}

void audit_said_not_longer(const struct audit_heard *h, struct audit_finding *f)
{
	char why[96];
	struct text t = TEXT_OVER(why);

	if (h->n <= h->said_n)
		return;
	text_addf(&t, "%zu octets had an answer of %zu", h->said_n, h->n);
	audit_heard_break_at(f, h, h->said_n, why);
}

/* --- connections ---------------------------------------------------------------------------------------------------- */

void audit_said_no_data(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n > 0)
		audit_heard_break_at(f, h, 0, "the server said something");
}

void audit_said_ends(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->end == AUDIT_RESET)
		audit_heard_break(f, "the server reset the connection");
	else if (h->end != AUDIT_ENDED)
		audit_heard_break(f, "the connection was still open");
}

void audit_said_whole(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->end == AUDIT_RESET)
		audit_heard_break(f, "the connection was reset after %zu octets of the answer", h->n);
	else if (h->n == 0)
		audit_heard_break(f, "nothing came");
}

void audit_said_refused(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n == 0 && h->end != AUDIT_ENDED && h->end != AUDIT_RESET)
		audit_heard_break(f, "nothing came, and the connection was still open");
}

/* --- RFC 868 -------------------------------------------------------------------------------------------------------- */

/* Whether there is something to judge: a server that does not know the time says nothing, and is right. */
static bool has_time(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n == 0)
		audit_heard_skip(f, "it says nothing, as a server that does not know the time");
	return h->n > 0;
}

void audit_said_time(const struct audit_heard *h, struct audit_finding *f)
{
	char why[64];
	struct text t = TEXT_OVER(why);

	if (!has_time(h, f) || h->n == TIME_BYTES)
		return;
	text_addf(&t, "it has %zu octets", h->n);
	audit_heard_break_at(f, h, 0, why);
}

static bool is_near(uint32_t a, uint32_t b)
{
	return (uint32_t)(a - b + DAY_S) <= 2 * DAY_S;
}

/* A clock may be wrong by years: only what another way to count says rightly is wrong. */
void audit_said_epoch(const struct audit_heard *h, struct audit_finding *f)
{
	uint32_t since_1970 = (uint32_t)h->clock_s, since_1900 = since_1970 + SECONDS_1900_1970, said;

	if (!has_time(h, f))
		return;
	if (h->n < TIME_BYTES) {
		audit_heard_skip(f, "the answer is too short");
		return;
	}
	said = bytes_get_be32(h->at);
	if (is_near(said, since_1900))
		return;
	if (is_near(said, since_1970))
		audit_heard_break_at(f, h, 0, "it counts from 1970");
	else if (is_near(__builtin_bswap32(said), since_1900))
		audit_heard_break_at(f, h, 0, "the low octet comes first");
	else if (h->n >= 2 * TIME_BYTES)
		audit_heard_skip(f, "the first 4 octets of the answer are no time");
}
