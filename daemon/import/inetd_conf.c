/* SPDX-License-Identifier: MIT */
/* inetd.conf(5), read: service, type of socket, protocol, wait, user, program, arguments. */
#include "import/inetd_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define BLANKS " \t\r\n\v\f"
#define OFF "#<off>#"
#define PLACE_MAX 4112

enum column { SERVICE, SOCKET, PROTOCOL, WAIT, USER, PROGRAM, COLUMNS };

struct reading {
	struct foreign *f;
	char host[256]; /* of a line "HOST:", for those that follow */
	char place[PLACE_MAX];
	bool off; /* the line under way */
};

static int add(struct reading *r, struct foreign_entry *e, const char *name, const char *words)
{
	return foreign_add_attribute(r->f, e, &(struct foreign_attribute){ (char *)name, '=', (char *)words, r->place });
}

/* "HOST:" alone is for the lines that follow; "*:" ends that. */
static int take_host(struct reading *r, char *word)
{
	word[strlen(word) - 1] = '\0';
	if ((size_t)snprintf(r->host, sizeof(r->host), "%s", strcmp(word, "*") == 0 ? "" : word) >= sizeof(r->host))
		return foreign_refuse(r->f, r->place, "the host's name is too long");
	return 0;
}

/* The service's name without "HOST:" before it; *ret_host is that, or the one of the lines before. */
static char *service_of(const struct reading *r, char *word, const char **ret_host)
{
	char *colon = strrchr(word, ':');

	*ret_host = r->host;
	if (!colon)
		return word;
	*colon = '\0';
	*ret_host = strcmp(word, "*") == 0 ? "" : word;
	return colon + 1;
}

static int add_entry(struct reading *r, char *columns[COLUMNS])
{
	const char *host;
	char *service = service_of(r, columns[SERVICE], &host);
	char *limit = columns[WAIT] + strcspn(columns[WAIT], ".:/");
	struct foreign_entry *e = foreign_add(r->f, service, r->place);
	int result = e ? 0 : -ENOMEM;

	if (result == 0)
		result = add(r, e, "socket_type", columns[SOCKET]);
	if (result == 0)
		result = add(r, e, "protocol", columns[PROTOCOL]);
	if (result == 0 && strcmp(columns[PROGRAM], "internal") == 0)
		result = add(r, e, "type", "INTERNAL");
	if (result == 0 && !strchr(columns[PROTOCOL], '6'))
		result = add(r, e, "flags", "IPv4"); /* of openbsd-inetd; others may open both */
	if (result == 0 && *host)
		result = add(r, e, "bind", host);
	if (result == 0 && *limit)
		result = add(r, e, "wait.max", limit + 1);
	if (result == 0 && r->off)
		result = add(r, e, "disable", "yes");
	return result;
}

/* A line that is off and has too few words is a comment of somebody. */
static int read_line(struct reading *r, char *line)
{
	char *columns[COLUMNS], *rest = line;
	int n = 0;

	r->off = strncmp(line, OFF, strlen(OFF)) == 0;
	if (r->off)
		rest += strlen(OFF);
	rest += strspn(rest, BLANKS);
	if (*rest == '\0' || *rest == '#')
		return 0;
	for (char *word; n < COLUMNS && (word = strsep(&rest, BLANKS)) != NULL;)
		if (*word != '\0')
			columns[n++] = word;
	if (n == 1 && columns[0][strlen(columns[0]) - 1] == ':')
		return take_host(r, columns[0]);
	if (n == COLUMNS)
		return add_entry(r, columns);
	return r->off ? 0 : foreign_refuse(r->f, r->place, "%d words are no line of inetd.conf(5), which has six", n);
}

int inetd_conf_read(struct foreign *f, const char *path)
{
	struct reading r = { .f = f };
	cleanup_file FILE *file = fopen(path, "re");
	cleanup_free char *line = NULL;
	size_t cap = 0;
	int result = 0;

	f->daytime = "ctime";
	if (!file)
		return foreign_refuse(f, path, "cannot be opened: %s", strerror(errno));
	for (unsigned n = 1; result == 0 && getline(&line, &cap, file) >= 0; n++) {
		snprintf(r.place, sizeof(r.place), "%s:%u", path, n);
		result = read_line(&r, line);
	}
	if (result == 0 && ferror(file))
		result = foreign_refuse(f, path, "cannot be read");
	return result;
}
