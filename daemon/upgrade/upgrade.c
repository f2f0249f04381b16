/* SPDX-License-Identifier: MIT */
/* From one program to the next, in place: the side that goes. */
#include "upgrade/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/signal_name.h"
#include "generation/sd_notify.h"
#include "generation/privileges.h"
#include "generation/fleet.h"
#include "upgrade/takeover.h"

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

void upgrade_begin(struct upgrade *u, const struct handover *all)
{
	u->all = *all;
	u->report.fd = u->program_fd = -1;
	u->image_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (takeover_path())
		(void)!text_copy(u->path, sizeof(u->path), takeover_path());
	else
		remember_path(u);
}

/* ---- what is handed over ---- */

static void parcel_drop(struct handover_parcel *p)
{
	fd_close(&p->state_fd);
	free(p->fds);
}

static int parcel_make(const struct upgrade *u, struct handover_parcel *ret)
{
	struct handover_image image = { .fd = u->image_fd,
					.dumpable = prctl(PR_GET_DUMPABLE) == 1,
					.layout = shared_layout() };

	*ret = (struct handover_parcel){ .state_fd = memfd_create("echotimed-state", MFD_CLOEXEC) };
	int r = ret->state_fd < 0 ? -errno : text_copy(image.path, sizeof(image.path), u->path);

	return r < 0 ? r : handover_write(&u->all, &image, ret);
}

/* Becomes the program. -errno: it did not. */
static int execute(int program_fd, const struct handover_parcel *p, const char *mode)
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

static void refuse_program(struct upgrade *u, const char *why)
{
	log_say(LOG_LEVEL_ERROR, "upgrade", "refused: %s: %s; the program that runs goes on", u->path, why);
	fd_close(&u->program_fd);
}

/* ---- trying ---- */

static _Noreturn void try(struct upgrade *u, const struct handover_parcel *p, int report)
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
	size_t before = u->said_n;

	(void)events;
	listen_to(u);
	if (u->said_n == before) /* its end, or more than we want to hear */
		loop_remove(&u->all.fleet->loop, source);
}

static void too_late(struct loop_timer *t)
{
	struct upgrade *u = container_of(t, struct upgrade, timer);

	u->said_n = (size_t)snprintf(u->said, sizeof(u->said), "it did not say in time whether it can take over");
	kill(u->all.fleet->checker, SIGKILL);
}

static int begin_try(struct upgrade *u, struct handover_parcel *p)
{
	struct fleet *f = u->all.fleet;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	cleanup_fd int theirs = ends[1];
	u->report = (struct loop_source){ .fd = ends[0], .ready = report_ready };
	u->said_n = 0;
	u->said[0] = '\0';
	int r = loop_add(&f->loop, &u->report, EPOLLIN);
	if (r == 0) {
		f->checker = fork();
		if (f->checker == 0)
			try(u, p, theirs);
		r = f->checker < 0 ? -errno : 0;
	}
	if (r < 0) {
		loop_remove(&f->loop, &u->report);
		fd_close(&u->report.fd);
		f->checker = 0;
		return r;
	}
	u->timer.fire = too_late;
	loop_set_timer(&f->loop, &u->timer, clock_mono_ns() + UPGRADE_CHECK_NS);
	return 0;
}

static void begin_check(struct upgrade *u)
{
	cleanup_with(parcel_drop) struct handover_parcel p = { .state_fd = -1 };
	int r = u->image_fd < 0 ? -ENOENT : 0;

	u->wanted = false;
	fd_close(&u->program_fd);
	if (r == 0) {
		u->program_fd = open(u->path, O_RDONLY | O_CLOEXEC);
		r = u->program_fd < 0 ? -errno : parcel_make(u, &p);
	}
	if (r == 0)
		r = begin_try(u, &p);
	if (r < 0)
		refuse_program(u, strerror(-r));
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

bool upgrade_bury(struct upgrade *u, const siginfo_t *info)
{
	struct fleet *f = u->all.fleet;
	char storage[64];
	struct text end = TEXT_OVER(storage);

	if (!f->checker || info->si_pid != f->checker)
		return false;
	f->checker = 0;
	u->checked = true;
	u->is_fine = info->si_code == CLD_EXITED && info->si_status == 0;
	listen_to(u);
	loop_remove(&f->loop, &u->report);
	loop_cancel_timer(&f->loop, &u->timer);
	fd_close(&u->report.fd);
	if (info->si_code == CLD_EXITED)
		text_addf(&end, "it ended with status %d", info->si_status);
	else
		text_addf(&end, "it died of signal %s", signal_name(info->si_status));
	if (!u->is_fine)
		refuse_program(u, u->said_n ? reason(u) : end.at);
	return true;
}

/* ---- going ---- */

static void become(struct upgrade *u)
{
	cleanup_with(parcel_drop) struct handover_parcel p = { .state_fd = -1 };

	log_say(LOG_LEVEL_NOTICE, "upgrading", "to %s", u->path);
	sd_notify_reloading();
	int r = parcel_make(u, &p);
	if (r == 0)
		r = execute(u->program_fd, &p, TAKEOVER_GO_WORD);
	refuse_program(u, strerror(-r));
	sd_notify_ready();
}

void upgrade_advance(struct upgrade *u)
{
	const struct fleet *f = u->all.fleet;

	if (f->stopping && f->checker)
		kill(u->all.fleet->checker, SIGKILL);
	if (f->stopping || !f->current || f->current->phase == GENERATION_DRAINING || f->coming || f->checker)
		return;
	if (u->checked) {
		u->checked = false;
		if (u->is_fine)
			become(u);
	} else if (u->wanted)
		begin_check(u);
}
