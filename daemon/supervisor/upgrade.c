/* SPDX-License-Identifier: MIT */
/* From one program to the next, in place: the side that goes. */
#include "supervisor/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "supervisor/generation.h"
#include "supervisor/notify.h"
#include "supervisor/privileges.h"
#include "supervisor/saved.h"
#include "supervisor/supervisor.h"
#include "supervisor/takeover.h"

/* ---- what is remembered ---- */

/* The path that was executed, made whole: whoever installs the next version puts it there, through a link or not. */
static void remember_path(struct upgrade *u)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	struct text path = TEXT_OVER(u->path);
	char here[PATH_MAX];

	if (!name || !strchr(name, '/'))
		return;
	if (name[0] != '/' && getcwd(here, sizeof(here)))
		text_addf(&path, "%s/", here);
	text_add(&path, name);
	if (path.cut || path.at[0] != '/')
		u->path[0] = '\0';
}

void upgrade_begin(struct upgrade *u)
{
	u->report.fd = u->program_fd = -1;
	u->image_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (takeover_path())
		(void)!text_copy(u->path, sizeof(u->path), takeover_path());
	else
		remember_path(u);
}

/* ---- what is handed over ---- */

struct parcel {
	int state_fd;
	int *fds;
	size_t fds_n;
};

static void parcel_drop(struct parcel *p)
{
	fd_close(&p->state_fd);
	free(p->fds);
}

static int parcel_make(const struct supervisor *s, struct parcel *ret)
{
	*ret = (struct parcel){ .state_fd = memfd_create("echotimed-state", MFD_CLOEXEC) };
	return ret->state_fd < 0 ? -errno : saved_write(s, ret->state_fd, &ret->fds, &ret->fds_n);
}

/* Becomes the program. -errno: it did not. */
static int execute(int program_fd, const struct parcel *p, const char *mode)
{
	char value[32];

	for (size_t i = 0; i < p->fds_n; i++)
		(void)!fd_set_cloexec(p->fds[i], false);
	(void)!fd_set_cloexec(p->state_fd, false);
	snprintf(value, sizeof(value), "%s %d", mode, p->state_fd);
	int r = setenv(TAKEOVER_VARIABLE, value, 1) < 0 ? -errno : privileges_keep_over_exec(true);
	if (r == 0)
		r = fexecve(program_fd, takeover_arguments(), environ) < 0 ? -errno : 0;
	unsetenv(TAKEOVER_VARIABLE);
	(void)!privileges_keep_over_exec(false);
	fd_cloexec_all();
	return r;
}

static void refuse(struct supervisor *s, const char *why)
{
	struct upgrade *u = &s->upgrade;

	log_say(LOG_LEVEL_ERROR, "upgrade", "refused: %s: %s; the program that runs goes on", u->path, why);
	fd_close(&u->program_fd);
}

/* ---- trying ---- */

static _Noreturn void try(struct upgrade *u, const struct parcel *p, int report)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(report, STDERR_FILENO) >= 0) {
		int r = execute(u->program_fd, p, TAKEOVER_TRY_WORD);
		dprintf(STDERR_FILENO, "error exec: %s\n", strerror(-r));
	}
	_exit(126);
}

static void listen_to(struct upgrade *u)
{
	ssize_t n = read(u->report.fd, u->said + u->said_n, sizeof(u->said) - 1 - u->said_n);

	if (n > 0)
		u->said_n += (size_t)n;
	u->said[u->said_n] = '\0';
}

static void report_ready(struct loop_source *source, uint32_t events)
{
	struct upgrade *u = container_of(source, struct upgrade, report);
	struct supervisor *s = container_of(u, struct supervisor, upgrade);
	size_t before = u->said_n;

	(void)events;
	listen_to(u);
	if (u->said_n == before) /* its end, or more than we want to hear */
		loop_remove(&s->loop, source);
}

static void too_late(struct loop_timer *t)
{
	struct upgrade *u = container_of(t, struct upgrade, timer);

	u->said_n = (size_t)snprintf(u->said, sizeof(u->said), "it did not say in time whether it can take over");
	kill(u->checker, SIGKILL);
}

static int begin_try(struct supervisor *s, struct parcel *p)
{
	struct upgrade *u = &s->upgrade;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	cleanup_fd int theirs = ends[1];
	u->report = (struct loop_source){ .fd = ends[0], .ready = report_ready };
	u->said_n = 0;
	u->said[0] = '\0';
	int r = loop_add(&s->loop, &u->report, EPOLLIN);
	if (r == 0) {
		u->checker = fork();
		if (u->checker == 0)
			try(u, p, theirs);
		r = u->checker < 0 ? -errno : 0;
	}
	if (r < 0) {
		loop_remove(&s->loop, &u->report);
		fd_close(&u->report.fd);
		u->checker = 0;
		return r;
	}
	u->timer.fire = too_late;
	loop_set_timer(&s->loop, &u->timer, clock_mono_ns() + UPGRADE_CHECK_NS);
	return 0;
}

static void begin(struct supervisor *s)
{
	cleanup_with(parcel_drop) struct parcel p = { .state_fd = -1 };
	struct upgrade *u = &s->upgrade;
	int r = u->image_fd < 0 ? -ENOENT : 0;

	u->wanted = false;
	fd_close(&u->program_fd);
	if (r == 0) {
		u->program_fd = open(u->path, O_RDONLY | O_CLOEXEC);
		r = u->program_fd < 0 ? -errno : parcel_make(s, &p);
	}
	if (r == 0)
		r = begin_try(s, &p);
	if (r < 0)
		refuse(s, strerror(-r));
}

/* The first line that says what is wrong, else the first. */
static const char *reason(struct upgrade *u)
{
	char *error = strstr(u->said, "error "), *line = error ? error + strlen("error ") : u->said;

	line[strcspn(line, "\n")] = '\0';
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	return line;
}

bool upgrade_bury(struct supervisor *s, const siginfo_t *info)
{
	struct upgrade *u = &s->upgrade;
	char storage[64];
	struct text end = TEXT_OVER(storage);

	if (!u->checker || info->si_pid != u->checker)
		return false;
	u->checker = 0;
	u->checked = true;
	u->is_fine = info->si_code == CLD_EXITED && info->si_status == 0;
	listen_to(u);
	loop_remove(&s->loop, &u->report);
	loop_cancel_timer(&s->loop, &u->timer);
	fd_close(&u->report.fd);
	if (info->si_code == CLD_EXITED)
		text_addf(&end, "it ended with status %d", info->si_status);
	else
		text_addf(&end, "it died of signal %s", sigabbrev_np(info->si_status));
	if (!u->is_fine)
		refuse(s, u->said_n ? reason(u) : end.at);
	return true;
}

/* ---- going ---- */

static void become(struct supervisor *s)
{
	cleanup_with(parcel_drop) struct parcel p = { .state_fd = -1 };
	struct upgrade *u = &s->upgrade;

	log_say(LOG_LEVEL_NOTICE, "upgrading", "to %s", u->path);
	notify_reloading();
	int r = parcel_make(s, &p);
	if (r == 0)
		r = execute(u->program_fd, &p, TAKEOVER_GO_WORD);
	refuse(s, strerror(-r));
	notify_ready();
}

void upgrade_advance(struct supervisor *s)
{
	struct upgrade *u = &s->upgrade;

	if (s->stopping && u->checker)
		kill(u->checker, SIGKILL);
	if (s->stopping || !s->current || s->current->drain_asked || s->coming || u->checker)
		return;
	if (u->checked) {
		u->checked = false;
		if (u->is_fine)
			become(s);
	} else if (u->wanted)
		begin(s);
}
