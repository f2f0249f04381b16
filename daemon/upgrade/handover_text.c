/* SPDX-License-Identifier: MIT */
/* The text that one program hands to the next at an upgrade: structures as lines, and back. */
#include "upgrade/handover_text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"

#define MAGIC "echotimed-state "
#define END "end\n"

/* ---- writing ---- */

static void note_descriptor(struct handover_text_writer *w, int fd)
{
	if (w->fds_n == w->fds_cap) {
		size_t cap = w->fds_cap ? w->fds_cap * 2 : 64;
		int *more = reallocarray(w->fds, cap, sizeof(*more));
		if (!more) {
			w->failed = true;
			return;
		}
		w->fds = more;
		w->fds_cap = cap;
	}
	w->fds[w->fds_n++] = fd;
}

static uint64_t get_number(const void *at, size_t bytes)
{
	uint64_t n = 0;

	memcpy(&n, at, bytes); /* little-endian hosts: what is not is brought together below */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	n >>= 64 - 8 * bytes;
#endif
	return n;
}

static void write_text(FILE *to, const char *s)
{
	for (; *s; s++)
		if (*s > ' ' && *s < 0x7f && *s != '%')
			(void)putc(*s, to);
		else
			(void)fprintf(to, "%%%02x", (unsigned)(unsigned char)*s);
}

static void write_value(struct handover_text_writer *w, const struct handover_text_field *f, const void *at)
{
	const unsigned char *bytes = at;
	int fd;

	switch (f->kind) {
	case HANDOVER_TEXT_NUMBER:
		(void)fprintf(w->to, "%" PRIu64, get_number(at, f->bytes));
		break;
	case HANDOVER_TEXT_FD:
		memcpy(&fd, at, sizeof(fd));
		(void)fprintf(w->to, "%d", fd);
		if (fd >= 0)
			note_descriptor(w, fd);
		break;
	case HANDOVER_TEXT_TEXT:
		write_text(w->to, at);
		break;
	case HANDOVER_TEXT_BYTES:
		for (size_t i = 0; i < f->bytes; i++)
			(void)fprintf(w->to, "%02x", bytes[i]);
		break;
	}
}

void handover_text_begin(struct handover_text_writer *w)
{
	(void)fprintf(w->to, MAGIC "%d\n", HANDOVER_TEXT_VERSION);
}

void handover_text_write(struct handover_text_writer *w, const char *kind, const struct handover_text_field *fields,
			 size_t n, const void *from)
{
	(void)fputs(kind, w->to);
	for (size_t i = 0; i < n; i++) {
		(void)fprintf(w->to, " %s=", fields[i].name);
		write_value(w, &fields[i], (const char *)from + fields[i].at);
	}
	(void)putc('\n', w->to);
}

int handover_text_end(struct handover_text_writer *w)
{
	(void)fputs(END, w->to);
	if (w->failed)
		return -ENOMEM;
	return fflush(w->to) == EOF || ferror(w->to) ? -EIO : 0;
}

/* ---- reading ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits; -1: they are none. */
static int octet_of(const char *s)
{
	int high = digit_of(s[0]), low = high < 0 ? -1 : digit_of(s[1]);

	return low < 0 ? -1 : high << 4 | low;
}

static int read_text(const char *s, size_t bytes, char *to)
{
	size_t n = 0;

	for (; *s; s++) {
		int c = *s != '%' ? (unsigned char)*s : octet_of(s + 1);
		if (c <= 0 || n + 1 >= bytes)
			return -EINVAL;
		s += *s == '%' ? 2 : 0;
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return 0;
}

static int read_bytes(const char *s, size_t bytes, unsigned char *to)
{
	for (size_t i = 0; i < bytes; i++, s += 2) {
		int c = octet_of(s);
		if (c < 0)
			return -EINVAL;
		to[i] = (unsigned char)c;
	}
	return *s ? -EINVAL : 0;
}

static int read_value(const char *s, const struct handover_text_field *f, void *to)
{
	uint64_t n = 0;
	int fd = -1, r;

	switch (f->kind) {
	case HANDOVER_TEXT_NUMBER:
		r = decimal_parse(s, UINT64_MAX >> (64 - 8 * f->bytes), &n);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
		n <<= 64 - 8 * f->bytes;
#endif
		if (r == 0)
			memcpy(to, &n, f->bytes);
		return r;
	case HANDOVER_TEXT_FD:
		r = strcmp(s, "-1") == 0 ? 0 : decimal_parse(s, INT_MAX, &n);
		if (r == 0 && *s != '-')
			fd = (int)n;
		memcpy(to, &fd, sizeof(fd));
		return r;
	case HANDOVER_TEXT_TEXT:
		return read_text(s, f->bytes, to);
	default:
		return read_bytes(s, f->bytes, to);
	}
}

int handover_text_open(struct handover_text_reader *r, char *text, unsigned *ret_version)
{
	size_t n = strlen(text);
	char *line_end = strchr(text, '\n');
	uint64_t version;

	if (strncmp(text, MAGIC, strlen(MAGIC)) != 0 || !line_end)
		return -EINVAL;
	*line_end = '\0';
	if (decimal_parse(text + strlen(MAGIC), UINT32_MAX, &version) < 0)
		return -EINVAL;
	*ret_version = (unsigned)version;
	if (version != HANDOVER_TEXT_VERSION)
		return -EPROTO;
	r->at = line_end + 1;
	/* The end is a line of its own, and the last one: nothing was cut off. */
	if (n < strlen(END) || strcmp(text + n - strlen(END), END) != 0 || text[n - strlen(END) - 1] > '\n')
		return -EINVAL;
	text[n - strlen(END)] = '\0';
	return 0;
}

const char *handover_text_next(struct handover_text_reader *r, char **ret_rest)
{
	char *line = r->at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	r->at = end + 1;
	*ret_rest = line + strcspn(line, " ");
	if (**ret_rest)
		*(*ret_rest)++ = '\0';
	return line;
}

int handover_text_read(char *rest, const struct handover_text_field *fields, size_t n, void *to)
{
	for (size_t i = 0; i < n; i++) {
		char *word = strsep(&rest, " ");
		size_t name_n = strlen(fields[i].name);

		if (!word || strncmp(word, fields[i].name, name_n) != 0 || word[name_n] != '=' ||
		    read_value(word + name_n + 1, &fields[i], (char *)to + fields[i].at) < 0)
			return -EINVAL;
	}
	return rest ? -EINVAL : 0;
}
