/* SPDX-License-Identifier: MIT */
/* Entries of a host table sent between BEGIN: and END:, over as many calls as it takes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "service/hosttable.h"
#include "service/service.h"

/* The list's rest that is still to be sent. */
struct hostlist {
	const struct hosttable *table; /* NULL: there is none, so the list is empty               */
	const uint32_t *numbers;       /* the entries' numbers; NULL: they follow each other      */
	uint32_t next, end;            /* places in numbers, or where that is NULL entry numbers  */
	bool old_names;                /* ALL-OLD: no names with a dot, no entries without a name */
	bool begun;
};

/* Sends what there is room for: SVC_FLUSH until all is sent, then SVC_DONE. A datagram holds the whole list or is not
 * sent (SVC_DROP). */
enum svc_verdict hostlist_send(struct hostlist *l, const struct svc_context *ctx, struct svc_io *io);
