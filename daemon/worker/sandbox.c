/* SPDX-License-Identifier: MIT */
/* The sandbox of a process: limits, files, system calls. */
#include "worker/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/landlock.h"
#include "base/log.h"
#include "base/rlimit.h"
#include "worker/role_calls.h"

/* No RLIMIT_FSIZE: standard error may be a file. */
static int limit_resources(const struct sandbox *s)
{
	int r = rlimit_lower(RLIMIT_CORE, 0);

	if (r == 0 && s->role != SANDBOX_ACCEPTOR && !SECCOMP_SANITIZED)
		r = rlimit_lower(RLIMIT_NPROC, 0);
	if (r == 0 && s->descriptors)
		r = rlimit_lower(RLIMIT_NOFILE, s->descriptors);
	if (r == 0 && s->memory_limit)
		r = rlimit_lower(RLIMIT_DATA, s->memory_limit);
	return r;
}

/* Workers have all that they need open. The resolver reads what the C library and its modules read: configuration,
 * tables, folders of sockets, libraries. What a module writes goes through sockets. */
static int restrict_files(const struct sandbox *s)
{
	static const char *const read_by_name_service[] = {
		"/etc",
		"/run",
		"/usr",
		"/lib",
		"/lib32",
		"/lib64",
		"/var/run",
		"/var/lib",
		"/var/cache",
		"/var/nis",
		"/nix/store",
		"/gnu/store",
		"/proc/sys",
		"/proc/net",
		"/dev/null",
		"/dev/urandom",
		"/etc/resolv.conf",
		"/etc/hosts",
		"/etc/nsswitch.conf",
		NULL,
	};
	bool is_resolver = s->role == SANDBOX_RESOLVER;
	struct landlock f = {
		.readable = is_resolver ? read_by_name_service : NULL,
		.connects = is_resolver,
		.names = s->names || is_resolver,
	};

	return landlock_enter(&f);
}

/* Filters are built before the fork: otherwise each process would keep 80 KiB that the building dirtied, and start a
 * quarter of a millisecond later. */
static struct seccomp_program programs[SANDBOX_ROLES_N];

static int build_filter(enum sandbox_role role, int (*build)(const struct seccomp_list *l, struct seccomp_program *p))
{
	struct seccomp_list l;

	if (programs[role].at)
		return 0;
	role_calls(role, &l);
	return build(&l, &programs[role]);
}

static int filter_calls(enum sandbox_role role)
{
	int r = build_filter(role, seccomp_build);

	return r < 0 ? r : seccomp_enter(&programs[role]);
}

static int unless_missing(int r)
{
	return r == -ENOSYS ? 0 : r;
}

int sandbox_prepare(enum sandbox_role role)
{
	return unless_missing(build_filter(role, seccomp_build_apart));
}

int sandbox_enter(const struct sandbox *s)
{
	int r;

	r = landlock_give_up_capabilities();
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* A change of identity clears this, so it comes after. The end of the channel is the second way to notice. */
	if (s->role != SANDBOX_INETD && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	/* Others of the same user cannot trace it; and no handler of core dumps, which RLIMIT_CORE does not bind, gets what
	 * clients have sent. (LeakSanitizer, at its end, has a process of its own trace it.) */
	if (!SECCOMP_SANITIZED && prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	r = limit_resources(s);
	if (r == 0)
		r = unless_missing(restrict_files(s));
	if (r == 0)
		r = unless_missing(filter_calls(s->role)); /* the last: it allows none of the above */
	return r;
}

void sandbox_say_what_is_missing(void)
{
	if (seccomp_is_built() && !seccomp_is_active())
		log_say(LOG_LEVEL_NOTICE, "sandbox", "no system call is denied to workers: this kernel has no seccomp");
}

size_t sandbox_calls_n(enum sandbox_role role)
{
	struct seccomp_list l;

	role_calls(role, &l);
	return seccomp_count(&l);
}
