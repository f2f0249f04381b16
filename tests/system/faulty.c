/* SPDX-License-Identifier: MIT */
/*
 * Makes calls fail, moves the clock of the wall, and makes streams come in crumbs: loaded in front of the C library
 * (LD_PRELOAD). faults.py is the other side: a page of the file that FAULTS names says what is to happen, at any time, to
 * all processes of the daemon.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct mmsghdr;

/* Each call that may fail with -1: name, its error unless another is asked for, result, parameters, arguments. */
#define CALLS(CALL)                                                                                                         \
	CALL(accept4, EMFILE, int, (int a, struct sockaddr *b, socklen_t *c, int d), (a, b, c, d))                          \
	CALL(bind, ENOMEM, int, (int a, const struct sockaddr *b, socklen_t c), (a, b, c))                                  \
	CALL(chmod, EROFS, int, (const char *a, mode_t b), (a, b))                                                          \
	CALL(connect, EAGAIN, int, (int a, const struct sockaddr *b, socklen_t c), (a, b, c))                               \
	CALL(dup, EMFILE, int, (int a), (a))                                                                                \
	CALL(dup2, EMFILE, int, (int a, int b), (a, b))                                                                     \
	CALL(epoll_create1, EMFILE, int, (int a), (a))                                                                      \
	CALL(epoll_ctl, ENOMEM, int, (int a, int b, int c, struct epoll_event *d), (a, b, c, d))                            \
	CALL(epoll_wait, EINTR, int, (int a, struct epoll_event *b, int c, int d), (a, b, c, d))                            \
	CALL(eventfd, EMFILE, int, (unsigned a, int b), (a, b))                                                             \
	CALL(execveat, ENOMEM, int, (int a, const char *b, char *const c[], char *const d[], int e), (a, b, c, d, e))       \
	CALL(fchmod, EROFS, int, (int a, mode_t b), (a, b))                                                                 \
	CALL(fchownat, EROFS, int, (int a, const char *b, uid_t c, gid_t d, int e), (a, b, c, d, e))                        \
	CALL(fexecve, ENOMEM, int, (int a, char *const b[], char *const c[]), (a, b, c))                                    \
	CALL(fork, EAGAIN, pid_t, (void), ())                                                                               \
	CALL(_Fork, EAGAIN, pid_t, (void), ())                                                                              \
	CALL(fstat, ENOMEM, int, (int a, struct stat *b), (a, b))                                                           \
	CALL(fstatat, ENOMEM, int, (int a, const char *b, struct stat *c, int d), (a, b, c, d))                             \
	CALL(ftruncate, ENOSPC, int, (int a, off_t b), (a, b))                                                              \
	CALL(getpeername, ENOTCONN, int, (int a, struct sockaddr *b, socklen_t *c), (a, b, c))                              \
	CALL(getsockname, ENOBUFS, int, (int a, struct sockaddr *b, socklen_t *c), (a, b, c))                               \
	CALL(getsockopt, ENOBUFS, int, (int a, int b, int c, void *d, socklen_t *e), (a, b, c, d, e))                       \
	CALL(listen, EADDRINUSE, int, (int a, int b), (a, b))                                                               \
	CALL(memfd_create, EMFILE, int, (const char *a, unsigned b), (a, b))                                                \
	CALL(mprotect, ENOMEM, int, (void *a, size_t b, int c), (a, b, c))                                                  \
	CALL(pipe2, EMFILE, int, (int a[2], int b), (a, b))                                                                 \
	CALL(poll, ENOMEM, int, (struct pollfd * a, nfds_t b, int c), (a, b, c))                                            \
	CALL(pread, EIO, ssize_t, (int a, void *b, size_t c, off_t d), (a, b, c, d))                                        \
	CALL(read, EIO, ssize_t, (int a, void *b, size_t c), (a, b, c))                                                     \
	CALL(recvmmsg, ENOMEM, int, (int a, struct mmsghdr *b, unsigned c, int d, struct timespec *e), (a, b, c, d, e))     \
	CALL(recvmsg, ENOMEM, ssize_t, (int a, struct msghdr *b, int c), (a, b, c))                                         \
	CALL(sendmmsg, ENOBUFS, int, (int a, struct mmsghdr *b, unsigned c, int d), (a, b, c, d))                           \
	CALL(sendmsg, ENOBUFS, ssize_t, (int a, const struct msghdr *b, int c), (a, b, c))                                  \
	CALL(setrlimit, EPERM, int, (__rlimit_resource_t a, const struct rlimit *b), (a, b))                                \
	CALL(setsockopt, ENOMEM, int, (int a, int b, int c, const void *d, socklen_t e), (a, b, c, d, e))                   \
	CALL(setuid, EAGAIN, int, (uid_t a), (a))                                                                           \
	CALL(shutdown, ENOTCONN, int, (int a, int b), (a, b))                                                               \
	CALL(signalfd, EMFILE, int, (int a, const sigset_t *b, int c), (a, b, c))                                           \
	CALL(socket, EMFILE, int, (int a, int b, int c), (a, b, c))                                                         \
	CALL(socketpair, EMFILE, int, (int a, int b, int c, int d[2]), (a, b, c, d))                                        \
	CALL(stat, ENOMEM, int, (const char *a, struct stat *b), (a, b))                                                    \
	CALL(unlinkat, EROFS, int, (int a, const char *b, int c), (a, b, c))                                                \
	CALL(waitid, EINTR, int, (idtype_t a, id_t b, siginfo_t * c, int d), (a, b, c, d))                                  \
	CALL(write, ENOSPC, ssize_t, (int a, const void *b, size_t c), (a, b, c))
/* Those that are written out below. */
#define OTHERS(CALL)                                                                                                        \
	CALL(allocate, ENOMEM)                                                                                              \
	CALL(fcntl, EMFILE)                                                                                                 \
	CALL(mmap, ENOMEM)                                                                                                  \
	CALL(openat, ENFILE)                                                                                                \
	CALL(prctl, ENOMEM)                                                                                                 \
	CALL(recv, ENOMEM)                                                                                                  \
	CALL(send, ENOBUFS)

#define NUMBER(name, ...) number_##name,
enum { CALLS(NUMBER) OTHERS(NUMBER) NUMBERS };

#define NAME(name, ...) #name,
static const char *const names[] = { CALLS(NAME) OTHERS(NAME) };

#define ERROR(name, error, ...) error,
static const int errors[] = { CALLS(ERROR) OTHERS(ERROR) };

enum mode { OFF, COUNT, NTH, EACH, CRUMBS };

enum who { ALL, FIRST, OTHERS, RELAY }; /* the relay of the log is in none but its own */

/* faults.py writes it. */
struct page {
	_Atomic uint32_t mode, which_low, which_high, error, n, who; /* enum who */
	_Atomic uint32_t seen, failed, last;
	_Atomic int32_t wall_s;
};
static struct page *page;
static pid_t first;
static bool is_relay, is_spared;

static bool is_meant(uint32_t who)
{
	if (is_relay || who == RELAY)
		return is_relay && who == RELAY;
	return who == ALL || (who == FIRST) == (getpid() == first);
}

static __attribute__((constructor)) void begin(void)
{
	const char *path = getenv("FAULTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (getenv("SAY_FAULTS")) {
		for (int i = 0; i < NUMBERS; i++)
			printf("%s ", names[i]);
		puts("may fail");
	}
	if (fd >= 0)
		close(fd);
	first = getsid(0);
	if (at != MAP_FAILED)
		page = at;
}

/* Whether this call is to fail now. */
static bool fails(int number)
{
	uint32_t mode = page ? page->mode : OFF;

	if (mode == OFF || mode == CRUMBS || is_spared)
		return false;
	uint32_t half = number < 32 ? page->which_low : page->which_high;
	if (!(half >> number % 32 & 1) || !is_meant(page->who))
		return false;
	uint32_t seen = atomic_fetch_add(&page->seen, 1) + 1;
	if (mode == COUNT || (mode == NTH && seen != page->n))
		return false;
	if (mode == EACH && page->n && seen > page->n)
		return false;
	atomic_fetch_add(&page->failed, 1);
	page->last = (uint32_t)number;
	errno = page->error ? (int)page->error : errors[number];
	return true;
}

static void *next_of(int number, const char *name)
{
	static void *next[NUMBERS];

	if (!next[number])
		next[number] = dlsym(RTLD_NEXT, name);
	return next[number];
}

#define WRAP(name, error, result, parameters, arguments)                                                                    \
	result name parameters                                                                                              \
	{                                                                                                                   \
		result(*next) parameters = (result(*) parameters)next_of(number_##name, #name);                             \
		return fails(number_##name) ? -1 : next arguments;                                                          \
	}
CALLS(WRAP)

ssize_t __read_chk(int fd, void *to, size_t n, size_t room)
{
	return n > room ? (abort(), -1) : read(fd, to, n);
}

/* ---- streams in crumbs ---- */

/* How much of n may go at once now; 0: nothing, and errno says why. */
static size_t crumb(size_t n)
{
	static _Atomic uint32_t turn;
	uint32_t chance = atomic_fetch_add(&turn, 1) * 2654435761u >> 16;

	if (!page || page->mode != CRUMBS || getpid() == first || n == 0)
		return n;
	atomic_fetch_add(&page->failed, 1);
	errno = chance % 7 == 0 ? EINTR : EAGAIN;
	if (chance % 7 < 2)
		return 0;
	return chance % 7 == 2 || n < 8 ? 1 : 1 + chance % (n < 5000 ? n : 5000);
}

ssize_t recv(int fd, void *to, size_t n, int flags)
{
	ssize_t (*next)(int, void *, size_t, int) = (ssize_t(*)(int, void *, size_t, int))next_of(number_recv, "recv");
	size_t some = crumb(n);

	return fails(number_recv) || (n && !some) ? -1 : next(fd, to, some, flags);
}

ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags)
{
	return n > room ? (abort(), -1) : recv(fd, to, n, flags);
}

ssize_t send(int fd, const void *from, size_t n, int flags)
{
	ssize_t (*next)(int, const void *, size_t, int) = (ssize_t(*)(int, const void *, size_t, int))next_of(number_send,
													      "send");
	size_t some = crumb(n);

	return fails(number_send) || (n && !some) ? -1 : next(fd, from, some, flags);
}

/* ---- memory, and calls of many forms ---- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *at, size_t n);

void *malloc(size_t n)
{
	return fails(number_allocate) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t bytes)
{
	return fails(number_allocate) ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *at, size_t n)
{
	return fails(number_allocate) ? NULL : __libc_realloc(at, n);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	void *(*next)(void *, size_t, int, int, int,
		      off_t) = (void *(*)(void *, size_t, int, int, int, off_t))next_of(number_mmap, "mmap");

	return fails(number_mmap) ? MAP_FAILED : next(at, n, protection, flags, fd, offset);
}

/* What follows the named parameters is passed on, whatever of it there is. */
#define PASS_ON(last, n)                                                                                                    \
	unsigned long more[n];                                                                                              \
	va_list list;                                                                                                       \
	va_start(list, last);                                                                                               \
	for (int i = 0; i < n; i++)                                                                                         \
		more[i] = va_arg(list, unsigned long);                                                                      \
	va_end(list)

int fcntl(int fd, int command, ...)
{
	int (*next)(int, int, ...) = (int (*)(int, int, ...))next_of(number_fcntl, "fcntl");
	PASS_ON(command, 1);

	/* What only asks or changes a flag fails for no descriptor that is one. */
	return command >= F_DUPFD_CLOEXEC && fails(number_fcntl) ? -1 : next(fd, command, more[0]);
}

int openat(int folder, const char *path, int flags, ...)
{
	int (*next)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))next_of(number_openat, "openat");
	PASS_ON(flags, 1);

	return fails(number_openat) ? -1 : next(folder, path, flags, (mode_t)more[0]);
}

int open(const char *path, int flags, ...)
{
	PASS_ON(flags, 1);

	return openat(AT_FDCWD, path, flags, (mode_t)more[0]);
}

int prctl(int option, ...)
{
	int (*next)(int, ...) = (int (*)(int, ...))next_of(number_prctl, "prctl");
	PASS_ON(option, 4);

	if (option == PR_SET_NAME && strcmp((const char *)more[0], "echotimed-log") == 0)
		is_relay = true;
	return fails(number_prctl) ? -1 : next(option, more[0], more[1], more[2], more[3]);
}

/* The C library's search for users ends by a signal where it has no memory to begin with: that is not ours to mend. */
#define SPARE(name, result, parameter, argument)                                                                            \
	result name(parameter)                                                                                              \
	{                                                                                                                   \
		result (*next)(parameter) = (result(*)(parameter))dlsym(RTLD_NEXT, #name);                                  \
		is_spared = true;                                                                                           \
		result found = next(argument);                                                                              \
		is_spared = false;                                                                                          \
		return found;                                                                                               \
	}
struct passwd;
struct group;
SPARE(getpwnam, struct passwd *, const char *a, a)
SPARE(getpwuid, struct passwd *, uid_t a, a)
SPARE(getgrnam, struct group *, const char *a, a)

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	static int (*next)(clockid_t, struct timespec *);

	if (!next)
		next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int r = next(clock, ret);
	if (r == 0 && clock == CLOCK_REALTIME && page)
		ret->tv_sec += page->wall_s;
	return r;
}
