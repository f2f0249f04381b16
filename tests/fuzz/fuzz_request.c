/* SPDX-License-Identifier: MIT */
/*
 * The line of the control socket: taken, its words joined by blanks are the line; refused, the reason is printable.
 *
 * Covers: daemon/control/request.c
 */
#include "fuzz.h"

#include "control/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *line = fuzz_exact(data, n, false), *id = fuzz_text(&(struct fuzz){ data, n });
	char storage[256], joined[REQUEST_BYTES_MAX], again[64];
	struct text why = TEXT_OVER(storage), t = TEXT_OVER(joined), same = TEXT_OVER(again);
	struct request r;
	uint32_t slot, generation;

	if (request_parse(line, n, &r, &why) == 0) {
		MUST(r.words_n >= 1 && r.words_n <= REQUEST_WORDS_MAX && why.len == 0);
		for (size_t i = 0; i < r.words_n; i++) {
			text_add(&t, i > 0 ? " " : "");
			text_add(&t, r.words[i]);
		}
		MUST(!t.cut && t.len == n && memcmp(t.at, line, n) == 0);
	} else {
		MUST(r.words_n == 0 && why.len > 0 && !why.cut);
	}
	if (request_parse_id(id, &slot, &generation) == 0) {
		text_addf(&same, "%u.%u", slot, generation);
		MUST(strcmp(same.at, id) == 0);
	}
	free(id);
	free(line);
	return 0;
}
