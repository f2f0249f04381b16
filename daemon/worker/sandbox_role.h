/* SPDX-License-Identifier: MIT */
/* The role of a process, as far as its sandbox depends on it. */
#pragma once

enum sandbox_role {
	SANDBOX_WORKER,   /* serves the sessions and datagrams of its sockets                          */
	SANDBOX_ACCEPTOR, /* the fork model's; it may create its children, which inherit its sandbox */
	SANDBOX_RESOLVER, /* runs libc's name service and whatever modules nsswitch.conf names         */
	SANDBOX_METRICS,  /* answers HTTP from memory that it can only read                          */
	SANDBOX_INETD,    /* has one session, in a process that a super-server started */
	SANDBOX_ROLES_N
};
