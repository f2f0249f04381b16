/* SPDX-License-Identifier: MIT */
/* The formats by name. */
#include "echoprobe/report.h"

#include <string.h>

#include "base/attr.h"
#include "echoprobe/report_csv.h"
#include "echoprobe/report_json.h"
#include "echoprobe/report_jsonl.h"
#include "echoprobe/report_metrics.h"
#include "echoprobe/report_nagios.h"
#include "echoprobe/report_text.h"
#include "echoprobe/text_lines.h"
#include "echoprobe/verdict.h"

static const struct report reports[] = {
	{ .name = "text",
	  .packet = text_lines_packet,
	  .interval = text_lines_interval,
	  .finish = report_text_finish,
	  .status = verdict_exit },
	{ .name = "json", .finish = report_json_finish, .status = verdict_exit },
	{ .name = "jsonl",
	  .start = report_jsonl_start,
	  .packet = report_jsonl_packet,
	  .icmp = report_jsonl_icmp,
	  .interval = report_jsonl_interval,
	  .finish = report_jsonl_finish,
	  .status = verdict_exit },
	{ .name = "csv", .start = report_csv_start, .packet = report_csv_packet, .status = verdict_exit },
	{ .name = "openmetrics", .finish = report_metrics_finish, .status = verdict_exit },
	{ .name = "nagios", .finish = report_nagios_finish, .failed = report_nagios_failed, .status = report_nagios_status },
};

const struct report *report_find(const char *name)
{
	for (size_t i = 0; i < array_n(reports); i++)
		if (strcmp(reports[i].name, name) == 0)
			return &reports[i];
	return NULL;
}

const struct report *report_at(size_t i)
{
	return i < array_n(reports) ? &reports[i] : NULL;
}
