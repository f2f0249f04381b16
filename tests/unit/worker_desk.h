/* SPDX-License-Identifier: MIT */
/*
 * A worker for tests: settings, open listeners and shared memory as the supervisor would make them.
 *
 * Flow: desk_begin; desk_listen for each listener; then desk_worker (a worker in this process, whose loop the test turns itself) or
 * desk_fork (a real one); desk_end.
 */
#pragma once

#include "test.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/listener.h"
#include "worker/admission.h"
#include "worker/lookup_client.h"
#include "worker/worker.h"
#include "stream/acceptor.h"
#include "stream/client.h"
#include "stream/client_serve.h"
#include "stream/models.h"
#include "stream/sessions.h"
#include "datagram/datagram.h"
#include "process/worker_process.h"

#define DESK_LISTENERS 4
#define DESK_RECORD 0

struct desk {
	struct settings settings;
	struct listener_settings services[DESK_LISTENERS];
	struct listener listeners[DESK_LISTENERS];
	_Atomic uint32_t *readers; /* shared: a forked worker sees what the test deals */
	struct worker_plan plan;
	struct worker w; /* desk_worker */
	int life[2];
	int channel[2]; /* [0] is the supervisor's end */
	pid_t pid;      /* desk_fork */
};

/* What a worker allocates it keeps as long as its process lives: here it is found by who looks for leaks. */
static struct worker desk_ever[32];
static size_t desk_ever_n;

static const struct rate_sketch_shape desk_shape = { .bytes = RATE_LIMITS_BYTES_MIN,
						     .source_bits_v4 = 32,
						     .source_bits_v6 = 64 };
static struct shared *desk_shared;
static struct table desk_table;
static struct rate_limits desk_limits;
static struct pool_deaths desk_pool_names;
static _Atomic uint32_t *desk_readers;

/* One pool of this model, room for `sessions`. */
static inline void desk_begin(struct desk *d, enum pool_model model, uint32_t sessions)
{
	if (desk_shared == NULL) {
		assert_int_equal(shared_map(NULL, &desk_shared), 0);
		shared_table(desk_shared, 1, &desk_table);
		assert_int_equal(shared_map_limits(&desk_shape, &(struct siphash_key){ { 1, 2 } }, NULL, &desk_limits), 0);
		(void)pool_deaths_add_pool(&desk_pool_names, "desk");
		assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* as the supervisor is */
	}
	desk_readers = (_Atomic uint32_t *)(void *)shared_counters(desk_shared, 1); /* memory that nobody else uses here */
	memset(shared_counters(desk_shared, DESK_RECORD), 0, sizeof(struct counters[TABLE_ROWS_MAX]));
	atomic_store(&desk_shared->buffer_bytes, 0);
	atomic_store(&desk_shared->lookups_waiting, 0);
	desk_shared->records[DESK_RECORD] = (struct record){ 0 };
	memset(d, 0, sizeof(*d));
	d->channel[0] = d->channel[1] = d->life[0] = d->life[1] = -1;
	d->readers = desk_readers;
	log_set(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
	d->settings = (struct settings){
		.host_name = "here.example",
		.log = { .level = LOG_LEVEL_ERROR },
		.limits = { .sessions = 1000, .buffers = 64 * BUFFERS_BLOCK, .shape = desk_shape },
		.resolver = { .processes = 1, .timeout_ns = 3 * CLOCK_S_NS, .queue = 4 },
		.pools_n = 1,
	};
	d->settings.pools[0] = (struct pool_settings){ .name = "desk",
						       .model = model,
						       .start = 1,
						       .min_spare = 1,
						       .max_spare = 1,
						       .max_workers = 1,
						       .max_sessions = sessions,
						       .workers = 1 };
	d->settings.listeners = d->services;
	d->plan = (struct worker_plan){ .settings = &d->settings,
					.listeners = d->listeners,
					.readers = d->readers,
					.shared = desk_shared,
					.table = &desk_table,
					.limits = &desk_limits,
					.pool_names = &desk_pool_names,
					.life_fd = -1,
					.questions_fd = -1 };
	for (size_t i = 0; i < DESK_LISTENERS; i++)
		atomic_store(&d->readers[i], SHARED_NOBODY);
}

/* A listener, open on 127.0.0.1 (`family` AF_INET), ::1 (AF_INET6) or everywhere (AF_UNSPEC: dual-stack), or, for
 * UNIX transports, not open at all: the test brings its own connections. */
static inline struct listener *desk_listen(struct desk *d, const char *service, enum transport transport, int family)
{
	size_t i = d->plan.listeners_n;
	struct listener_settings *s = &d->services[i];
	struct listener *l = &d->listeners[i];
	char storage[256];
	struct text why = TEXT_OVER(storage);

	assert_true(i < DESK_LISTENERS);
	*s = (struct listener_settings){
		.banner_refused = "",
		.service = service_find(service),
		.transports = transport,
		.enabled = true,
		.socket = { .v6only = true, .backlog = 128, .nodelay = true },
		.admission = { .max_datagram = 65535 },
		.options = { .format = "rfc867", .zone = &zone_utc },
	};
	assert_non_null(s->service);
	assert_int_equal(text_copy(s->name, sizeof(s->name), service), 0);
	*l = (struct listener){ .fd = -1, .settings = s, .all = &d->settings, .transport = transport, .row = (uint32_t)i };
	l->address.family = (uint16_t)(family == AF_UNSPEC ? AF_INET6 : family);
	if (family == AF_INET)
		memcpy(l->address.bytes, (uint8_t[]){ 127, 0, 0, 1 }, 4);
	else if (family == AF_INET6)
		l->address.bytes[15] = 1;
	l->socket_family = l->address.family;
	l->dual_stack = family == AF_UNSPEC;
	if (!(transport & TRANSPORT_UNIXES) && listener_open(l, &why) < 0)
		fail_msg("%s", why.at);
	d->plan.listeners_n = d->settings.listeners_n = i + 1;
	return l;
}

static inline void desk_open_channel(struct desk *d)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, d->channel), 0);
	assert_int_equal(pipe(d->life), 0);
	d->plan.life_fd = d->life[0];
}

/* A worker in this process, that goes. Its own loop is turned by the test. */
static inline struct worker *desk_worker(struct desk *d)
{
	struct worker *w = &d->w;
	const struct pool_settings *pool = &d->settings.pools[0];

	desk_open_channel(d);
	*w = (struct worker){
		.plan = &d->plan,
		.pool = pool,
		.model = models_of(pool),
		.record_index = DESK_RECORD,
		.record = &desk_shared->records[DESK_RECORD],
		.counters = shared_counters(desk_shared, DESK_RECORD),
		.gauge = &desk_shared->gauges[0],
		.channel = { .fd = d->channel[1] },
		.phase = WORKER_SERVING,
		.over_fd = -1,
		.drain = worker_process_drain,
	};
	w->capacity = w->model->capacity(pool);
	worker_seed(w);
	w->pid = (uint32_t)getpid();
	assert_int_equal(loop_init(&w->loop, w->capacity + 200), 0);
	assert_int_equal(sessions_prepare(w, w->capacity), 0);
	assert_int_equal(buffers_init(&w->buffers, w->capacity, &desk_shared->buffer_bytes, d->settings.limits.buffers), 0);
	assert_int_equal(lookup_client_prepare(w, w->capacity + DATAGRAM_ASKS_MAX), 0);
	assert_int_equal(acceptor_new(w), 0);
	assert_int_equal(datagram_new(w), 0);
	return w;
}

/* Handles what is there, until nothing is. */
static inline void desk_turn(struct desk *d)
{
	for (int i = 0; i < 20; i++)
		assert_int_equal(loop_turn(&d->w.loop, 0), 0);
}

/* A connection that is admitted and served by the worker in this process. The client's end, non-blocking. send_bytes: of the
 * worker's send buffer; 0: the system's. */
static inline int desk_connect(struct desk *d, const struct listener *l, int send_bytes)
{
	int pair[2];
	struct admitted a = { .listener = l, .peer = { .family = AF_UNIX } };

	assert_int_equal(socketpair(AF_UNIX,
				    (l->transport == TRANSPORT_UNIXPACKET ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_NONBLOCK, 0,
				    pair),
			 0);
	assert_int_equal(admission_connection(&d->w, l, &a.peer, &a.slot), REFUSED_NOT);
	if (send_bytes)
		assert_int_equal(setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes)), 0);
	counters_add(&d->w.counters[l->row].sessions, 1);
	a.fd = pair[1];
	d->w.loop.now_ns = clock_mono_ns();
	client_serve(&d->w, &a);
	return pair[0];
}

static inline void desk_tell(const struct desk *d, enum channel_word word)
{
	char byte = (char)word;

	assert_int_equal(send(d->channel[0], &byte, 1, 0), 1);
}

/* Waits for this word from a forked worker; others are skipped. */
static inline void desk_hear(const struct desk *d, enum channel_word word)
{
	char byte;

	do
		assert_int_equal(recv(d->channel[0], &byte, 1, 0), 1);
	while (byte != (char)word);
}

/* A real worker in a process of its own, told to go. */
static inline void desk_fork(struct desk *d)
{
	desk_open_channel(d);
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid == 0) {
		worker_process_keep_descriptors(&d->plan, 0, d->channel[1]);
		worker_process_run(&d->plan, 0, DESK_RECORD, d->channel[1]);
	}
	fd_close(&d->channel[1]);
	desk_hear(d, CHANNEL_READY);
	desk_tell(d, CHANNEL_GO);
}

/* A client of a listener on 127.0.0.1, blocking. */
static inline int desk_dial(const struct listener *l, int type)
{
	struct sockaddr_storage sa;
	socklen_t n = 0;
	int fd = socket(l->address.family, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(addr_to_sockaddr(&l->address, l->address.family, &sa, &n), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, n), 0);
	return fd;
}

static inline void desk_end(struct desk *d)
{
	if (d->w.plan != NULL) {
		sessions_end_all(&d->w);
		loop_done(&d->w.loop);
		assert_true(desk_ever_n < array_n(desk_ever));
		desk_ever[desk_ever_n++] = d->w;
	}
	for (size_t i = 0; i < d->plan.listeners_n; i++)
		listener_drop(&d->listeners[i]);
	for (int i = 0; i < 2; i++) {
		fd_close(&d->channel[i]);
		fd_close(&d->life[i]);
	}
	assert_int_equal(table_count(&desk_table), 0);
	assert_int_equal(atomic_load(&desk_shared->buffer_bytes), 0);
}
