/* SPDX-License-Identifier: MIT */
/* Attributes as settings. */
#include "import/convert_rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admission/hours.h"
#include "base/cleanup.h"
#include "base/decimal.h"
#include "base/text.h"
#include "import/access_word.h"

struct rule {
	const char *name; /* of the attribute */
	void (*print)(struct section *s, const struct foreign_attribute *a, const struct rule *rule);
	const char *key; /* of the setting */
	const char *why; /* there is none */
};

void convert_comment(struct section *s, const char *place, const char *fmt, ...)
{
	char storage[1024], printable[2048];
	struct text t = TEXT_OVER(storage), p = TEXT_OVER(printable);
	va_list args;

	va_start(args, fmt);
	text_vaddf(&t, fmt, args);
	va_end(args);
	text_add_printable(&p, t.cut ? "a long line" : storage, t.cut ? strlen("a long line") : t.len);
	fprintf(s->to, "%s# %s: %s\n", s->indent, place, printable);
}

static void lose(struct section *s, const struct foreign_attribute *a, const char *why)
{
	convert_comment(s, a->place, "%s %s%s %s: %s", a->name,
			a->op == '='   ? ""
			: a->op == '+' ? "+"
				       : "-",
			"=", a->words, why);
	s->lost++;
}

/* Says that something was lost that kept somebody out. */
static void lose_a_limit(struct section *s, const struct foreign_attribute *a, const char *why)
{
	lose(s, a, why);
	s->wider = true;
}

static void print_lost(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	lose(s, a, rule->why);
}

static void print_lost_limit(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	lose_a_limit(s, a, rule->why);
}

/* Of connections only: a datagram is answered at once, and has no place to take. */
static void print_count(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	uint64_t n;

	if (s->datagrams)
		return;
	if (strcmp(a->words, "UNLIMITED") == 0)
		fprintf(s->to, "%s%s = 0;\n", s->indent, rule->key);
	else if (decimal_parse(a->words, INT32_MAX, &n) == 0 && n > 0)
		fprintf(s->to, "%s%s = %s;\n", s->indent, rule->key, a->words);
	else
		lose_a_limit(s, a, "is no number of sessions");
}

static void print_load(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	uint64_t thousandths;

	if (s->datagrams)
		return;
	if (decimal_thousandths(a->words, &thousandths) == 0 && thousandths > 0)
		fprintf(s->to, "%s%s = %s;\n", s->indent, rule->key, a->words);
	else
		lose(s, a, "is no load average");
}

static void print_number(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	uint64_t n;

	if (decimal_parse(a->words, UINT16_MAX, &n) == 0 && n > 0)
		fprintf(s->to, "%s%s = %s;\n", s->indent, rule->key, a->words);
	else
		lose_a_limit(s, a, "is no port");
}

static void print_bool(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	fprintf(s->to, "%s%s = %s;\n", s->indent, rule->key, strcmp(a->words, "yes") == 0 ? "true" : "false");
}

static void print_address(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	struct addr parsed;

	if (addr_parse(a->words, &parsed) == 0)
		fprintf(s->to, "%s%s = \"%s\";\n", s->indent, rule->key, a->words);
	else
		lose_a_limit(s, a, "names are not looked up; `address` takes numbers");
}

static void print_name(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	static const char may[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (a->words[strspn(a->words, may)] == '\0' && strlen(a->words) < 32)
		fprintf(s->to, "%s%s = \"%s\";\n", s->indent, rule->key, a->words);
	else
		lose(s, a, "a name has letters, digits, \"_\", \".\" and \"-\"");
}

/* One flag that was given. */
static int print_flag(void *context, const char *flag)
{
	struct section *s = context;
	const struct foreign_attribute *a = foreign_find(s->e, "flags");

	if (strcmp(flag, "KEEPALIVE") == 0 && !s->datagrams)
		fprintf(s->to, "%skeepalive = \"2h\";\n", s->indent);
	else if (strcmp(flag, "INTERCEPT") == 0 || strcmp(flag, "SENSOR") == 0 || strcmp(flag, "LABELED") == 0)
		convert_comment(s, a->place, "flags = %s: there is nothing of this kind", flag), s->lost++;
	return 0; /* the others are what this daemon does anyway, or addresses (print_family) */
}

static void print_flags(struct section *s, const struct foreign_attribute *a, const struct rule *rule maybe_unused)
{
	(void)foreign_each_word(a->words, print_flag, s);
}

/* A list of prefixes under way. */
struct prefixes {
	struct section *s;
	const struct foreign_attribute *a;
	const char *key;
	unsigned n;
	bool lost;
};

static void print_prefix(struct prefixes *p, const struct prefix *prefix)
{
	char storage[ADDR_TEXT_MAX + 8];
	struct text t = TEXT_OVER(storage);

	prefix_add_text(&t, prefix);
	if (p->n++ == 0)
		fprintf(p->s->to, "%s%s = [ ", p->s->indent, p->key);
	else
		fputs(", ", p->s->to);
	fprintf(p->s->to, "\"%s\"", storage);
}

static int print_access(void *context, const char *word)
{
	struct prefixes *p = context;
	struct prefix found[ACCESS_WORD_MAX];
	int n = access_word_read(word, found);

	p->lost |= n < 0;
	for (int i = 0; i < n; i++)
		print_prefix(p, &found[i]);
	return 0;
}

/* Lists with the words that are addresses. A name could only be looked up now, and may be another host's tomorrow. */
static void print_prefixes(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	static const struct prefix everybody[] = { { .addr = { .family = AF_INET } }, { .addr = { .family = AF_INET6 } } };
	cleanup_free char *words = foreign_words(s->f, s->e, a->name);
	struct prefixes p = { s, a, rule->key, 0, false };
	bool allows = strcmp(rule->key, "allow") == 0;

	if (!words) {
		lose_a_limit(s, a, "out of memory");
		return;
	}
	(void)foreign_each_word(words, print_access, &p); /* prints what it finds */
	if (p.n == 0 && allows) { /* an empty list of those who may is nobody; an empty `allow` is everybody */
		p.key = "deny";
		print_prefix(&p, &everybody[0]);
		print_prefix(&p, &everybody[1]);
	}
	if (p.n)
		fputs(" ];\n", s->to);
	if (p.lost && allows)
		lose(s, a, "names are not looked up; the addresses alone are above");
	else if (p.lost)
		lose_a_limit(s, a, "names are not looked up; the addresses alone are above");
}

/* Spans under way. */
struct spans {
	FILE *to; /* NULL: they are only checked */
	unsigned n;
};

static int print_span(void *context, const char *word)
{
	struct spans *spans = context;
	struct hours_span span;

	if (spans->n == HOURS_MAX || hours_parse(word, &span) < 0)
		return -EINVAL;
	spans->n++;
	if (spans->to)
		fprintf(spans->to, "%s\"%s\"", spans->n == 1 ? "" : ", ", word);
	return 0;
}

static void print_hours(struct section *s, const struct foreign_attribute *a, const struct rule *rule)
{
	struct spans checked = { NULL, 0 }, printed = { s->to, 0 };

	if (foreign_each_word(a->words, print_span, &checked) < 0 || checked.n == 0) {
		lose_a_limit(s, a, "are no spans of hours");
		return;
	}
	convert_comment(s, a->place, "access_times are of the host's zone there, and of `timezone` here");
	fprintf(s->to, "%s%s = [ ", s->indent, rule->key);
	(void)foreign_each_word(a->words, print_span, &printed);
	fputs(" ];\n", s->to);
}

static const struct rule rules[] = {
	{ "id", print_name, "name", NULL },
	{ "port", print_number, "port", NULL },
	{ "bind", print_address, "address", NULL },
	{ "interface", print_address, "address", NULL },
	{ "v6only", print_bool, "v6only", NULL },
	{ "instances", print_count, "max_sessions", NULL },
	{ "per_source", print_count, "max_sessions_per_source", NULL },
	{ "only_from", print_prefixes, "allow", NULL },
	{ "no_access", print_prefixes, "deny", NULL },
	{ "flags", print_flags, NULL, NULL },
	{ "access_times", print_hours, "access_times", NULL },
	{ "cps", print_lost, NULL, "no listener is closed for a while; session_rate limits each source" },
	{ "wait.max", print_lost, NULL, "no listener is closed for a while; session_rate limits each source" },
	{ "max_load", print_load, "max_load", NULL },
	{ "banner", print_lost, NULL, "nothing is sent before a service's own bytes" },
	{ "banner_success", print_lost, NULL, "nothing is sent before a service's own bytes" },
	{ "banner_fail", print_lost, NULL, "a file; `banner_refused` is one line, written here" },
	{ "log_type", print_lost, NULL, "the log goes to standard error, or the journal" },
	{ "redirect", print_lost_limit, NULL, "a proxy's work: HAProxy, or systemd-socket-proxyd" },
	{ "deny_time", print_lost, NULL, "there is nothing of this kind" },
	{ "nice", print_lost, NULL, "`Nice=` of the unit is for the whole daemon" },
	{ "rlimit_as", print_lost, NULL, "`memory_limit` of a pool is for each worker" },
	{ "rlimit_cpu", print_lost, NULL, "there is nothing of this kind" },
	{ "rlimit_data", print_lost, NULL, "`memory_limit` of a pool is for each worker" },
	{ "rlimit_rss", print_lost, NULL, "`memory_limit` of a pool is for each worker" },
	{ "rlimit_stack", print_lost, NULL, "there is nothing of this kind" },
	{ "rlimit_files", print_lost, NULL, "`limits` is for the whole daemon" },
};

/* Attributes that say what the entry is (print_listener), or that make no difference to a service that is built in. */
static const char *const silent[] = { "type",   "socket_type", "protocol",       "wait",     "user",          "group",
				      "groups", "umask",       "disable",        "disabled", "enabled",       "mdns",
				      "env",    "passenv",     "log_on_failure", "libwrap",  "log_on_success" };

static bool is_silent(const char *name)
{
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if (strcmp(silent[i], name) == 0)
			return true;
	return false;
}

static void print_attribute(struct section *s, const struct foreign_attribute *a)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].name, a->name) == 0) {
			rules[i].print(s, a, &rules[i]);
			return;
		}
	}
	if (!is_silent(a->name))
		lose(s, a, "is not known");
}

void convert_attributes(struct section *s)
{
	for (size_t i = 0; i < s->e->attributes_n; i++)
		if (foreign_find(s->e, s->e->attributes[i].name) == &s->e->attributes[i])
			print_attribute(s, &s->e->attributes[i]);
}
