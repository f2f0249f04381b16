/* SPDX-License-Identifier: MIT */
/*
 * Files of the tz database (RFC 8536): a header and a block of 32-bit times for old readers, then both again with 64-bit
 * times, then a footer with the rule.
 */
#include "base/tzif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"

#define FILE_BYTES_MAX 262144 /* the largest of the database has 4 KiB */
#define HEADER_BYTES 44
#define MAGIC "TZif"
#define MAGIC_BYTES 4

struct header {
	uint32_t isut_n, isstd_n, leaps_n, times_n, types_n, chars_n;
};

/* 0 or -EINVAL. */
static int read_header(const uint8_t *at, size_t left, struct header *ret)
{
	const uint8_t *counts = at + HEADER_BYTES - 6 * 4;

	if (left < HEADER_BYTES || memcmp(at, MAGIC, MAGIC_BYTES) != 0)
		return -EINVAL;
	*ret = (struct header){
		.isut_n = bytes_get_be32(counts),
		.isstd_n = bytes_get_be32(counts + 4),
		.leaps_n = bytes_get_be32(counts + 8),
		.times_n = bytes_get_be32(counts + 12),
		.types_n = bytes_get_be32(counts + 16),
		.chars_n = bytes_get_be32(counts + 20),
	};
	return 0;
}

/* The data behind a header, its times having time_bytes each. */
static uint64_t block_bytes(const struct header *h, unsigned time_bytes)
{
	return (uint64_t)h->times_n * (time_bytes + 1) + (uint64_t)h->types_n * 6 + h->chars_n +
	       (uint64_t)h->leaps_n * (time_bytes + 4) + h->isstd_n + h->isut_n;
}

/* The second part: its header, times and footer. 0 or -ENOTSUP, -ENOMEM. */
static int read_second(const uint8_t *at, size_t left, struct tzif *ret)
{
	struct header h;

	if (read_header(at, left, &h) < 0 || h.leaps_n != 0 || block_bytes(&h, 8) > left - HEADER_BYTES)
		return -ENOTSUP;
	const char *footer = (const char *)at + HEADER_BYTES + block_bytes(&h, 8);
	size_t footer_n = left - HEADER_BYTES - (size_t)block_bytes(&h, 8);
	int64_t *changes = calloc(h.times_n + 1, sizeof(*changes));

	if (!changes)
		return -ENOMEM;
	for (size_t i = 0; i < h.times_n; i++)
		changes[i] = (int64_t)bytes_get_be64(at + HEADER_BYTES + 8 * i);
	/* "CET-1CEST,M3.5.0,M10.5.0/3": without a comma it is always the same time of the year. */
	*ret = (struct tzif){ changes, h.times_n, footer_n > 0 && memchr(footer, ',', footer_n) };
	return 0;
}

static int read_parts(const uint8_t *bytes, size_t n, struct tzif *ret)
{
	struct header h;

	if (read_header(bytes, n, &h) < 0)
		return n < MAGIC_BYTES || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0 ? -ENOENT : -ENOTSUP;
	if (bytes[MAGIC_BYTES] < '2' || block_bytes(&h, 4) > n - HEADER_BYTES)
		return -ENOTSUP;
	size_t second = HEADER_BYTES + (size_t)block_bytes(&h, 4);

	return read_second(bytes + second, n - second, ret);
}

int tzif_read(int fd, struct tzif *ret)
{
	cleanup_free uint8_t *bytes = malloc(FILE_BYTES_MAX);
	size_t n = 0;
	ssize_t got = 1;

	if (!bytes)
		return -ENOMEM;
	while (got > 0 && n < FILE_BYTES_MAX) {
		got = read(fd, bytes + n, FILE_BYTES_MAX - n);
		n += got > 0 ? (size_t)got : 0;
	}
	return got < 0 ? -errno : got > 0 ? -ENOTSUP : read_parts(bytes, n, ret);
}
