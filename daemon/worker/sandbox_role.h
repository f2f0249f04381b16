/* SPDX-License-Identifier: MIT */
/* The role of a process, as far as its sandbox depends on it. */
#pragma once

enum sandbox_role {
	SANDBOX_WORKER,   /* serves the sessions and datagrams of its sockets                          */
	SANDBOX_ACCEPTOR, /* of the fork model; its children, which inherit it, are what it may create */
	SANDBOX_RESOLVER, /* runs libc's name service and whatever modules nsswitch.conf names         */
	SANDBOX_METRICS,  /* answers HTTP from memory that it can only read                          */
	SANDBOX_INETD,    /* one session, in a process that somebody else started                      */
	SANDBOX_ROLES_N
};
