/* SPDX-License-Identifier: MIT */
/* echotimectl: asks a running echotimed, and tells it what to do. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <jansson.h>

#include "base/decimal.h"
#include "base/text.h"
#include "echotimectl/ask.h"
#include "echotimectl/screen.h"

#define PATIENCE_S 15
#define WATCH_S 2
#define RELOAD_PATIENCE_S 90 /* it waits for processes to start, and for another reload before it */
#define EXIT_REFUSED 1

static const char usage[] =
	"usage: echotimectl [-s SOCKET] [--json] COMMAND [ARGUMENT...]\n"
	"  status              the daemon, its listeners and their rates, its processes\n"
	"  stats               every counter\n"
	"  sessions            who is served, how long, how much\n"
	"  top                 whose sessions they are: the sources with most first\n"
	"  limits              what is refused now, for which reason, and to whom\n"
	"  kill ID             end a session; ID as `sessions` has it\n"
	"  drain LISTENER      take nothing new there; sessions go on\n"
	"  resume LISTENER     serve there again\n"
	"  impair LISTENER [KEY=VALUE]...  do this to its answers on purpose; without KEY: as the settings say\n"
	"  reload              take over the settings; waits for the outcome\n"
	"  -s, --socket SOCKET  where the daemon listens (" ECHOTIMED_CONTROL ")\n"
	"  -w, --watch[=SECONDS]  again and again (2)\n"
	"  --json              print the answer as it comes, a JSON object a line\n"
	"  -V, --version       the version\n"
	"  -h, --help          this text\n";

static const struct command {
	const char *name;
	const char *argument; /* what it is; NULL: none */
	unsigned patience_s;
	bool has_keys;    /* KEY=VALUE words may follow */
	bool changes;     /* something: nothing to watch */
	const char *asks; /* the daemon's word for it; NULL: the same */
} commands[] = {
	{ "status", NULL, PATIENCE_S, false, false, NULL },     { "stats", NULL, PATIENCE_S, false, false, NULL },
	{ "sessions", NULL, PATIENCE_S, false, false, NULL },   { "top", NULL, PATIENCE_S, false, false, "sessions" },
	{ "limits", NULL, PATIENCE_S, false, false, NULL },     { "kill", "ID", PATIENCE_S, false, true, NULL },
	{ "drain", "LISTENER", PATIENCE_S, false, true, NULL }, { "resume", "LISTENER", PATIENCE_S, false, true, NULL },
	{ "impair", "LISTENER", PATIENCE_S, true, true, NULL }, { "reload", NULL, RELOAD_PATIENCE_S, false, true, NULL },
};

struct options {
	const char *socket; /* NULL: not said */
	bool json;
	uint64_t watch_s; /* between two looks; 0: one is enough */
	const struct command *command;
	char **words; /* of the command, itself the first */
	int words_n;
};

static int fail(int code, const char *what)
{
	fprintf(stderr, "echotimectl: %s\n", what);
	return code;
}

static int fail_usage(const char *what, const char *word)
{
	fprintf(stderr, "echotimectl: %s%s\n%s", what, word, usage);
	return EX_USAGE;
}

/* --- options -------------------------------------------------------------------------------------------------------- */

static int read_command(int n, char **words, struct options *o)
{
	if (n == 0)
		return fail_usage("a command is missing", "");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, words[0]) == 0)
			o->command = &commands[i];
	if (!o->command)
		return fail_usage("no such command: ", words[0]);
	if (o->command->argument && n < 2)
		return fail_usage("this command needs its argument: ", o->command->argument);
	if (n > (o->command->argument ? 2 : 1) && !o->command->has_keys)
		return fail_usage("one word too many: ", words[o->command->argument ? 2 : 1]);
	if (o->watch_s && o->command->changes)
		return fail_usage("there is nothing to watch: ", words[0]);
	o->words = words;
	o->words_n = n;
	return 0;
}

/* 0 or an exit code; o->command is NULL where there is nothing left to do. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "socket", required_argument, NULL, 's' }, { "json", no_argument, NULL, 'j' },
		{ "watch", optional_argument, NULL, 'w' },  { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },         { 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "s:w::Vh", names, NULL)) != -1;) {
		if (c == 's')
			o->socket = optarg;
		else if (c == 'j')
			o->json = true;
		else if (c == 'w' && !optarg)
			o->watch_s = WATCH_S;
		else if (c == 'w' && (decimal_parse(optarg, 86400, &o->watch_s) < 0 || o->watch_s == 0))
			return fail_usage("no number of seconds: ", optarg);
		else if (c == 'w')
			continue;
		else if (c == 'V' || c == 'h')
			return fputs(c == 'V' ? PACKAGE_STRING "\n" : usage, stdout) == EOF ? EX_IOERR : 0;
		else {
			fputs(usage, stderr);
			return EX_USAGE;
		}
	}
	return read_command(argc - optind, argv + optind, o);
}

/* --- question and answer -------------------------------------------------------------------------------------------- */

static bool is_word(const char *s)
{
	for (const char *c = s; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return s[0];
}

/* The request's line into t. The word that cannot be one of it; NULL: it is made. */
static const char *make_request(const struct options *o, struct text *t)
{
	for (int i = 0; i < o->words_n; i++) {
		text_addf(t, "%s%s", i ? " " : "", i == 0 && o->command->asks ? o->command->asks : o->words[i]);
		if (!is_word(o->words[i]) || t->cut)
			return o->words[i];
	}
	text_add(t, "\n");
	return t->cut ? o->words[o->words_n - 1] : NULL;
}

/* The last line: the exit code. */
static int finish(const json_t *end)
{
	const char *message = json_string_value(json_object_get(end, "message"));
	bool ok = json_is_true(json_object_get(end, "ok"));
	char storage[1024];
	struct text t = TEXT_OVER(storage);

	if (message)
		text_add_printable(&t, message, strlen(message));
	if (!ok)
		return fail(EXIT_REFUSED, message ? t.at : "refused");
	if (message)
		puts(t.at);
	return 0;
}

/* A line of the answer. -1: go on; else it was the last one: the exit code. */
static int take_line(const struct options *o, const char *line, size_t n, struct screen *screen)
{
	json_t *v = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	const char *kind = json_string_value(json_object_get(v, "kind"));
	int code = -1;

	if (!kind)
		code = fail(EX_PROTOCOL, "the daemon's answer cannot be understood");
	else if (o->json)
		puts(line);
	else if (strcmp(kind, "end") != 0)
		screen_add(screen, v);
	if (kind && strcmp(kind, "end") == 0) {
		if (o->json)
			code = json_is_true(json_object_get(v, "ok")) ? 0 : EXIT_REFUSED;
		else {
			screen_print(screen);
			code = finish(v);
		}
	}
	json_decref(v);
	return code;
}

static int take_answer(const struct options *o, struct ask *a)
{
	struct screen screen;
	int code = -1;

	screen_init(&screen, o->command->name);
	while (code < 0) {
		char *line;
		size_t n;
		int r = ask_next(a, &line, &n);

		if (r == 0)
			return fail(EX_UNAVAILABLE, "the daemon ended before its answer");
		if (r == -EPROTO)
			return fail(EX_PROTOCOL, "the daemon's answer cannot be understood");
		if (r < 0)
			return fail(EX_UNAVAILABLE, r == -EAGAIN ? "the daemon does not answer" : strerror(-r));
		code = take_line(o, line, n, &screen);
	}
	return code;
}

/* The exit code. */
static int give_command(const struct options *o, const char *request)
{
	static struct ask ask;
	char storage[256];
	struct text why = TEXT_OVER(storage);
	int r = ask_open(&ask, o->socket, &why);

	if (r < 0)
		return fail(r == -EACCES || r == -EPERM ? EX_NOPERM : EX_UNAVAILABLE, why.at);
	r = ask_send(&ask, request, strlen(request), o->command->patience_s);
	int code = r < 0 ? fail(EX_UNAVAILABLE, strerror(-r)) : take_answer(o, &ask);
	ask_close(&ask);
	return fflush(stdout) == EOF && !code ? EX_IOERR : code;
}

/* Until it fails. On a terminal each look takes the place of the one before. */
static int watch(const struct options *o, const char *request)
{
	bool clears = isatty(STDOUT_FILENO) && !o->json;
	int code;

	for (;;) {
		if (clears)
			fputs("\033[H\033[2J", stdout);
		code = give_command(o, request);
		if (code)
			return code;
		(void)sleep((unsigned)o->watch_s);
	}
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int code = read_options(argc, argv, &o);

	if (code || !o.command)
		return code;
	char storage[512];
	struct text request = TEXT_OVER(storage);
	const char *wrong = make_request(&o, &request);
	if (wrong)
		return fail_usage("no such argument: ", wrong);
	return o.watch_s ? watch(&o, request.at) : give_command(&o, request.at);
}
