/* SPDX-License-Identifier: MIT */
/* Fences: what a process behind one no longer reaches. Each try is a process of its own. */
#include "test.h"

#include <signal.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/landlock.h"

#define TCP_VERSION 4   /* of Landlock: can deny TCP                    */
#define SCOPE_VERSION 6 /* of Landlock: can deny signals, abstract names */

static const char *const etc[] = { "/etc", "/no/such/path", NULL };

typedef int try_fn(void); /* the errno it ends with; 0: none */

static int try_read(void)
{
	return open("/etc/passwd", O_RDONLY) < 0 ? errno : 0;
}

static int try_read_elsewhere(void)
{
	return open("/usr", O_RDONLY | O_DIRECTORY) < 0 ? errno : 0;
}

static int try_write(void)
{
	return open("/etc/echotimed-fence", O_WRONLY | O_CREAT | O_EXCL, 0600) < 0 ? errno : 0;
}

static int try_execute(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };

	execve("/bin/true", argv, argv + 1);
	return errno;
}

/* A listener that was there before the fence. */
static struct sockaddr_in tcp;
static struct sockaddr_un named;
static socklen_t named_n;

static int try_connect(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	return connect(s, (struct sockaddr *)&tcp, sizeof(tcp)) < 0 ? errno : 0;
}

static int try_bind(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	return bind(s, (struct sockaddr *)&any, sizeof(any)) < 0 ? errno : 0;
}

static int try_name(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	return connect(s, (struct sockaddr *)&named, named_n) < 0 ? errno : 0;
}

static int try_signal(void)
{
	return kill(getppid(), 0) < 0 ? errno : 0;
}

/* With what errno the try ends behind this fence. */
static int result_of(const struct landlock *f, try_fn *try)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || landlock_enter(f) < 0 ? 255 : try());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void need_version(int version)
{
	if (landlock_version() < version)
		skip(); /* a kernel without it, or a build for sanitizers */
}

TEST(files_are_read_where_it_says_and_nowhere_written_or_executed)
{
	struct landlock f = { .readable = etc };

	need_version(1);
	assert_int_equal(result_of(&f, try_read), 0);
	assert_int_equal(result_of(&f, try_read_elsewhere), EACCES);
	assert_int_equal(result_of(&f, try_write), EACCES);
	assert_int_equal(result_of(&f, try_execute), EACCES);
	f.readable = NULL;
	assert_int_equal(result_of(&f, try_read), EACCES);
}

TEST(nobody_behind_it_connects_unless_allowed_or_listens)
{
	struct landlock f = { .connects = true };

	need_version(TCP_VERSION);
	assert_int_equal(result_of(&f, try_connect), 0);
	assert_int_equal(result_of(&f, try_bind), EACCES);
	f.connects = false;
	assert_int_equal(result_of(&f, try_connect), EACCES);
}

TEST(signals_and_abstract_names_stay_inside)
{
	struct landlock f = { .names = true };

	need_version(SCOPE_VERSION);
	assert_int_equal(result_of(&f, try_signal), EPERM);
	assert_int_equal(result_of(&f, try_name), 0);
	f.names = false;
	assert_int_equal(result_of(&f, try_name), EPERM);
}

static int listen_on(int family, struct sockaddr *sa, socklen_t n)
{
	int s = socket(family, SOCK_STREAM, 0);

	assert_int_equal(bind(s, sa, n), 0);
	assert_int_equal(listen(s, 8), 0);
	return s;
}

static int make_listeners(void **state maybe_unused)
{
	static struct sockaddr_storage sa;
	socklen_t n = sizeof(tcp);
	int s;

	tcp = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	s = listen_on(AF_INET, (struct sockaddr *)&tcp, sizeof(tcp));
	assert_int_equal(getsockname(s, (struct sockaddr *)&tcp, &n), 0);
	named.sun_family = AF_UNIX;
	s = listen_on(AF_UNIX, (struct sockaddr *)&named,
		      sizeof(named.sun_family)); /* the kernel chooses an abstract name */
	named_n = sizeof(sa);
	assert_int_equal(getsockname(s, (struct sockaddr *)&sa, &named_n), 0);
	memcpy(&named, &sa, sizeof(named));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_where_it_says_and_nowhere_written_or_executed),
		cmocka_unit_test(nobody_behind_it_connects_unless_allowed_or_listens),
		cmocka_unit_test(signals_and_abstract_names_stay_inside),
	};

	return cmocka_run_group_tests(tests, make_listeners, NULL);
}
