/* SPDX-License-Identifier: MIT */
/* Entries of a host table sent between BEGIN: and END:, over as many calls as it takes. */
#include "service/hostlist.h"

#include <assert.h>
#include <string.h>

#include "service/output.h"

#define BEGIN "BEGIN:\r\n"
#define END "END:\r\n"

_Static_assert(RECORD_TEXT_MAX <= SVC_OUT_MIN, "any record fits an empty output, so a list gets on with each call");

/* Leaves out the names in domain style; "the host table without domain style names" (RFC 953). */
static void keep_old_names(struct record *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->names_n; i++)
		if (!strchr(r->names[i], '.'))
			r->names[n++] = r->names[i];
	r->names_n = n;
}

/* Appends the next entry. False where it does not fit. */
static bool add_next(const struct hostlist *l, struct svc_io *io)
{
	struct record r = hosttable_record(l->table, l->numbers ? l->numbers[l->next] : l->next);
	char storage[RECORD_TEXT_MAX + 1];
	struct text t = TEXT_OVER(storage);

	if (l->old_names)
		keep_old_names(&r);
	if (r.names_n == 0)
		return true;
	record_add_text(&t, &r);
	assert(!t.cut); /* the table took no entry that is longer */
	return output_add(io, storage, t.len);
}

/* False where not all that is left fits. */
static bool add_all(struct hostlist *l, struct svc_io *io)
{
	if (!l->begun && !output_add(io, BEGIN, strlen(BEGIN)))
		return false;
	l->begun = true;
	for (; l->next < l->end; l->next++)
		if (!add_next(l, io))
			return false;
	return output_add(io, END, strlen(END));
}

enum svc_verdict hostlist_send(struct hostlist *l, const struct svc_context *ctx, struct svc_io *io)
{
	io->in_used = io->in_len;
	if (add_all(l, io))
		return SVC_DONE;
	if (!output_is_datagram(ctx))
		return SVC_FLUSH;
	io->out_len = 0;
	return SVC_DROP;
}
