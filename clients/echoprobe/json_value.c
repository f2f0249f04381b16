/* SPDX-License-Identifier: MIT */
/* JSON from the values of a result. */
#include "echoprobe/json_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/text.h"

#define RATIO_DIGITS 6
#define TEXT_MAX 4096
#define EXIT_NOTHING_TESTED 2

/* Memory that was allocated. */
static json_t *or_end(json_t *allocated)
{
	if (allocated)
		return allocated;
	(void)fputs("echoprobe: out of memory\n", stderr);
	exit(EXIT_NOTHING_TESTED);
}

static void done_or_end(int r)
{
	if (r < 0)
		(void)or_end(NULL);
}

void json_value_set(json_t *object, const char *name, json_t *value)
{
	done_or_end(json_object_set_new(object, name, or_end(value)));
}

void json_value_add(json_t *array, json_t *value)
{
	done_or_end(json_array_append_new(array, or_end(value)));
}

json_t *json_value_object(void)
{
	return or_end(json_object());
}

json_t *json_value_array(void)
{
	return or_end(json_array());
}

json_t *json_value_count(uint64_t n)
{
	return or_end(json_integer((json_int_t)n));
}

json_t *json_value_of(struct result_value v)
{
	return v.known ? or_end(json_integer(v.value)) : json_null();
}

json_t *json_value_text(const char *s)
{
	char storage[TEXT_MAX];
	struct text t = TEXT_OVER(storage);
	json_t *as_it_is;

	if (!s)
		return json_null();
	as_it_is = json_string(s);
	if (as_it_is)
		return as_it_is;
	text_add_printable(&t, s, strlen(s));
	return or_end(json_string(t.at));
}

json_t *json_value_addr(const struct addr *a)
{
	char storage[ADDR_TEXT_MAX];
	struct text t = TEXT_OVER(storage);

	if (a->family == AF_UNSPEC)
		return json_null();
	addr_add_text(&t, a);
	return or_end(json_string(t.at));
}

json_t *json_value_moment(struct timespec at)
{
	struct civil c = civil_from_unix(at.tv_sec);
	char storage[64];
	struct text t = TEXT_OVER(storage);

	text_addf(&t, "%04" PRId64 "-%02d-%02dT%02d:%02d:%02d.%09ldZ", c.year, c.month, c.day, c.hour, c.minute, c.second,
		  at.tv_nsec);
	return or_end(json_string(t.at));
}

void json_value_write(json_t *value, FILE *to)
{
	/* The writing fails where the stream does, which the caller looks at. */
	(void)json_dumpf(value, to, JSON_COMPACT | JSON_REAL_PRECISION(RATIO_DIGITS));
	(void)fputc('\n', to);
	json_decref(value);
}
