/* SPDX-License-Identifier: MIT */
/* A record of the hostname server (RFC 953, RFC 952): its addresses and names, and the one line that says them. */
#include "service/record.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#define NAME_OCTETS_MAX 253
#define LABEL_OCTETS_MAX 63

/* IPv6 in brackets, so that no bare colon stands inside a field; without its interface, which means nothing to others. */
static void add_address(struct text *t, const struct addr *a)
{
	struct addr global = *a;
	bool brackets = a->family == AF_INET6;

	global.scope = 0;
	text_add(t, brackets ? "[" : "");
	addr_add_text(t, &global);
	text_add(t, brackets ? "]" : "");
}

/* The fields that a record may do without, up to the last one known; "::" stands for one unknown before that (RFC 952). */
static void add_optional_fields(struct text *t, const struct record *r)
{
	const char *const fields[] = { r->cpu, r->system, r->protocols };
	size_t n = array_n(fields);

	while (n > 0 && fields[n - 1][0] == '\0')
		n--;
	for (size_t i = 0; i < n; i++) {
		if (fields[i][0] == '\0')
			text_add(t, ":");
		else
			text_addf(t, " %s :", fields[i]);
	}
}

static void add_line(struct text *t, const struct record *r)
{
	assert(r->addresses_n > 0 && r->names_n > 0);
	text_addf(t, "%s : ", r->key);
	for (size_t i = 0; i < r->addresses_n; i++) {
		text_add(t, i > 0 ? ", " : "");
		add_address(t, &r->addresses[i]);
	}
	text_add(t, " : ");
	for (size_t i = 0; i < r->names_n; i++) {
		text_add(t, i > 0 ? "," : "");
		text_add(t, r->names[i]);
	}
	text_add(t, " :");
	add_optional_fields(t, r);
	text_add(t, "\r\n");
}

/* A builder leaves out single pieces that do not fit: a line with a piece missing is taken back whole. */
static bool add_whole(struct text *t, const struct record *r)
{
	struct text before = *t;

	t->cut = false;
	add_line(t, r);
	if (!t->cut) {
		t->cut = before.cut;
		return true;
	}
	*t = before;
	t->at[t->len] = '\0';
	return false;
}

void record_add_text(struct text *t, const struct record *r)
{
	if (!add_whole(t, r))
		t->cut = true;
}

bool record_add_text_that_fits(struct text *t, const struct record *r)
{
	struct record less = *r;

	while (!add_whole(t, &less)) {
		if (less.names_n > 1)
			less.names_n--;
		else if (less.addresses_n > 1)
			less.addresses_n--;
		else
			return false;
	}
	return true;
}

static bool is_name_octet(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool record_name_valid(const char *name, size_t n)
{
	size_t label = 0; /* octets of the label under way */

	if (n > NAME_OCTETS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool dot = name[i] == '.';

		if (dot ? label == 0 : !is_name_octet(name[i]))
			return false;
		label = dot ? 0 : label + 1;
		if (label > LABEL_OCTETS_MAX)
			return false;
	}
	return label > 0;
}
