/* SPDX-License-Identifier: MIT */
/* Sandboxes: what a process of each role can no longer do, and what it goes on doing. Each try is a process of its own. */
#include "test.h"

#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/landlock.h"
#include "worker/role_calls.h"
#include "worker/sandbox.h"

typedef int try_fn(void); /* 0: it did as it should */

/* How a process of that role ends that tries this: as waitpid(2) says. */
static int end_of(const struct sandbox *s, try_fn *try)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(sandbox_enter(s) < 0 ? 99 : try() != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool is_killed(enum sandbox_role role, try_fn *try)
{
	int status = end_of(&(struct sandbox){ .role = role }, try);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool goes_well(enum sandbox_role role, try_fn *try)
{
	int status = end_of(&(struct sandbox){ .role = role }, try);

	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void need_filter(void)
{
	if (!sandbox_calls_n(SANDBOX_WORKER) || !seccomp_is_active())
		skip(); /* a build for sanitizers, or without libseccomp; or a kernel without */
}

/* --- what they try -------------------------------------------------------------------------------------------- */

static _Alignas(4096) char page[4096];
static int some_socket = -1;

static int try_execve(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };

	return execve("/bin/true", argv, argv + 1);
}

static int try_open(void)
{
	return open("/etc/passwd", O_RDONLY) < 0;
}

static int try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int try_datagram_pair(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
}

static int try_bind(void)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };

	return bind(some_socket, &sa, sizeof(sa));
}

static int try_connect(void)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };

	return connect(some_socket, &sa, sizeof(sa));
}

static int try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0;
}

static int try_process_vm_readv(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) != 0;
}

static int try_executable_page(void)
{
	return mprotect(page, sizeof(page), PROT_READ | PROT_EXEC);
}

static int try_executable_mapping(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, page) < 0;
}

static int try_memfd(void)
{
	return memfd_create("a", 0) < 0;
}

static int try_kill(void)
{
	return kill(getpid(), 0);
}

static int try_terminate(void)
{
	return kill(1, SIGTERM);
}

static int try_signal_all(void)
{
	return kill(-1, SIGUSR1);
}

static int try_abort_another(void)
{
	return syscall(SYS_tgkill, 1, 1, 0) != 0;
}

static int try_terminal(void)
{
	return ioctl(some_socket, TIOCSTI, "x");
}

static int try_prctl(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}

static int try_namespace(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) < 0;
}

static int try_thread(void)
{
	return syscall(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, page, NULL, NULL, NULL) <
	       0;
}

static int try_fork(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	return pid < 0 || waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7;
}

static int try_open_in_child(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_open());
	return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS;
}

static int try_mknod(void)
{
	return mknod("/tmp/echotimed-sandbox", S_IFIFO | 0600, 0) == -1 && errno == ENOSYS ? 0 : 1;
}

/* What a worker does all day. */
static int try_work(void)
{
	char byte = 'x';
	int pair[2], on = 1, size;
	socklen_t n = sizeof(size);
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct timespec ts;

	if (clock_mono_ns() == 0 || syscall(SYS_clock_gettime, CLOCK_REALTIME, &ts) < 0)
		return 1;
	/* As worker/lookup_client.c makes it. */
	if (syscall(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return 2;
	if (send(pair[0], &byte, 1, MSG_NOSIGNAL) != 1 || recv(pair[1], &byte, 1, 0) != 1)
		return 3;
	if (setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    getsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, &n) < 0)
		return 4;
	if (poll(&p, 1, 0) < 0 || shutdown(pair[0], SHUT_WR) < 0 || close(pair[0]) < 0)
		return 5;
	if (madvise(page, sizeof(page), MADV_DONTNEED) < 0)
		return 6;
	char *more = malloc(1 << 20);
	if (!more)
		return 7;
	memset(more, 1, 1 << 20);
	free(more);
	return 0;
}

static int try_abort(void)
{
	abort();
}

static int try_read_hosts(void)
{
	char byte;
	int fd = open("/etc/hosts", O_RDONLY);

	return fd < 0 || read(fd, &byte, 1) < 0;
}

static int try_name(void)
{
	return gethostbyname("localhost") == NULL;
}

static int try_read_elsewhere(void)
{
	int fd = open("/proc/version", O_RDONLY);

	return fd >= 0 || errno != EACCES;
}

static int try_write(void)
{
	int fd = open("/tmp/echotimed-sandbox", O_WRONLY | O_CREAT, 0600);

	return fd >= 0 || errno != EACCES;
}

/* --- tests ---------------------------------------------------------------------------------------------------- */

struct attempt {
	const char *what;
	try_fn *try;
};

static void expect_death(enum sandbox_role role, const struct attempt *attempts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_killed(role, attempts[i].try))
			fail_msg("role %d lives on after %s", (int)role, attempts[i].what);
}

static const struct attempt nobodys[] = {
	{ "execve", try_execve },
	{ "ptrace", try_ptrace },
	{ "process_vm_readv", try_process_vm_readv },
	{ "io_uring_setup", try_io_uring },
};

static const struct attempt not_of_those_who_serve[] = {
	{ "open", try_open },
	{ "socket", try_socket },
	{ "socketpair of datagrams", try_datagram_pair },
	{ "bind", try_bind },
	{ "connect", try_connect },
	{ "mprotect to execute", try_executable_page },
	{ "mmap to execute", try_executable_mapping },
	{ "memfd_create", try_memfd },
	{ "a signal", try_kill },
	{ "a signal to all", try_signal_all },
	{ "ending another process", try_terminate },
	{ "aborting another process", try_abort_another },
	{ "typing on the terminal", try_terminal },
	{ "prctl", try_prctl },
	{ "a namespace of its own", try_namespace },
	{ "a thread", try_thread },
};

TEST(nobody_runs_programs_traces_others_or_goes_around_the_filter)
{
	need_filter();
	for (int role = SANDBOX_WORKER; role <= SANDBOX_INETD; role++)
		expect_death((enum sandbox_role)role, nobodys, array_n(nobodys));
}

TEST(who_serves_clients_opens_no_file_no_socket_and_runs_no_new_code)
{
	need_filter();
	expect_death(SANDBOX_WORKER, not_of_those_who_serve, array_n(not_of_those_who_serve));
	expect_death(SANDBOX_INETD, not_of_those_who_serve, array_n(not_of_those_who_serve));
	expect_death(SANDBOX_METRICS, not_of_those_who_serve, array_n(not_of_those_who_serve));
	expect_death(SANDBOX_ACCEPTOR, not_of_those_who_serve, array_n(not_of_those_who_serve));
}

TEST(only_an_acceptor_forks_and_its_children_may_no_more_than_it)
{
	need_filter();
	assert_true(is_killed(SANDBOX_WORKER, try_fork));
	assert_true(is_killed(SANDBOX_INETD, try_fork));
	assert_true(goes_well(SANDBOX_ACCEPTOR, try_fork));
	assert_true(goes_well(SANDBOX_ACCEPTOR, try_open_in_child));
}

TEST(a_worker_makes_at_most_45_system_calls)
{
	need_filter();
	assert_in_range(sandbox_calls_n(SANDBOX_WORKER), 20, 45);
	assert_int_equal(sandbox_calls_n(SANDBOX_INETD), sandbox_calls_n(SANDBOX_WORKER));
}

TEST(every_role_goes_on_with_its_work)
{
	assert_int_equal(end_of(&(struct sandbox){ .role = SANDBOX_WORKER }, try_work), 0);
	assert_int_equal(end_of(&(struct sandbox){ .role = SANDBOX_INETD }, try_work), 0);
	assert_int_equal(end_of(&(struct sandbox){ .role = SANDBOX_ACCEPTOR }, try_work), 0);
	assert_int_equal(end_of(&(struct sandbox){ .role = SANDBOX_RESOLVER }, try_read_hosts), 0);
	assert_int_equal(end_of(&(struct sandbox){ .role = SANDBOX_RESOLVER }, try_name), 0);
}

TEST(a_failed_assertion_is_seen_as_one)
{
	int status = end_of(&(struct sandbox){ .role = SANDBOX_WORKER }, try_abort);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

TEST(what_a_module_of_the_name_service_may_not_do_fails_and_it_goes_on)
{
	need_filter();
	assert_true(goes_well(SANDBOX_RESOLVER, try_mknod));
}

TEST(a_resolver_reads_what_names_need_and_writes_nothing)
{
	if (!landlock_version())
		skip(); /* a kernel without Landlock, or a build for sanitizers */
	assert_true(goes_well(SANDBOX_RESOLVER, try_read_elsewhere));
	assert_true(goes_well(SANDBOX_RESOLVER, try_write));
}

static int try_to_have_11(void)
{
	int fd = 0;

	for (int i = 0; i < 11 && fd >= 0; i++)
		fd = open("/etc/hosts", O_RDONLY);
	return fd >= 0 || errno != EMFILE;
}

TEST(descriptors_end_where_the_role_needs_no_more)
{
	assert_int_equal(end_of(&(struct sandbox){ .role = SANDBOX_RESOLVER, .descriptors = 10 }, try_to_have_11), 0);
}

TEST(every_call_in_the_tables_is_one)
{
	struct seccomp_list l;

	need_filter();
	role_calls(SANDBOX_WORKER, &l);
	for (size_t i = 0; i < seccomp_groups_n + l.rules_n; i++) {
		const char *name = i < seccomp_groups_n ? seccomp_groups[i].name : l.rules[i - seccomp_groups_n].name;

		if (!seccomp_is_known(name))
			fail_msg("%s: no system call of any machine", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_runs_programs_traces_others_or_goes_around_the_filter),
		cmocka_unit_test(who_serves_clients_opens_no_file_no_socket_and_runs_no_new_code),
		cmocka_unit_test(only_an_acceptor_forks_and_its_children_may_no_more_than_it),
		cmocka_unit_test(a_worker_makes_at_most_45_system_calls),
		cmocka_unit_test(every_role_goes_on_with_its_work),
		cmocka_unit_test(a_failed_assertion_is_seen_as_one),
		cmocka_unit_test(what_a_module_of_the_name_service_may_not_do_fails_and_it_goes_on),
		cmocka_unit_test(a_resolver_reads_what_names_need_and_writes_nothing),
		cmocka_unit_test(descriptors_end_where_the_role_needs_no_more),
		cmocka_unit_test(every_call_in_the_tables_is_one),
	};

	some_socket = socket(AF_UNIX, SOCK_STREAM, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
