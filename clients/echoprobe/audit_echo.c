/* SPDX-License-Identifier: MIT */
/* The rules of RFC 862. */
#include "echoprobe/audit_echo.h"

#include "base/text.h"
#include "echoprobe/audit_said.h"

/* The number of first octets that are the same in both. */
static size_t same_n(const struct audit_heard *h)
{
	size_t i = 0;

	while (i < h->n && i < h->said_n && h->at[i] == h->said[i])
		i++;
	return i;
}

static void break_by_octet(const struct audit_heard *h, size_t at, struct audit_finding *f)
{
	char why[96];
	struct text t = TEXT_OVER(why);

	text_addf(&t, "octet %zu is %02x, and was sent as %02x", at, h->at[at], h->said[at]);
	audit_heard_break_at(f, h, at, why);
}

static void break_by_length(const struct audit_heard *h, struct audit_finding *f)
{
	audit_heard_break(f, "of %zu octets %zu came back", h->said_n, h->n);
}

void audit_echo_same(const struct audit_heard *h, struct audit_finding *f)
{
	size_t at = same_n(h);

	if (h->answers == 0)
		audit_said_something(h, f);
	else if (at < h->n && at < h->said_n)
		break_by_octet(h, at, f);
	else if (h->n != h->said_n)
		break_by_length(h, f);
}

void audit_echo_stream(const struct audit_heard *h, struct audit_finding *f)
{
	size_t at = same_n(h);

	if (at < h->n && at < h->said_n)
		break_by_octet(h, at, f);
	else if (at < h->n)
		audit_heard_break_at(f, h, at, "more came back than was sent");
	else if (h->n == 0)
		audit_heard_break(f, "nothing came back");
}

void audit_echo_half_close(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n < h->said_n)
		break_by_length(h, f);
	else
		audit_said_ends(h, f);
}

void audit_echo_urgent(const struct audit_heard *h, struct audit_finding *f)
{
	if (h->n + 1 == h->said_n)
		audit_heard_break(f, "it is the one octet that is missing");
	else if (h->n < h->said_n)
		audit_heard_skip(f, "of %zu octets %zu came back", h->said_n, h->n);
}
