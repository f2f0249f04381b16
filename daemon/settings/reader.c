/* SPDX-License-Identifier: MIT */
/*
 * The settings reader: a process that lives for one reading.
 *
 * Flow: reader_run() forks; the child bounds itself (bounds.c), reads (scan.c, flatten.c, gather.c) and writes the list to a
 * pipe; the parent collects it for 2 s at most, kills what is left and takes the list apart.
 * Process: both, until the child's _exit().
 */
#include "settings/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"
#include "settings/bounds.h"
#include "settings/flatten.h"
#include "settings/gather.h"

/* One message in the place of a list. */
static void write_problem(FILE *to, const struct scan *s)
{
	struct item item = { .kind = ITEM_ERROR, .number = s->failed, .value = s->problem };

	item.value_n = strlen(s->problem);
	items_write(to, &item);
}

/* Nothing is given back: the process ends. */
int reader_write(const struct settings_source *source, int fd)
{
	struct item end = { .kind = ITEM_END, .value = "" };
	struct scan scan = { 0 };
	struct items items = { 0 };
	FILE *to = fdopen(fd, "w");
	int r;

	if (!to)
		return -errno;
	r = scan_read(&scan, source->file);
	if (r == 0)
		r = flatten_text(&scan, &items);
	if (r < 0) {
		write_problem(to, &scan);
	} else {
		r = flatten_options(&items, source->overrides, source->overrides_n);
		for (size_t i = 0; r == 0 && i < items.n; i++)
			items_write(to, &items.list[i]);
		if (r == 0)
			r = gather_write(to, &items, scan.folder);
		if (r < 0)
			return r;
	}
	items_write(to, &end);
	return fflush(to) == 0 && !ferror(to) ? 0 : -EIO;
}

/* Everything from the pipe until its end or the deadline. -ETIME, -EFBIG, -ENOMEM or what read and poll say. */
static int collect(int fd, uint64_t deadline_ns, char **ret, size_t *ret_n)
{
	uint64_t now_ns;
	size_t n = 0, cap = 0;
	ssize_t got = 1;

	while (got != 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (n == cap) {
			size_t more = cap == 0 ? 65536 : cap * 2;
			char *bytes = more > 2 * READER_OUTPUT_MAX ? NULL : realloc(*ret, more);

			if (!bytes)
				return n >= READER_OUTPUT_MAX ? -EFBIG : -ENOMEM;
			*ret = bytes;
			cap = more;
		}
		now_ns = clock_mono_ns();
		if (now_ns >= deadline_ns)
			return -ETIME;
		if (poll(&p, 1, (int)((deadline_ns - now_ns) / CLOCK_MS_NS) + 1) < 0 && errno != EINTR)
			return -errno;
		got = p.revents == 0 ? -1 : read(fd, *ret + n, cap - n);
		if (got < 0 && p.revents != 0 && errno != EINTR)
			return -errno;
		n += got > 0 ? (size_t)got : 0;
	}
	*ret_n = n;
	return 0;
}

/* Ends the child, whatever it does, and takes its status. */
static int reap(pid_t pid, bool kill_it)
{
	int status = 0;

	if (kill_it)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

/* The end of a child that wrote no whole list, in words. */
static void explain(struct reader_result *r, int status, int collected)
{
	struct text t = TEXT_OVER(r->why);

	if (collected == -ETIME || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU))
		text_addf(&t, "reading takes longer than %d s", BOUNDS_TIME_MS / 1000);
	else if (collected < 0)
		text_addf(&t, "cannot be read: %s", strerror(-collected));
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		text_add(&t, "the settings reader was killed for a system call that it may not make (SIGSYS)");
	else if (WIFSIGNALED(status))
		text_addf(&t,
			  "the settings reader was ended by signal %d; it may have needed more than its %zu MiB of memory",
			  WTERMSIG(status), BOUNDS_MEMORY_BYTES >> 20);
	else
		text_addf(&t,
			  "the settings reader gave up; a file may have changed while it was read, or %zu MiB of memory did "
			  "not do",
			  BOUNDS_MEMORY_BYTES >> 20);
}

int reader_run(const struct settings_source *source, struct reader_result *ret)
{
	return reader_run_child(source, reader_write, BOUNDS_TIME_MS, ret);
}

/* The write end is closed here at once, so that the end of the child is the end of the pipe. */
int reader_run_child(const struct settings_source *source, reader_child_fn *child, unsigned time_ms,
		     struct reader_result *ret)
{
	uint64_t deadline_ns = clock_add(clock_mono_ns(), time_ms * CLOCK_MS_NS);
	int ends[2], status, r;
	size_t n = 0;
	pid_t pid;

	*ret = (struct reader_result){ 0 };
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	cleanup_fd int from = ends[0];
	cleanup_fd int to = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		_exit(bounds_enter() == 0 && child(source, to) == 0 ? 0 : 1);
	}
	fd_close(&to);
	r = collect(from, deadline_ns, &ret->bytes, &n);
	fd_close(&from);
	status = reap(pid, r < 0);
	/* A whole list is what counts: a child that wrote its end has done all there was to do, however it exits. */
	if (r == 0)
		r = items_parse(ret->bytes, n, &ret->items);
	if (r == 0)
		return 0;
	explain(ret, status, r == -EBADMSG ? 0 : r);
	return -EINVAL;
}

void reader_done(struct reader_result *r)
{
	items_done(&r->items);
	free(r->bytes);
	*r = (struct reader_result){ 0 };
}
