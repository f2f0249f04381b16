/* SPDX-License-Identifier: MIT */
/* Seccomp: the system calls that a process may still make. */
#include "base/seccomp.h"

#include <errno.h>

#if defined(HAVE_SECCOMP) && !defined(WITH_COVERAGE) && !SECCOMP_SANITIZED

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

/* Stands for the process's own number in a program that is built before the process is there. No other constant of a program
 * is alike: none is as large. */
#define OWN_PID 0x5EEDC0DEu

#define PROGRAM_BYTES 16384 /* the longest list is a fifth of that */

bool seccomp_is_built(void)
{
	return true;
}

bool seccomp_is_active(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

bool seccomp_is_known(const char *name)
{
	return seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR;
}

static int number_of(const struct seccomp_rule *rule)
{
	int number = seccomp_syscall_resolve_name(rule->name);

	return number == __NR_SCMP_ERROR && rule->number ? rule->number : number;
}

/* The list's next rule, of the groups and then its own; NULL: there is none. *i: 0 at first, then where it was left. */
static const struct seccomp_rule *next_rule(const struct seccomp_list *l, size_t *i)
{
	for (; *i < seccomp_groups_n + l->rules_n; (*i)++) {
		bool is_group = *i < seccomp_groups_n;
		const struct seccomp_rule *rule = is_group ? &seccomp_groups[*i] : &l->rules[*i - seccomp_groups_n];

		if (rule->who & (is_group ? l->groups : l->who)) {
			(*i)++;
			return rule;
		}
	}
	return NULL;
}

static uint32_t action_of(const struct seccomp_rule *rule)
{
	return rule->error == 0              ? SCMP_ACT_ALLOW
	       : rule->error == SECCOMP_KILL ? SCMP_ACT_KILL_PROCESS
					     : SCMP_ACT_ERRNO((uint16_t)rule->error);
}

static int add(scmp_filter_ctx filter, const struct seccomp_rule *rule)
{
	struct scmp_arg_cmp ifs[array_n(rule->ifs)];
	unsigned n = 0;
	int number = number_of(rule);

	if (number == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0; i < array_n(rule->ifs); i++) {
		const struct seccomp_if *c = &rule->ifs[i];

		if (c->mask)
			ifs[n++] = (struct scmp_arg_cmp){
				.arg = c->arg,
				.op = SCMP_CMP_MASKED_EQ,
				.datum_a = c->mask,
				.datum_b = c->value == SECCOMP_OWN_PID ? OWN_PID : c->value,
			};
	}
	return seccomp_rule_add_array(filter, action_of(rule), number, n, ifs);
}

static int fill(scmp_filter_ctx filter, const struct seccomp_list *l)
{
	/* The kernel's own error numbers; and a tree in place of a chain, for kernels that run the filter at each call. */
	int r = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);

	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	size_t i = 0;

	for (const struct seccomp_rule *rule; r == 0 && (rule = next_rule(l, &i));)
		r = add(filter, rule);
	return r;
}

/* Into a pipe: whoever builds it may be allowed to write no file. */
static int write_program(const struct seccomp_list *l, int to)
{
	scmp_filter_ctx filter = seccomp_init(l->others ? SCMP_ACT_ERRNO((uint16_t)l->others) : SCMP_ACT_KILL_PROCESS);

	if (!filter)
		return -ENOMEM;
	int r = fill(filter, l);
	errno = 0;
	if (r == 0)
		r = seccomp_export_bpf(filter, to);
	if (r == 0 && errno == ENOMEM) /* it may call that a success, and the program is not whole */
		r = -ENOMEM;
	seccomp_release(filter);
	return r;
}

static int read_program(int from, struct seccomp_program *p)
{
	p->at = malloc(PROGRAM_BYTES);
	if (!p->at)
		return -ENOMEM;
	ssize_t n = read(from, p->at, PROGRAM_BYTES);
	if (n <= 0 || n == PROGRAM_BYTES) {
		int r = n < 0 ? -errno : -E2BIG;
		seccomp_drop(p);
		return r;
	}
	p->n = (unsigned short)((size_t)n / sizeof(*p->at));
	return 0;
}

/* libseccomp without memory frees twice, or never ends: in a process of its own, with a second of CPU time. */
static int write_program_apart(const struct seccomp_list *l, int to)
{
	static const struct rlimit second = { 1, 1 };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		(void)setrlimit(RLIMIT_CPU, &second);
		_exit(write_program(l, to) < 0);
	}
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status == 0 ? 0 : -ENOMEM;
}

static int build(const struct seccomp_list *l, struct seccomp_program *p,
		 int (*write_it)(const struct seccomp_list *l, int to))
{
	int ends[2];

	*p = (struct seccomp_program){ 0 };
	if (!seccomp_is_active())
		return -ENOSYS;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	cleanup_fd int from = ends[0], to = ends[1];
	int r = write_it(l, to);
	return r < 0 ? r : read_program(from, p);
}

int seccomp_build(const struct seccomp_list *l, struct seccomp_program *p)
{
	return build(l, p, write_program);
}

int seccomp_build_apart(const struct seccomp_list *l, struct seccomp_program *p)
{
	return build(l, p, write_program_apart);
}

void seccomp_drop(struct seccomp_program *p)
{
	free(p->at);
	*p = (struct seccomp_program){ 0 };
}

int seccomp_enter(struct seccomp_program *p)
{
	struct sock_fprog program = { .len = p->n, .filter = p->at };

	for (unsigned short i = 0; i < p->n; i++)
		if (p->at[i].k == OWN_PID)
			p->at[i].k = (uint32_t)getpid();
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0)
		return 0;
	/* Refused by a filter around us. */
	return errno == EPERM ? -ENOSYS : -errno;
}

int seccomp_allow_only(const struct seccomp_list *l)
{
	struct seccomp_program p;
	int r = seccomp_build(l, &p);

	return r < 0 ? r : seccomp_enter(&p); /* what it takes stays: it may not be free to give it back */
}

static bool is_counted_before(const struct seccomp_list *l, const char *name, size_t before)
{
	size_t i = 0;
	const struct seccomp_rule *rule;

	while ((rule = next_rule(l, &i)) && i < before)
		if (strcmp(rule->name, name) == 0)
			return true;
	return false;
}

size_t seccomp_count(const struct seccomp_list *l)
{
	size_t n = 0, i = 0;

	for (const struct seccomp_rule *rule; (rule = next_rule(l, &i));)
		n += !rule->error && number_of(rule) >= 0 && !is_counted_before(l, rule->name, i);
	return n;
}

#else

bool seccomp_is_built(void)
{
	return false;
}

bool seccomp_is_active(void)
{
	return false;
}

int seccomp_build(const struct seccomp_list *l maybe_unused, struct seccomp_program *p)
{
	*p = (struct seccomp_program){ 0 };
	return -ENOSYS;
}

int seccomp_build_apart(const struct seccomp_list *l, struct seccomp_program *p)
{
	return seccomp_build(l, p);
}

void seccomp_drop(struct seccomp_program *p maybe_unused)
{
}

int seccomp_enter(struct seccomp_program *p maybe_unused)
{
	return -ENOSYS;
}

int seccomp_allow_only(const struct seccomp_list *l maybe_unused)
{
	return -ENOSYS;
}

bool seccomp_is_known(const char *name maybe_unused)
{
	return false;
}

size_t seccomp_count(const struct seccomp_list *l maybe_unused)
{
	return 0;
}

#endif
