/* SPDX-License-Identifier: MIT */
/* The log lines that were not written, told. */
#include "generation/log_losses.h"

#include "base/log.h"
#include "base/log_quota.h"

/* Events that came too often for a line each. */
static void tell_withheld(void)
{
	char event[LOG_QUOTA_EVENT_BYTES + 1];
	struct log_line l;

	for (unsigned i = 0; i < LOG_QUOTA_EVENTS; i++) {
		uint64_t n = log_quota_withheld(i, event);
		if (!n)
			continue;
		log_begin(&l, LOG_LEVEL_WARNING, "withheld");
		log_text(&l, "event", event);
		log_number(&l, "lines", (int64_t)n);
		log_end(&l);
	}
}

/* Lines that whoever reads the log did not take in time. Should this one be lost too, they are told later, without it. */
static void tell_lost(struct fleet *f)
{
	uint64_t lost = log_lost();
	struct log_line l;

	if (lost == f->lost_told)
		return;
	log_begin(&l, LOG_LEVEL_WARNING, "lost");
	log_number(&l, "lines", (int64_t)(lost - f->lost_told));
	if (log_end(&l))
		f->lost_told = lost;
	else
		f->lost_told++;
}

void log_losses(struct fleet *f)
{
	tell_withheld();
	tell_lost(f);
}
