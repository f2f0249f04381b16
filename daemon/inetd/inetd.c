/* SPDX-License-Identifier: MIT */
/* One session on a descriptor that somebody passed, then the end. */
#include "inetd/inetd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/load_average.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/passed.h"
#include "worker/admission.h"
#include "worker/lookup_client.h"
#include "worker/sandbox.h"
#include "stream/acceptor.h"
#include "stream/client_serve.h"
#include "stream/models.h"
#include "stream/sessions.h"
#include "datagram/datagram.h"
#include "process/resolver.h"
#include "generation/privileges.h"
#include "supervisor/settings_report.h"

#define DATAGRAM_IDLE_NS (60 * CLOCK_S_NS)
#define TIMERS 64

/* All there is in this process. */
static struct {
	struct settings *settings;
	const struct listener_settings *named;
	struct adopt_socket socket;
	struct listener *listener; /* the first of the plan's */
	struct worker_plan plan;
	struct table table;
	struct rate_limits limits;
	struct worker worker;
	_Atomic uint32_t reader;
} self;

static int fail(int code, const char *why)
{
	log_say(LOG_LEVEL_ERROR, "inetd", "%s", why);
	return code;
}

/* --- settings ------------------------------------------------------------------------------------------------- */

/* A configuration of one listener with its defaults, in memory only. The descriptor or -errno. */
static int make_configuration(const char *service)
{
	static const char text[] =
		"listeners = ( { service = \"%s\"; transport = [ \"tcp\", \"udp\", \"unix\", \"unixgram\" ];"
		" path = \"@echotimed-inetd\"; allow = [ \"0.0.0.0/0\", \"::/0\" ]; } );\n";
	cleanup_fd int fd = memfd_create("inetd", MFD_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0600) < 0 || dprintf(fd, text, service) < 0)
		return -errno;
	return fd_take(&fd);
}

static int read_settings(const char *name, const char *file, const struct settings_override *overrides, size_t overrides_n)
{
	static struct settings_report report;
	char path[64];
	cleanup_fd int made = -1;

	if (!file) {
		if (!service_find(name)) {
			log_say(LOG_LEVEL_ERROR, "inetd", "there is no service \"%s\"", name);
			return EX_USAGE;
		}
		made = make_configuration(name);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
		file = path;
	}
	int r = settings_read(&(struct settings_source){ file, overrides, overrides_n }, &self.settings, &report);
	settings_report_log(file, r, &report);
	int code = settings_report_exit_code(r, &report);
	for (size_t i = 0; code == 0 && i < self.settings->listeners_n && !self.named; i++)
		if (strcmp(self.settings->listeners[i].name, name) == 0)
			self.named = &self.settings->listeners[i];
	if (code == 0 && !self.named) {
		log_say(LOG_LEVEL_ERROR, "inetd", "%s has no listener \"%s\"", file, name);
		return EX_CONFIG;
	}
	return code;
}

static bool is_named(const struct svc_options *options, const char *name)
{
	for (size_t i = 0; i < options->names_n; i++)
		if (strcmp(options->names[i], name) == 0)
			return true;
	return false;
}

/* The listener that is served; behind it, without sockets, those that tcpmux may go on as. 0 or -ENOMEM. */
static int plan_listeners(void)
{
	const struct svc_options *options = &self.named->options;

	self.listener = calloc(options->names_n + 1, sizeof(*self.listener));
	self.plan.listeners = self.listener;
	self.plan.listeners_n = 1;
	for (size_t i = 0; self.listener && i < self.settings->listeners_n; i++) {
		const struct listener_settings *to = &self.settings->listeners[i];
		struct listener *l = &self.listener[self.plan.listeners_n];

		if (self.plan.listeners_n > options->names_n || !to->enabled || !(to->transports & TRANSPORT_TCP) ||
		    !is_named(options, to->name))
			continue;
		*l = (struct listener){ .fd = -1, .settings = to, .all = self.settings, .transport = TRANSPORT_TCP };
		l->row = (uint32_t)self.plan.listeners_n++;
		(void)snprintf(l->label, sizeof(l->label), "%s/tcp", to->name);
	}
	return self.listener ? 0 : -ENOMEM;
}

/* --- the descriptor ------------------------------------------------------------------------------------------- */

static bool is_same_socket(int a, int b)
{
	struct stat st_a, st_b;

	return fstat(a, &st_a) == 0 && S_ISSOCK(st_a.st_mode) && fstat(b, &st_b) == 0 && st_a.st_dev == st_b.st_dev &&
	       st_a.st_ino == st_b.st_ino;
}

/* Never logs to the client: inetd, and systemd with StandardInput=socket, put the connection on 2 as well. */
static void keep_log_from(int fd)
{
	cleanup_fd int null = -1;

	if (!is_same_socket(fd, STDERR_FILENO))
		return;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDERR_FILENO) < 0)
		close(STDERR_FILENO);
	log_open();
}

/* The one that systemd passed, else standard input. */
static int find_socket(struct text *why)
{
	static struct adopt passed;

	keep_log_from(STDIN_FILENO);
	int r = passed_take_any(&passed, why);
	if (r < 0)
		return r;
	if (passed.n > 1) {
		text_addf(why, "%zu descriptors were passed; one is served", passed.n);
		return -EINVAL;
	}
	if (passed.n == 1) {
		self.socket = passed.sockets[0];
		keep_log_from(self.socket.fd);
		return 0;
	}
	const char *wrong = passed_describe(STDIN_FILENO, &self.socket);
	if (!wrong)
		return 0;
	text_addf(why, "standard input %s", wrong);
	return -EINVAL;
}

/* Once the listener has its own: another copy, here or in the resolver, would keep the connection open after its end. */
static int close_copies(void)
{
	cleanup_fd int passed = self.socket.fd, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
		if (is_same_socket(self.listener->fd, fd) && dup2(null, fd) < 0)
			return -errno;
	if (passed <= STDERR_FILENO)
		(void)fd_take(&passed);
	return 0;
}

static int take_socket(struct text *why)
{
	struct listener like = {
		.transport = self.socket.transport,
		.address = self.socket.address,
		.socket_family = self.socket.family,
		.dual_stack = self.socket.dual_stack,
		.origin = ORIGIN_LENT,
		.passed_fd = self.socket.fd,
	};
	struct listener_list list = { .at = self.listener, .max = 1 };

	if (self.socket.accepting) {
		text_add(why, "the descriptor is a listening socket (Accept=no, wait): for that, start without --inetd");
		return -EINVAL;
	}
	int r = listener_plan_passed(self.settings, self.named, &like, &list);
	if (r == 0)
		r = listener_open(self.listener, why);
	if (r == 0)
		r = close_copies();
	if (r < 0 && !why->len)
		text_add(why, strerror(-r));
	return r;
}

/* --- serving -------------------------------------------------------------------------------------------------- */

/* A service that looks names up has a resolver of its own; it ends with us: its channel's other end closes. */
static int start_resolver(void)
{
	int questions[2], channel[2];

	bool wanted = false;

	for (size_t i = 0; i < self.plan.listeners_n; i++)
		wanted |= (self.plan.listeners[i].settings->service->traits & SVC_LOOKS_UP) != 0;
	if (!wanted)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, questions) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, channel) < 0)
		return -errno;
	self.plan.questions_fd = questions[1];
	pid_t pid = fork();
	if (pid == 0)
		resolver_run(&self.plan, 1, questions[0], channel[1]);
	fd_close(&questions[0]);
	fd_close(&channel[1]);
	return pid < 0 ? -errno : 0;
}

/* Memory that nobody shares, but for the resolver. */
static int map_shared(void)
{
	struct siphash_key key = { 0 };
	int r = shared_map(NULL, &self.plan.shared);

	if (r == 0)
		r = shared_new_key(&key);
	if (r == 0)
		r = shared_map_limits(&self.settings->limits.shape, &key, NULL, &self.limits);
	if (r < 0)
		return r;
	shared_table(self.plan.shared, key.word[0], &self.table);
	self.plan.table = &self.table;
	self.plan.limits = &self.limits;
	return 0;
}

static int prepare(void)
{
	struct worker *w = &self.worker;
	struct clock_status clock = clock_status_now();
	int r = map_shared();

	if (r < 0)
		return r;
	shared_set_clock(self.plan.shared, &clock);
	atomic_store_explicit(&self.plan.shared->load, load_average(), memory_order_relaxed);
	self.plan.settings = self.settings;
	self.plan.started_ns = clock_mono_ns();
	self.plan.readers = &self.reader;
	self.plan.life_fd = self.plan.questions_fd = -1;
	r = start_resolver();
	if (r < 0)
		return r;
	*w = (struct worker){
		.plan = &self.plan,
		.pool = &self.settings->pools[self.listener->pool],
		.model = &single_model,
		.over_fd = -1,
		.channel = { .fd = -1 }, /* nobody is told anything: 0 is a client */
	};
	w->pid = (uint32_t)getpid();
	w->pool_index = self.listener->pool;
	w->record = &self.plan.shared->records[0];
	w->counters = shared_counters(self.plan.shared, 0);
	worker_seed(w);
	r = loop_init(&w->loop, TIMERS + SESSIONS_LINGERING_MAX + DATAGRAM_ASKS_MAX);
	if (r == 0)
		r = sessions_prepare(w, 1);
	if (r == 0)
		r = lookup_client_prepare(w, DATAGRAM_ASKS_MAX);
	if (r == 0)
		r = buffers_init(&w->buffers, 2, &self.plan.shared->buffer_bytes, self.settings->limits.buffers);
	if (r == 0)
		r = sandbox_enter(&(struct sandbox){ .role = SANDBOX_INETD,
						     .memory_limit = w->pool->memory_limit,
						     .names = self.listener->transport == TRANSPORT_UNIXGRAM });
	return r;
}

static int serve_stream(void)
{
	struct worker *w = &self.worker;
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	struct admitted a = { .fd = self.listener->fd, .listener = self.listener };

	if (getpeername(a.fd, (struct sockaddr *)&sa, &n) < 0)
		return 0; /* gone already */
	a.peer = (struct addr){ .family = AF_UNIX };
	if (self.socket.family != AF_UNIX)
		a.peer = addr_from_sockaddr((struct sockaddr *)&sa, n);
	if (listener_prepare_session(self.listener, a.fd) < 0)
		return 0;
	enum refusal why = admission_connection(w, self.listener, &a.peer, &a.slot);
	if (why != REFUSED_NOT) {
		log_say(LOG_LEVEL_NOTICE, "refused", "%s: %s", self.listener->label, refusal_name(why));
		acceptor_refuse(w, &a, why);
		return 0;
	}
	w->phase = WORKER_DRAINING; /* it leaves when its connection is gone */
	client_serve(w, &a);
	while (w->phase != WORKER_LEAVING) {
		int r = loop_turn(&w->loop, CLOCK_NEVER);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Until none has come for a minute, or for idle_timeout where that is less, and all are answered: then the socket is the
 * super-server's again. */
static int serve_datagrams(void)
{
	struct worker *w = &self.worker;
	uint64_t said_ns = self.named->rules.idle_timeout_ns;
	uint64_t idle_ns = said_ns && said_ns < DATAGRAM_IDLE_NS ? said_ns : DATAGRAM_IDLE_NS;
	uint64_t received = 0, until_ns = clock_mono_ns() + idle_ns;
	int r = datagram_new(w);

	w->phase = WORKER_SERVING;
	datagram_look(w->datagrams);
	while (r == 0 && (clock_mono_ns() < until_ns || w->datagrams_waiting)) {
		r = loop_turn(&w->loop, w->datagrams_waiting ? CLOCK_NEVER : until_ns);
		uint64_t now_received = atomic_load(&w->counters[self.listener->row].datagrams_received);
		if (now_received != received)
			until_ns = w->loop.now_ns + idle_ns;
		received = now_received;
	}
	return r;
}

int inetd_run(const char *name, const char *file, const struct settings_override *overrides, size_t overrides_n)
{
	char storage[512];
	struct text why = TEXT_OVER(storage);

	if (fd_fill_standard() < 0)
		return EX_OSERR;
	log_open();
	signal(SIGPIPE, SIG_IGN);
	if (find_socket(&why) < 0)
		return fail(EX_CONFIG, why.at);
	int code = read_settings(name, file, overrides, overrides_n);
	if (code)
		return code;
	log_set(self.settings->log.level, self.settings->log.format);
	if (plan_listeners() < 0)
		return fail(EX_OSERR, strerror(ENOMEM));
	if (clock_leave_zone() < 0 || take_socket(&why) < 0)
		return fail(EX_CONFIG, why.at);
	if (privileges_drop(self.settings, &why) < 0)
		return fail(EX_NOPERM, why.at);
	int r = prepare();
	if (r == 0)
		r = self.listener->transport & TRANSPORT_DATAGRAMS ? serve_datagrams() : serve_stream();
	return r < 0 ? fail(EX_OSERR, strerror(-r)) : 0;
}
