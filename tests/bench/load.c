/* SPDX-License-Identifier: MIT */
/*
 * load: asks one server as fast as it answers, counts, and compares every byte.
 *
 * Flow: load KIND --port N ... opens its clients, asks for --warm-ms, waits until nothing is owed and writes "ready". A line
 * on standard input starts the run of --run-ms; when nothing is owed again, one line of JSON. Whoever drives it reads the
 * server's CPU time while the load is silent, so that each request is counted whole.
 *
 * The loop is closed: a slow server is asked less. Latencies under saturation are the length of a queue.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define MS_NS UINT64_C(1000000)
#define LOOK_NS (50 * MS_NS)
#define QUIET_NS (1500 * MS_NS)
#define STEPS 32 /* of the histogram, for each power of two: 3 % */

struct load_options load_options = {
	.host = "127.0.0.1", .connections = 1, .size = 64, .depth = 1, .sources = 1, .warm_ms = 100, .run_ms = 500
};
struct load_counts load_counts;
bool load_running;
unsigned char load_buffer[READ_MAX];

static const struct load_kind *kind;
static struct client *clients;
static int epoll_fd;
static uint32_t histogram[64 * STEPS];

void load_die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t load_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 * MS_NS + (uint64_t)t.tv_nsec;
}

size_t load_index(const struct client *c)
{
	return (size_t)(c - clients);
}

void load_watch(struct client *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	if (c->events == events)
		return;
	if (epoll_ctl(epoll_fd, c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, c->fd, &e) < 0)
		load_die("epoll_ctl");
	c->events = events;
}

struct sockaddr_in load_server(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)load_options.port) };

	if (inet_pton(AF_INET, load_options.host, &a.sin_addr) != 1)
		load_die(load_options.host);
	return a;
}

struct sockaddr_in load_source(uint64_t i, long of)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(0x7f400001 + (uint32_t)(i % (uint64_t)of)) };
}

/* Where a time stands in the histogram, and the time that stands for a place. */
static size_t place(uint64_t ns)
{
	unsigned octave = ns < STEPS ? 0 : 63 - (unsigned)__builtin_clzll(ns / STEPS);

	return octave * STEPS + (size_t)(ns >> octave);
}

static uint64_t time_at(size_t at)
{
	size_t octave = at < 2 * STEPS ? 0 : at / STEPS - 1;

	return (uint64_t)(at - octave * STEPS) << octave;
}

void load_done(struct client *c, uint64_t n)
{
	uint64_t now_ns = load_now_ns();

	load_counts.requests += n;
	histogram[place(now_ns - c->begun_ns)]++;
	c->begun_ns = now_ns;
}

static double percentile_us(double share)
{
	uint64_t all = 0, seen = 0;

	for (size_t i = 0; i < sizeof(histogram) / sizeof(histogram[0]); i++)
		all += histogram[i];
	for (size_t i = 0; i < sizeof(histogram) / sizeof(histogram[0]); i++) {
		seen += histogram[i];
		if (seen && (double)seen >= share * (double)all)
			return (double)time_at(i) / 1000;
	}
	return 0;
}

static void look_at_all(uint64_t now_ns)
{
	static uint64_t next_ns;

	if (!kind->look || now_ns < next_ns)
		return;
	for (long i = 0; i < load_options.connections; i++)
		kind->look(&clients[i], now_ns);
	next_ns = now_ns + LOOK_NS;
}

static void turn(int wait_ms)
{
	struct epoll_event events[256];
	int n = epoll_wait(epoll_fd, events, 256, wait_ms);

	for (int i = 0; i < n; i++)
		kind->ready(events[i].data.ptr, events[i].events);
	look_at_all(load_now_ns());
}

static long owed_n(void)
{
	long n = 0;

	for (long i = 0; i < load_options.connections; i++)
		n += kind->owed(&clients[i]);
	return n;
}

/* Returns how long was asked, in ns. What does not come within QUIET_NS is an error. */
static uint64_t phase(long ms)
{
	uint64_t begin_ns = load_now_ns(), end_ns = begin_ns + (uint64_t)ms * MS_NS, asked_ns;

	load_counts = (struct load_counts){ 0 };
	memset(histogram, 0, sizeof(histogram));
	load_running = true;
	for (long i = 0; i < load_options.connections; i++)
		kind->ask(&clients[i]);
	while (load_now_ns() < end_ns)
		turn(10);
	load_running = false;
	asked_ns = load_now_ns() - begin_ns;
	for (end_ns = load_now_ns() + QUIET_NS; owed_n() > 0 && load_now_ns() < end_ns;)
		turn(5);
	load_counts.errors += (uint64_t)owed_n();
	return asked_ns;
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = {
		{ "port", 1, NULL, 0 },  { "connections", 1, NULL, 1 }, { "size", 1, NULL, 2 },
		{ "depth", 1, NULL, 3 }, { "sources", 1, NULL, 4 },     { "gso", 0, NULL, 5 },
		{ "eof", 0, NULL, 6 },   { "warm-ms", 1, NULL, 7 },     { "run-ms", 1, NULL, 8 },
		{ "host", 1, NULL, 9 },  { "payload", 1, NULL, 10 },    { 0 },
	};
	long *numbers[] = { &load_options.port,  &load_options.connections, &load_options.size,
			    &load_options.depth, &load_options.sources,     &load_options.gso,
			    &load_options.eof,   &load_options.warm_ms,     &load_options.run_ms };
	static const struct load_kind *const kinds[] = { &load_echo, &load_session, &load_udp, &load_sources };

	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i]->name) == 0)
			kind = kinds[i];
	if (!kind) {
		fputs("load echo|session|udp|sources --port N [--OPTION N]...\n", stderr);
		exit(64);
	}
	optind = 2;
	for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		if (c == '?')
			exit(64);
		if (c == 9)
			load_options.host = optarg;
		else if (c == 10)
			load_options.payload = optarg;
		else
			*numbers[c] = optarg ? atol(optarg) : 1;
	}
}

/* As many descriptors as may be: a root may have more than it was given. */
static void lift_descriptors(void)
{
	rlim_t want = (rlim_t)load_options.connections + 64;
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		load_die("getrlimit");
	if (l.rlim_cur >= want)
		return;
	l.rlim_cur = want;
	if (l.rlim_max < want)
		l.rlim_max = want;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		load_die("RLIMIT_NOFILE");
}

int main(int argc, char **argv)
{
	uint64_t run_ns;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	parse(argc, argv);
	lift_descriptors();
	clients = calloc((size_t)load_options.connections, sizeof(*clients));
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!clients || epoll_fd < 0)
		load_die("start");
	for (long i = 0; i < load_options.connections; i++)
		kind->open(&clients[i]);
	(void)phase(load_options.warm_ms);
	printf("ready %" PRIu64 "\n", load_counts.errors);
	fflush(stdout);
	if (getchar() == EOF)
		return 0;
	run_ns = phase(load_options.run_ms);
	printf("{\"requests\": %" PRIu64 ", \"seconds\": %.6f, \"errors\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"late\": %" PRIu64 ", \"disorder\": %" PRIu64 ", \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
	       load_counts.requests, (double)run_ns / 1e9, load_counts.errors, load_counts.lost, load_counts.late,
	       load_counts.disorder, percentile_us(0.5), percentile_us(0.99));
	return 0;
}
