/* SPDX-License-Identifier: MIT */
/* echoprobe: tests a path with packets. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/pages.h"
#include "base/static_nss.h"
#include "echoprobe/as_echoping.h"
#include "echoprobe/carrier.h"
#include "echoprobe/engine.h"
#include "echoprobe/exporter.h"
#include "echoprobe/manners.h"
#include "echoprobe/options.h"
#include "echoprobe/probe.h"
#include "echoprobe/tell.h"
#include "echoprobe/verdict.h"

#define EXIT_INTERRUPTED 130   /* by a second ^C, at once */
#define RECEIVE_MIN_BYTES 2048 /* an answer may be longer than its packet */

/* The test of one target. */
struct run {
	struct engine engine;
	struct tell tell;
};

/* All tests, side by side in one loop. */
struct program {
	struct plan plan;
	struct loop loop;
	struct batch *batch;
	struct loop_source signals;
	bool interrupted; /* once */
	struct run *runs;
	size_t runs_n;
	const struct result **results; /* of the runs */
	struct exporter *exporter;     /* NULL: none  */
	struct exporter_source source;
};

static int fail(const char *who, const char *what)
{
	fprintf(stderr, "echoprobe: %s%s%s\n", who, *who ? ": " : "", what);
	return VERDICT_NOTHING;
}

/* Likewise, where a report has its own way to say it. */
static void fail_target(const struct plan *plan, const char *who, const char *what)
{
	if (plan->report->failed)
		plan->report->failed(plan, what, stdout);
	else
		fail(who, what);
}

/* --- beginning ------------------------------------------------------------------------------------------------------ */

/* 0, or -errno and the sentence is printed. */
static int open_run(struct program *p, const char *host)
{
	struct run *run = &p->runs[p->runs_n];
	char storage[512];
	struct text why = TEXT_OVER(storage);
	struct target target;
	int r = target_resolve(&p->plan, host, &target, &why);

	if (r < 0) {
		fail_target(&p->plan, "", why.at);
		return r;
	}
	r = manners_check(&p->plan, &target.addr, &why);
	run->engine.plan = &p->plan;
	run->engine.carrier = carrier_of(&p->plan);
	run->engine.target = target;
	if (r == 0)
		r = engine_open(&run->engine, &why);
	if (r < 0) {
		fail_target(&p->plan, target.name, why.at);
		return r;
	}
	p->runs_n++;
	return 0;
}

/* The first ^C ends the sending, the second everything. */
static void take_signal(struct loop_source *s, uint32_t events maybe_unused)
{
	struct program *p = container_of(s, struct program, signals);
	struct signalfd_siginfo info;

	if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (p->interrupted)
		_exit(EXIT_INTERRUPTED);
	p->interrupted = true;
	for (size_t i = 0; i < p->runs_n; i++)
		engine_stop(&p->runs[i].engine, RESULT_INTERRUPTED);
}

static int open_loop(struct program *p)
{
	size_t receive_bytes = p->plan.room_bytes > RECEIVE_MIN_BYTES ? p->plan.room_bytes : RECEIVE_MIN_BYTES;
	sigset_t set;
	int r = loop_init(&p->loop, EXPORTER_TIMERS + p->runs_n * (ENGINE_TIMERS + TELL_TIMERS + p->plan.flows));

	if (r == 0)
		r = batch_new(p->plan.room_bytes, receive_bytes, &p->batch);
	if (r < 0)
		return r;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	r = loop_signal_fd(&set);
	if (r < 0)
		return r;
	p->signals = (struct loop_source){ .fd = r, .ready = take_signal };
	return loop_add(&p->loop, &p->signals, EPOLLIN);
}

/* The exporter's page: all as it is now. */
static size_t show_results(struct exporter_source *source, const struct result *const **ret)
{
	struct program *p = container_of(source, struct program, source);

	for (size_t i = 0; i < p->runs_n; i++)
		tell_refresh(&p->runs[i].tell);
	*ret = p->results;
	return p->runs_n;
}

/* 0, or -errno and the sentence is printed. */
static int open_exporter(struct program *p)
{
	char storage[512], at[ADDR_TEXT_MAX];
	struct text why = TEXT_OVER(storage), where = TEXT_OVER(at);
	struct addr address;
	int r;

	if (p->plan.exporter.family == AF_UNSPEC)
		return 0;
	p->source = (struct exporter_source){ .loop = &p->loop, .results = show_results };
	r = exporter_open(&p->plan.exporter, &p->source, &p->exporter, &why);
	if (r < 0) {
		fail("", why.at);
		return r;
	}
	address = exporter_address(p->exporter);
	addr_add_text_port(&where, &address);
	fprintf(stderr, "echoprobe: metrics at http://%s/metrics\n", where.at);
	return 0;
}

static int start(struct program *p)
{
	enum tell_live live = tell_wants_live(&p->plan);
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->runs_n; i++) {
		struct run *run = &p->runs[i];

		tell_start(&run->tell, &run->engine, &p->loop, i == 0 ? live : TELL_NO_LIVE);
		r = engine_start(&run->engine, &p->loop, p->batch, &run->tell.watch);
	}
	return r;
}

/* --- the end -------------------------------------------------------------------------------------------------------- */

static bool is_over(const struct program *p)
{
	for (size_t i = 0; i < p->runs_n; i++)
		if (!engine_is_over(&p->runs[i].engine))
			return false;
	return true;
}

static int finish(struct program *p)
{
	const struct report *report = p->plan.report;

	for (size_t i = 0; i < p->runs_n; i++)
		tell_end(&p->runs[i].tell);
	exporter_close(p->exporter);
	if (report->finish)
		report->finish(p->results, p->runs_n, stdout);
	if (fflush(stdout) == EOF || ferror(stdout))
		return fail("", "cannot write the report");
	return report->status(p->results, p->runs_n);
}

/* Opens what it can of the targets; the exit status of those that it cannot. */
static int open_runs(struct program *p)
{
	int code = VERDICT_GOOD;

	for (size_t i = 0; i < p->plan.hosts_n; i++) {
		p->results[p->runs_n] = &p->runs[p->runs_n].tell.result;
		if (open_run(p, p->plan.hosts[i]) < 0)
			code = p->plan.report->status(NULL, 0);
	}
	return code;
}

static int test(struct program *p)
{
	int code, r;

	p->runs = pages_take(p->plan.hosts_n * sizeof(*p->runs));
	p->results = calloc(p->plan.hosts_n, sizeof(*p->results));
	if (!p->runs || !p->results)
		return fail("", strerror(ENOMEM));
	code = open_runs(p);
	if (p->runs_n == 0)
		return code;
	r = open_loop(p);
	if (r == 0 && open_exporter(p) < 0)
		return VERDICT_NOTHING;
	if (r == 0)
		r = start(p);
	while (r == 0 && !is_over(p))
		r = loop_turn(&p->loop, CLOCK_NEVER);
	if (r < 0)
		return fail("", strerror(-r));
	r = finish(p);
	return r > code ? r : code;
}

/* Reads the command line, in whichever of its two languages it is. 0, or -EINVAL and the sentence. */
static int read_words(int argc, char **argv, struct plan *ret, enum options_what *ret_what, struct text *why)
{
	static struct as_echoping words;
	int r;

	if (argc == 0 || !as_echoping_is_name(argv[0]))
		return options_read(argc, argv, ret, ret_what, why);
	r = as_echoping_translate(argc, argv, &words, why);
	if (r == 0)
		r = options_read(words.n, words.words, ret, ret_what, why);
	ret->report = &as_echoping_report;
	return r;
}

int main(int argc, char **argv)
{
	static struct program program;
	static char help[8192];
	char storage[512];
	struct text why = TEXT_OVER(storage), text = TEXT_OVER(help);
	enum options_what what = OPTIONS_RUN;
	int r = read_words(argc, argv, &program.plan, &what, &why);

	if (r < 0)
		return fail("", why.at);
	if (what == OPTIONS_HELP)
		options_help(&text);
	else if (what == OPTIONS_VERSION)
		text_add(&text, "echoprobe " PACKAGE_VERSION "\n");
	if (what != OPTIONS_RUN)
		return fputs(help, stdout) == EOF || fflush(stdout) == EOF ? VERDICT_NOTHING : VERDICT_GOOD;
	static_nss_init();
	if (program.plan.probe->session && program.plan.probe->session->run)
		return program.plan.probe->session->run(&program.plan);
	/* The kernel may otherwise delay a timer by 50 us, to wake less often. */
	prctl(PR_SET_TIMERSLACK, 1);
	return test(&program);
}
