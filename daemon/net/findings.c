/* SPDX-License-Identifier: MIT */
/* Findings: things that a configuration names and this machine does not have. */
#include "net/findings.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/users.h"

struct findings {
	FILE *to;
	size_t n;
	const struct listener_settings *of; /* NULL: of no listener       */
	size_t at;                          /* the how manyth that one is */
};

static void printf_like(3, 4) find(struct findings *f, const char *key, const char *fmt, ...)
{
	va_list args;

	if (f->of)
		fprintf(f->to, "%s:%u: listeners.[%zu].", f->of->file, f->of->line, f->at);
	fprintf(f->to, "%s: ", key);
	va_start(args, fmt);
	vfprintf(f->to, fmt, args);
	va_end(args);
	fputc('\n', f->to);
	f->n++;
}

static void check_user(struct findings *f, const char *key, const char *said)
{
	uid_t uid;
	gid_t gid;

	if (said[0] && users_find(said, &uid, &gid) < 0)
		find(f, key, "there is no user \"%s\" on this machine", said);
}

static void check_group(struct findings *f, const char *key, const char *said)
{
	gid_t gid;

	if (said[0] && users_find_group(said, &gid) < 0)
		find(f, key, "there is no group \"%s\" on this machine", said);
}

/* Of a path that is one. What may not be looked at is not judged. */
static void check_folder(struct findings *f, const char *key, const char *path)
{
	char storage[sizeof(f->of->path)];
	struct text folder = TEXT_OVER(storage);
	struct stat st;

	if (path[0] != '/')
		return;
	size_t n = (size_t)(strrchr(path, '/') - path);
	text_add_bytes(&folder, path, n > 0 ? n : 1);
	if (stat(folder.at, &st) < 0 ? errno == ENOENT || errno == ENOTDIR : !S_ISDIR(st.st_mode))
		find(f, key, "there is no folder %s on this machine", folder.at);
}

static void check_ip(struct findings *f)
{
	const char *interface = f->of->socket.interface;

	if (interface[0] && if_nametoindex(interface) == 0)
		find(f, "interface", "there is no interface \"%s\" on this machine", interface);
	for (size_t i = 0; i < f->of->addresses_n; i++) {
		const struct addr *a = &f->of->addresses[i].addr;

		if (f->of->addresses[i].kind == LISTENER_ADDRESS_ONE && a->family == AF_INET6 && addr_is_link_local(a) &&
		    !a->scope && !interface[0])
			find(f, "address", "\"%s\" is on every link; say on which interface (\"%s%%eth0\")",
			     f->of->addresses[i].text, f->of->addresses[i].text);
	}
}

static void check_listener(struct findings *f)
{
	if (f->of->transports & ((unsigned)TRANSPORT_TCP | TRANSPORT_UDP))
		check_ip(f);
	if (!(f->of->transports & TRANSPORT_UNIXES) || f->of->path[0] == '@')
		return;
	check_user(f, "owner", f->of->owner);
	check_group(f, "group", f->of->group);
	check_folder(f, "path", f->of->path);
}

size_t findings_print(const struct settings *s, FILE *to)
{
	struct findings f = { .to = to };

	/* Nobody but root becomes somebody, and needs whom the settings do not name. */
	check_user(&f, "user", geteuid() != 0 ? s->user : settings_user(s));
	check_group(&f, "group", s->group);
	check_group(&f, "control.group", s->control.group);
	check_folder(&f, "control.path", s->control.path);
	for (size_t i = 0; i < s->listeners_n; i++) {
		f.of = &s->listeners[i];
		f.at = i;
		if (f.of->enabled)
			check_listener(&f);
	}
	return f.n;
}
