/* SPDX-License-Identifier: MIT */
/*
 * The text of an upgrade: whatever stands in it, it is refused or read; what is read is written and reads back to the same.
 *
 * Covers: daemon/upgrade/handover_text.c
 */
#include "fuzz.h"

#include "upgrade/handover_text.h"

struct thing {
	int fd;
	uint8_t small;
	uint16_t medium;
	uint32_t large;
	uint64_t largest;
	char name[8];
	unsigned char bytes[4];
};

static const struct handover_text_field fields[] = {
	HANDOVER_TEXT_FIELD(thing, fd, FD),          HANDOVER_TEXT_FIELD(thing, small, NUMBER),
	HANDOVER_TEXT_FIELD(thing, medium, NUMBER),  HANDOVER_TEXT_FIELD(thing, large, NUMBER),
	HANDOVER_TEXT_FIELD(thing, largest, NUMBER), HANDOVER_TEXT_FIELD(thing, name, TEXT),
	HANDOVER_TEXT_FIELD(thing, bytes, BYTES),
};

static char *written(const struct thing *thing)
{
	char *text = NULL;
	size_t n = 0;
	struct handover_text_writer w = { .to = open_memstream(&text, &n) };

	MUST(w.to);
	handover_text_begin(&w);
	handover_text_write(&w, "thing", fields, array_n(fields), thing);
	MUST(handover_text_end(&w) == 0 && fclose(w.to) == 0);
	MUST(w.fds_n == (thing->fd >= 0));
	free(w.fds);
	return text;
}

/* Reads the first line of a text; false: it is refused. */
static bool read_first(char *text, struct thing *ret)
{
	struct handover_text_reader r;
	char *rest;
	unsigned version;

	memset(ret, 0, sizeof(*ret));
	return handover_text_open(&r, text, &version) == 0 && handover_text_next(&r, &rest) != NULL &&
	       handover_text_read(rest, fields, array_n(fields), ret) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = fuzz_text(&(struct fuzz){ data, n }), *rest, *again, *third;
	struct handover_text_reader r;
	struct thing thing, other;
	unsigned version = 0;

	if (handover_text_open(&r, text, &version) == 0) {
		MUST(version == HANDOVER_TEXT_VERSION);
		while (handover_text_next(&r, &rest)) {
			memset(&thing, 0, sizeof(thing));
			if (handover_text_read(rest, fields, array_n(fields), &thing) < 0)
				continue;
			MUST(thing.fd >= -1 && memchr(thing.name, '\0', sizeof(thing.name)));
			again = written(&thing);
			MUST(read_first(again, &other));
			third = written(&other);
			free(again);
			again = written(&thing);
			MUST(strcmp(again, third) == 0);
			free(again);
			free(third);
		}
	}
	free(text);
	return 0;
}
