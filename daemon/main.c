/* SPDX-License-Identifier: MIT */
/* echotimed: options, then settings, then the supervisor. */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/static_nss.h"
#include "net/describe.h"
#include "net/findings.h"
#include "net/passed.h"
#include "settings/environment.h"
#include "settings/json_schema.h"
#include "settings/settings.h"
#include "import/import.h"
#include "inetd/inetd.h"
#include "supervisor/settings_report.h"
#include "supervisor/supervisor.h"
#include "upgrade/takeover.h"

#define OVERRIDES_MAX 64

struct options {
	const char *file; /* NULL: not said */
	const char *inetd;
	const char *import;
	struct settings_override said[OVERRIDES_MAX]; /* by -o */
	size_t said_n;
	struct settings_override *overrides; /* the environment's, then those */
	size_t overrides_n;
	enum { SERVE, TEST, DUMP, SCHEMA, VERSION_ONLY, HELP } what;
};

static const char usage[] =
	"usage: echotimed [-c FILE] [-o KEY=VALUE]... [-t | -T | -V | -h] [--inetd NAME] [--import FILE]\n"
	"  -c, --config FILE       the configuration (" ECHOTIMED_CONF ")\n"
	"  -o, --option KEY=VALUE  one setting over the file's; may repeat\n"
	"  -t, --test              check everything and say what would listen; exit 0, 69 or 78\n"
	"  -T, --dump              print the effective settings as a configuration\n"
	"  --inetd NAME            serve the one session on the descriptor passed, then exit\n"
	"  --import FILE           print settings for what xinetd or an inetd served by itself (FILE: its\n"
	"                          file, or a folder like xinetd.d); exit 1 where something was lost\n"
	"  --schema                print what settings there are, as a JSON Schema\n"
	"  -V, --version           version, and what was compiled in\n"
	"  -h, --help              this text\n";

/* 0, or EX_USAGE with a message. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' }, { "option", required_argument, NULL, 'o' },
		{ "test", no_argument, NULL, 't' },         { "dump", no_argument, NULL, 'T' },
		{ "version", no_argument, NULL, 'V' },      { "help", no_argument, NULL, 'h' },
		{ "inetd", required_argument, NULL, 'i' },  { "import", required_argument, NULL, 'm' },
		{ "schema", no_argument, NULL, 's' },       { 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "c:o:tTVh", names, NULL)) != -1;) {
		if (c == 'c')
			o->file = optarg;
		else if (c == 't')
			o->what = TEST;
		else if (c == 'T')
			o->what = DUMP;
		else if (c == 'i')
			o->inetd = optarg;
		else if (c == 'm')
			o->import = optarg;
		else if (c == 's')
			o->what = SCHEMA;
		else if (c == 'V')
			o->what = VERSION_ONLY;
		else if (c == 'h')
			o->what = HELP;
		else if (c == 'o' && o->said_n < OVERRIDES_MAX && settings_split_override(optarg, &o->said[o->said_n]) == 0)
			o->said_n++;
		else {
			if (c == 'o' && o->said_n == OVERRIDES_MAX)
				fprintf(stderr, "echotimed: -o %s: there are more than %d of them\n", optarg, OVERRIDES_MAX);
			else if (c == 'o')
				fprintf(stderr, "echotimed: -o %s: has no value (-o KEY=VALUE)\n", optarg);
			else
				fputs(usage, stderr);
			return EX_USAGE;
		}
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "echotimed: %s: not an option\n%s", argv[optind], usage);
	return EX_USAGE;
}

/* What -o says goes over the environment. */
static int gather_overrides(struct options *o)
{
	int r = environment_read(environ, o->said_n, &o->overrides, &o->overrides_n);

	for (size_t i = 0; r == 0 && i < o->said_n; i++)
		o->overrides[o->overrides_n++] = o->said[i];
	return r;
}

/* Reads the settings and says what is wrong with them: a daemon in its log. 0 or an exit code. */
static int read_settings(const struct options *o, struct settings **ret)
{
	static struct settings_report report;
	int r = settings_read(&(struct settings_source){ o->file, o->overrides, o->overrides_n }, ret, &report);

	(o->what == SERVE ? settings_report_log : settings_report_print)(o->file, r, &report);
	return settings_report_exit_code(r, &report);
}

/* An exit code. */
static int run(int argc, char **argv)
{
	static struct options o;
	struct settings *settings = NULL;
	int code = read_options(argc, argv, &o);

	if (code)
		return code;
	if (o.what == HELP)
		return fputs(usage, stdout) == EOF ? EX_IOERR : 0;
	if (o.what == SCHEMA)
		return json_schema_write(stdout) < 0 || fflush(stdout) == EOF ? EX_IOERR : 0;
	if (o.what == VERSION_ONLY)
		return puts(PACKAGE_STRING "\n" BUILT_WITH) == EOF || fflush(stdout) == EOF ? EX_IOERR : 0;
	if (o.import)
		return import_run(o.import);
	if (o.what == SERVE && takeover_mode() != TAKEOVER_TRY) /* who only tries tells the program before */
		log_open_serving();
	else
		log_open();
	static_nss_init();
	if (gather_overrides(&o) < 0)
		return EX_OSERR;
	if (o.inetd)
		return inetd_run(o.inetd, o.file, o.overrides, o.overrides_n);
	o.file = o.file ? o.file : ECHOTIMED_CONF;
	code = read_settings(&o, &settings);
	if (code && takeover_mode() != TAKEOVER_BACK)
		return code;
	if (o.what == SERVE)
		return supervisor_run(o.file, o.overrides, o.overrides_n, settings);
	code = o.what == DUMP ? settings_dump(settings, stdout) : describe_listeners(settings, stdout);
	if (code < 0 || fflush(stdout) == EOF)
		code = EX_IOERR;
	else if (o.what == TEST && findings_print(settings, stderr))
		code = EX_UNAVAILABLE;
	settings_free(settings);
	return code;
}

int main(int argc, char **argv)
{
	passed_look();
	takeover_begin(argv);
	int code = takeover_end(run(argc, argv));
	log_close();
	return code;
}
