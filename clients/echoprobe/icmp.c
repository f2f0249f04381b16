/* SPDX-License-Identifier: MIT */
/* The ICMP errors of a run, counted by their kind and by who sent them. */
#include "echoprobe/icmp.h"

static bool is_row(const struct result_icmp *row, const struct errqueue_message *m)
{
	return row->family == m->family && row->type == m->type && row->code == m->code &&
	       addr_same_host(&row->from, &m->from) && row->mtu_bytes.known == (m->mtu_bytes != 0) &&
	       row->mtu_bytes.value == m->mtu_bytes;
}

const struct result_icmp *icmp_add(struct icmp_errors *errors, const struct errqueue_message *m)
{
	size_t i = 0;

	while (i < errors->n && !is_row(&errors->rows[i], m))
		i++;
	if (i == ICMP_KINDS_MAX)
		i--;
	else if (i == errors->n) {
		errors->n++;
		errors->rows[i] = (struct result_icmp){
			.family = (uint8_t)m->family,
			.type = m->type,
			.code = m->code,
			.from = m->from,
			.mtu_bytes = { .known = m->mtu_bytes != 0, .value = m->mtu_bytes },
		};
	}
	errors->rows[i].count++;
	return &errors->rows[i];
}
