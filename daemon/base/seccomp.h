/* SPDX-License-Identifier: MIT */
/*
 * Which system calls a process may still make (seccomp, through libseccomp).
 *
 * A call without conditions costs nothing from Linux 5.11 on: the kernel knows the answer beforehand. Conditions cost a run
 * of the filter a call: they are for calls that are rare.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* Sanitizers, and gcov at a program's end, make system calls of their own: such a build, like one without libseccomp, denies
 * none. `echotimed -V` says so. (So does valgrind: do not run under it what enters a sandbox.) */
#if defined(__has_feature)
#define SECCOMP_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECCOMP_SANITIZED 1
#else
#define SECCOMP_SANITIZED 0
#endif

#define SECCOMP_OWN_PID UINT64_MAX /* in the place of a value */
#define SECCOMP_KILL (-1)          /* in the place of an errno */
#define SECCOMP_INT UINT32_MAX     /* in the place of a mask: an int, whatever its register has beyond it */

/* Holds where (argument `arg` & mask) == value; a mask of 0 always. */
struct seccomp_if {
	unsigned arg;
	uint64_t mask, value;
};

/* A call that is allowed where all conditions hold; a call may have several rules. */
struct seccomp_rule {
	const char *name; /* one that this machine does not have is left out */
	uint32_t who;     /* the lists that have it, a bit each */
	struct seccomp_if ifs[2];
	int error;  /* not allowed: it fails with this errno, or SECCOMP_KILL; where others meet another end */
	int number; /* of a call that libseccomp may be too old to know; else 0 */
};

/* A rule's beginning. roles: `who`. */
#define SECCOMP_RULE(roles, call) .name = #call, .who = (roles)

/* The calls that all processes have in common: rules of seccomp_groups with these bits. */
#define SECCOMP_BASIC (1u << 0)  /* the loop, the log, memory, the end                                */
#define SECCOMP_NAMING (1u << 1) /* reading files; libc's name service with its modules, but no network */
/* The fate of other calls where SECCOMP_NAMING is: the modules are not ours, and nobody can list what each one calls.
 * Each must expect that on an older kernel a call is not there; a process that dies of each question would be worse. */
#define SECCOMP_NAMING_OTHERS ENOSYS
extern const struct seccomp_rule seccomp_groups[];
extern const size_t seccomp_groups_n;

struct seccomp_list {
	uint32_t groups;
	const struct seccomp_rule *rules;
	size_t rules_n;
	uint32_t who; /* the rules with one of these bits */
	int others;   /* what befalls other calls: 0 the process is killed; else they fail with this errno */
};

/* Whether this build has filters; and this kernel too. */
bool seccomp_is_built(void);
bool seccomp_is_active(void);

/* A list as the kernel takes it: built once, by a process whose children then need neither the time nor the memory. */
struct seccomp_program {
	struct sock_filter *at; /* NULL: not built */
	unsigned short n;
};

/* Builds it anew; p->at is given to free() by seccomp_drop(). 0; -ENOSYS: calls are not filtered here; else -errno. */
int seccomp_build(const struct seccomp_list *l, struct seccomp_program *p) must_check;
/* The same for a process that must not die of it: libseccomp does where memory runs out. Forks, and waits for the child. */
int seccomp_build_apart(const struct seccomp_list *l, struct seccomp_program *p) must_check;
void seccomp_drop(struct seccomp_program *p);

/* The filter: this process, and what it forks, may make no other calls from here on. Needs no_new_privs. 0; -ENOSYS:
 * nothing is denied, since calls are not filtered here; else -errno. */
int seccomp_enter(struct seccomp_program *p) must_check;

/* Both. */
int seccomp_allow_only(const struct seccomp_list *l) must_check;

/* Whether some machine has a call of that name. */
bool seccomp_is_known(const char *name);

/* The number of different calls of this machine on the list; 0 in a build without filters. */
size_t seccomp_count(const struct seccomp_list *l);
