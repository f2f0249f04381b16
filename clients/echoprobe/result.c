/* SPDX-License-Identifier: MIT */
/* The words for what a run found out. */
#include "echoprobe/result.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "base/attr.h"

const char *result_end_name(enum result_end end)
{
	static const char *const names[] = {
		[RESULT_RUNNING] = "running",         [RESULT_COUNT] = "count",           [RESULT_DURATION] = "duration",
		[RESULT_INTERRUPTED] = "interrupted", [RESULT_PROHIBITED] = "prohibited", [RESULT_FAILED] = "failed",
	};

	return names[end];
}

const char *result_fate_name(enum result_fate fate)
{
	static const char *const names[] = {
		[RESULT_OK] = "ok",
		[RESULT_LOST] = "lost",
		[RESULT_LATE] = "late",
		[RESULT_DUPLICATE] = "duplicate",
		[RESULT_CORRUPTED] = "corrupted",
		[RESULT_TRUNCATED] = "truncated",
		[RESULT_LENGTHENED] = "lengthened",
		[RESULT_OTHER_ADDRESS] = "other_address",
		[RESULT_NOT_KNOWN] = NULL,
	};

	return names[fate];
}

const char *result_stamper_name(enum result_stamper by)
{
	static const char *const names[] = {
		[RESULT_STAMPER_UNKNOWN] = NULL,
		[RESULT_STAMPER_USER] = "user",
		[RESULT_STAMPER_KERNEL] = "kernel",
		[RESULT_STAMPER_HARDWARE] = "hardware",
	};

	return names[by];
}

const char *result_found_name(enum result_found by)
{
	static const char *const names[] = {
		[RESULT_NOT_FOUND] = NULL,
		[RESULT_BY_ICMP] = "icmp",
		[RESULT_BY_SEARCH] = "search",
		[RESULT_BY_FRAGMENTS] = "fragments",
	};

	return names[by];
}

/* --- ICMP ------------------------------------------------------------------------------------------------------------- */

#define ANY_CODE 256

struct icmp_name {
	unsigned type, code;
	const char *name;
};

static const struct icmp_name names_v4[] = {
	{ ICMP_DEST_UNREACH, ICMP_NET_UNREACH, "network-unreachable" },
	{ ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, "host-unreachable" },
	{ ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, "protocol-unreachable" },
	{ ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, "port-unreachable" },
	{ ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, "fragmentation-needed" },
	{ ICMP_DEST_UNREACH, ICMP_NET_ANO, "network-prohibited" },
	{ ICMP_DEST_UNREACH, ICMP_HOST_ANO, "host-prohibited" },
	{ ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, "communication-prohibited" },
	{ ICMP_DEST_UNREACH, ANY_CODE, "destination-unreachable" },
	{ ICMP_SOURCE_QUENCH, ANY_CODE, "source-quench" },
	{ ICMP_REDIRECT, ANY_CODE, "redirect" },
	{ ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, "time-exceeded" },
	{ ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, "reassembly-time-exceeded" },
	{ ICMP_PARAMETERPROB, ANY_CODE, "parameter-problem" },
};

static const struct icmp_name names_v6[] = {
	{ ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, "network-unreachable" },
	{ ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADMIN, "communication-prohibited" },
	{ ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR, "host-unreachable" },
	{ ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, "port-unreachable" },
	{ ICMP6_DST_UNREACH, ANY_CODE, "destination-unreachable" },
	{ ICMP6_PACKET_TOO_BIG, ANY_CODE, "packet-too-big" },
	{ ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT, "time-exceeded" },
	{ ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_REASSEMBLY, "reassembly-time-exceeded" },
	{ ICMP6_PARAM_PROB, ANY_CODE, "parameter-problem" },
};

const char *result_icmp_name(const struct result_icmp *icmp)
{
	const struct icmp_name *names = icmp->family == AF_INET6 ? names_v6 : names_v4;
	size_t n = icmp->family == AF_INET6 ? array_n(names_v6) : array_n(names_v4);

	for (size_t i = 0; i < n; i++)
		if (names[i].type == icmp->type && (names[i].code == icmp->code || names[i].code == ANY_CODE))
			return names[i].name;
	return "other";
}
