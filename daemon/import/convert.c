/* SPDX-License-Identifier: MIT */
/* From xinetd's words to a file of settings. */
#include "import/convert.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "import/convert_rules.h"

static const char *words_of(const struct foreign_entry *e, const char *name)
{
	const struct foreign_attribute *a = foreign_find(e, name);

	return a ? a->words : "";
}

static bool is_built_in(const struct foreign_entry *e)
{
	static const char *const names[] = { "echo", "discard", "chargen", "daytime", "time", "tcpmux" };
	bool known = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		known |= strcmp(names[i], e->service) == 0;
	return known && foreign_has_word(e, "type", "INTERNAL");
}

/* xinetd opens both families where nothing else is said, and inetd's "tcp46"; its "tcp6" opens one. */
static void print_family(struct section *s)
{
	const struct foreign_entry *defaults = &s->f->defaults;
	const char *protocol = words_of(s->e, "protocol");

	if (foreign_find(s->e, "bind") || foreign_find(s->e, "interface") || foreign_find(defaults, "bind") ||
	    foreign_find(defaults, "interface"))
		return;
	if (foreign_has_word(s->e, "flags", "IPv4"))
		fprintf(s->to, "%saddress = \"0.0.0.0\";\n", s->indent);
	else if (strchr(protocol, '6') && !strstr(protocol, "46"))
		fprintf(s->to, "%saddress = \"::\";\n", s->indent);
}

/* `disable` of the entry, or its name or identifier in the lists of `defaults`. */
static bool is_off(const struct foreign *f, const struct foreign_entry *e)
{
	const struct foreign_entry *d = &f->defaults;
	const char *id = words_of(e, "id");

	if (strcmp(words_of(e, "disable"), "yes") == 0)
		return true;
	if (foreign_has_word(d, "disabled", e->service) || foreign_has_word(d, "disabled", id))
		return true;
	return foreign_find(d, "enabled") && !foreign_has_word(d, "enabled", e->service) &&
	       !foreign_has_word(d, "enabled", id);
}

static void print_end(struct section *s, bool off)
{
	if (s->wider)
		fprintf(s->to, "%senabled = false; # until what is said above is settled: it would serve more than before\n",
			s->indent);
	else if (off)
		fprintf(s->to, "%senabled = false;\n", s->indent);
}

/* True: a listener of ours can take its place. */
static bool has_equivalent(const struct foreign_entry *e)
{
	const char *type = words_of(e, "socket_type");

	return is_built_in(e) && (strcmp(type, "stream") == 0 || strcmp(type, "dgram") == 0);
}

/* The number of things lost. *left: listeners that are still to be printed. */
static unsigned print_listener(const struct foreign *f, const struct foreign_entry *e, FILE *to, size_t *left)
{
	struct section s = { .f = f, .e = e, .to = to, .indent = "\t" };

	s.datagrams = strcmp(words_of(e, "socket_type"), "dgram") == 0;
	if (!has_equivalent(e)) {
		convert_comment(&s, e->place, "service %s: is not built in here, and stays with the program before",
				e->service);
		return !is_off(f, e);
	}
	fprintf(to, "\t{\n\t\t# %s\n\t\tservice = \"%s\";\n\t\ttransport = \"%s\";\n", e->place, e->service,
		s.datagrams ? "udp" : "tcp");
	s.indent = "\t\t";
	if (strcmp(e->service, "daytime") == 0)
		fprintf(to, "%sformat = \"%s\";\n", s.indent, f->daytime);
	print_family(&s);
	convert_attributes(&s);
	print_end(&s, is_off(f, e));
	fputs(--*left ? "\t},\n" : "\t}\n", to);
	return s.lost;
}

/* True: sessions were logged, by the entry or by `defaults`. */
static bool logs_sessions(const struct foreign *f, const struct foreign_entry *e)
{
	cleanup_free char *words = foreign_words(f, e, "log_on_success");

	return words && *words;
}

unsigned convert_print(const struct foreign *f, FILE *to)
{
	struct section s = { .f = f, .e = &f->defaults, .to = to, .indent = "\t" };
	bool logs = logs_sessions(f, &f->defaults);
	size_t left = 0;

	for (size_t i = 0; i < f->entries_n; i++) {
		left += has_equivalent(&f->entries[i]);
		logs |= has_equivalent(&f->entries[i]) && !is_off(f, &f->entries[i]) && logs_sessions(f, &f->entries[i]);
	}
	if (logs)
		fputs("log = { sessions = true; }; # log_on_success\n\n", to);
	if (f->defaults.attributes_n) {
		fprintf(to, "defaults = {\n\t# %s\n", f->defaults.place);
		convert_attributes(&s);
		print_end(&s, false);
		fputs("};\n\n", to);
	}
	fputs("listeners = (\n", to);
	for (size_t i = 0; i < f->entries_n; i++)
		s.lost += print_listener(f, &f->entries[i], to, &left);
	fputs(");\n", to);
	return s.lost;
}
