/* SPDX-License-Identifier: MIT */
/* The findings of a rule in what a server said. */
#include "echoprobe/audit_heard.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"

static void conclude(struct audit_finding *f, enum audit_verdict verdict, const char *fmt, va_list args)
{
	struct text t = TEXT_OVER(f->reason);

	f->verdict = verdict;
	text_vaddf(&t, fmt, args);
}

void audit_heard_break(struct audit_finding *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	conclude(f, AUDIT_BROKEN, fmt, args);
	va_end(args);
}

void audit_heard_skip(struct audit_finding *f, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	conclude(f, AUDIT_NOT_TESTABLE, fmt, args);
	va_end(args);
}

void audit_heard_break_at(struct audit_finding *f, const struct audit_heard *h, size_t at, const char *why)
{
	audit_heard_break(f, "%s", why);
	if (at >= h->n)
		return;
	f->at = at;
	f->bytes_n = h->n - at < sizeof(f->bytes) ? h->n - at : sizeof(f->bytes);
	memcpy(f->bytes, h->at + at, f->bytes_n);
}

const char *audit_verdict_name(enum audit_verdict v)
{
	return v == AUDIT_KEPT ? "kept" : v == AUDIT_BROKEN ? "broken" : "not testable";
}
