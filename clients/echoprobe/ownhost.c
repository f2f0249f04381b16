/* SPDX-License-Identifier: MIT */
/* The losses of this host itself: counters of the kernel for all its sockets. */
#include "echoprobe/ownhost.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/fd.h"

#define FILE_MAX 16384 /* either file is some 3 KiB */

/* The word number `place` of a line. */
static const char *word_at(const char *line, unsigned place)
{
	for (; place > 0 && *line != '\n' && *line != '\0'; place--) {
		line += strcspn(line, " \n");
		line += strspn(line, " ");
	}
	return line;
}

/* The place of a word in a line; 0: it is not there (the first one is "Udp:"). */
static unsigned place_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	for (unsigned place = 1;; place++) {
		const char *word = word_at(line, place);

		if (*word == '\n' || *word == '\0')
			return 0;
		if (strncmp(word, name, n) == 0 && strchr(" \n", word[n]))
			return place;
	}
}

/* A line "Udp: NAME NAME …" and behind it one of numbers. */
static bool find_v4(const char *text, const char *name, uint64_t *ret)
{
	const char *names = strstr(text, "\nUdp: ");
	const char *numbers = names ? strstr(names + 1, "\nUdp: ") : NULL;
	unsigned place = numbers ? place_of(names + 1, name) : 0;

	return place > 0 && sscanf(word_at(numbers + 1, place), "%" SCNu64, ret) == 1;
}

/* Lines "Udp6NAME NUMBER". */
static bool find_v6(const char *text, const char *name, uint64_t *ret)
{
	char wanted[64];
	const char *at;

	snprintf(wanted, sizeof(wanted), "\nUdp6%s ", name);
	at = strstr(text, wanted);
	return at && sscanf(at + strlen(wanted), "%" SCNu64, ret) == 1;
}

struct ownhost ownhost_parse(int family, const char *text)
{
	struct ownhost h = { 0 };

	if (family == AF_INET)
		h.known = find_v4(text, "RcvbufErrors", &h.buffer_errors) &&
			  find_v4(text, "InCsumErrors", &h.checksum_errors);
	else
		h.known = find_v6(text, "RcvbufErrors", &h.buffer_errors) &&
			  find_v6(text, "InCsumErrors", &h.checksum_errors);
	return h;
}

struct ownhost ownhost_read(int family)
{
	cleanup_fd int fd = open(family == AF_INET ? "/proc/net/snmp" : "/proc/net/snmp6", O_RDONLY | O_CLOEXEC);
	static char text[FILE_MAX];
	size_t used = 0;
	ssize_t n;

	while (fd >= 0 && used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	return ownhost_parse(family, text);
}
