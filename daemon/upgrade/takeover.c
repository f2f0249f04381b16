/* SPDX-License-Identifier: MIT */
/* From one program to the next, in place: the side that comes. */
#include "upgrade/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "generation/privileges.h"
#include "upgrade/handover.h"
#include "upgrade/handover_text.h"

#ifndef HAVE_EXECVEAT /* musl, and glibc before 2.34 */
#define execveat(...) syscall(SYS_execveat, __VA_ARGS__)
#endif

/* Without what is handed over there is no way back: a call that fails for want of memory is tried again. */
#define TRIES 3

static const int deadly[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGALRM };

static struct {
	enum takeover_mode mode;
	char **argv;
	char **back; /* the environment of the one before, executed again */
	pid_t pid;
	int state_fd;
	char *text;
	struct handover_image image;
	int result; /* of opening what was handed over */
	char why[256];
} takeover = { .state_fd = -1 };

enum takeover_mode takeover_mode(void)
{
	return takeover.mode;
}

char **takeover_arguments(void)
{
	return takeover.argv;
}

const char *takeover_path(void)
{
	return takeover.mode == TAKEOVER_NONE ? NULL : takeover.image.path;
}

/* ---- the way back ---- */

/* Only what a signal handler may call. */
static void go_back(void)
{
	alarm(0);
	(void)execveat(takeover.image.fd, "", takeover.argv, takeover.back, AT_EMPTY_PATH);
}

static void died(int sig)
{
	if (getpid() == takeover.pid)
		go_back();
	signal(sig, SIG_DFL); /* a child of ours, or there is no way back */
	raise(sig);
}

/* Everything that must not fail later. 0 or -errno. */
static int prepare_way_back(void)
{
	struct sigaction action = { .sa_handler = died, .sa_flags = SA_NODEFER };
	static char value[64];
	size_t n = 0;

	while (environ[n])
		n++;
	for (unsigned i = 0; !takeover.back && i < TRIES; i++)
		takeover.back = calloc(n + 2, sizeof(*takeover.back));
	if (!takeover.back)
		return -ENOMEM;
	memcpy(takeover.back, environ, n * sizeof(*environ));
	snprintf(value, sizeof(value), TAKEOVER_VARIABLE "=" TAKEOVER_BACK_WORD " %d", takeover.state_fd);
	takeover.back[n] = value;
	for (size_t i = 0; i < array_n(deadly); i++)
		(void)sigaction(deadly[i], &action, NULL);
	alarm(TAKEOVER_TIME_S);
	return 0;
}

/* ---- begin ---- */

static enum takeover_mode mode_of(const char *value, int *ret_fd)
{
	static const char *const words[] = {
		[TAKEOVER_TRY] = TAKEOVER_TRY_WORD " ",
		[TAKEOVER_GO] = TAKEOVER_GO_WORD " ",
		[TAKEOVER_BACK] = TAKEOVER_BACK_WORD " ",
	};

	for (int i = TAKEOVER_TRY; value && i <= TAKEOVER_BACK; i++)
		if (strncmp(value, words[i], strlen(words[i])) == 0) {
			*ret_fd = (int)strtol(value + strlen(words[i]), NULL, 10);
			return (enum takeover_mode)i;
		}
	return TAKEOVER_NONE;
}

static int read_state(void)
{
	struct stat st;

	if (fstat(takeover.state_fd, &st) < 0)
		return -errno;
	if (st.st_size < 0 || (size_t)st.st_size > HANDOVER_TEXT_BYTES_MAX)
		return -EFBIG;
	takeover.text = calloc(1, (size_t)st.st_size + 1);
	if (!takeover.text)
		return -ENOMEM;
	return pread(takeover.state_fd, takeover.text, (size_t)st.st_size, 0) == (ssize_t)st.st_size ? 0 : -EIO;
}

static void open_state(void)
{
	struct text why = TEXT_OVER(takeover.why);

	for (unsigned i = 0; i < TRIES; i++) {
		free(takeover.text);
		takeover.text = NULL;
		takeover.result = read_state();
		if (takeover.result == 0)
			break;
	}
	if (takeover.result < 0)
		text_addf(&why, "cannot read what the program that runs hands over: %s", strerror(-takeover.result));
	else
		takeover.result = handover_open(takeover.text, &takeover.image, &why);
	if (takeover.result == 0 && takeover.mode == TAKEOVER_GO)
		takeover.result = prepare_way_back();
	if (takeover.result == 0 && takeover.image.dumpable)
		(void)prctl(PR_SET_DUMPABLE, 1);
}

/* Reading the options takes the words apart. */
static char **copy_of(char **argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	char **copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = strdup(argv[i]);
		if (!copy[i]) {
			while (i > 0)
				free(copy[--i]);
			free(copy);
			return argv;
		}
	}
	return copy ? copy : argv;
}

/* Unblocks the deadly signals only: HUP and the like stay blocked, or a reload asked for meanwhile would end us. */
static void unblock_deadly(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < array_n(deadly); i++)
		sigaddset(&set, deadly[i]);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void takeover_begin(char **argv)
{
	takeover.argv = copy_of(argv);
	takeover.pid = getpid();
	takeover.mode = mode_of(getenv(TAKEOVER_VARIABLE), &takeover.state_fd);
	unsetenv(TAKEOVER_VARIABLE);
	if (takeover.mode == TAKEOVER_NONE)
		return;
	/* First: an exec has made us dumpable. And who is executed by a descriptor has its number for a name. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_SET_NAME, "echotimed");
	unblock_deadly();
	open_state();
}

int takeover_restore(const struct handover *h, struct text *why)
{
	if (takeover.result < 0) {
		text_add(why, takeover.why);
		return takeover.result;
	}
	return handover_restore(h, takeover.mode == TAKEOVER_TRY, why);
}

/* ---- end ---- */

/* Forgets what only a way back needs. */
static void forget(void)
{
	fd_close(&takeover.state_fd);
	fd_close(&takeover.image.fd);
	handover_close_unused();
	free(takeover.text);
	free(takeover.back);
	takeover.text = NULL;
	takeover.back = NULL;
	(void)!privileges_keep_over_exec(false);
	fd_cloexec_all();
}

void takeover_settle(void)
{
	if (takeover.mode != TAKEOVER_GO)
		return;
	alarm(0);
	for (size_t i = 0; i < array_n(deadly); i++)
		signal(deadly[i], SIG_DFL);
	takeover.mode = TAKEOVER_SETTLED;
	forget();
	(void)kill(takeover.pid, SIGCHLD);
}

void takeover_done(void)
{
	takeover_settle();
	if (takeover.mode == TAKEOVER_BACK)
		forget();
	takeover.mode = TAKEOVER_NONE;
}

int takeover_end(int code)
{
	if (takeover.mode == TAKEOVER_GO) {
		go_back();
		log_say(LOG_LEVEL_ERROR, "upgrade", "there is no way back to the program before: %s", strerror(errno));
	}
	if (takeover.mode == TAKEOVER_TRY)
		_exit(code); /* nothing is to be closed or given back: it is the other's */
	return code;
}
