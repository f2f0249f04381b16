/* SPDX-License-Identifier: MIT */
/* Descriptors: closed by themselves, read and written whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/attr.h"

/* Closes *fd if it is 0 or more and makes it -1; errno stays. For cleanup_fd. */
void fd_close(int *fd);
#define cleanup_fd cleanup_with(fd_close)

/* Takes the descriptor out of a cleanup_fd variable: returns it and leaves -1. */
int fd_take(int *fd);

int fd_set_nonblocking(int fd) must_check;
int fd_set_cloexec(int fd, bool on) must_check;
/* Every descriptor from 3 on. */
void fd_cloexec_all(void);

/* Writes all of n bytes, waiting where it must (a pipe between our own processes). 0 or -errno. */
int fd_write_all(int fd, const void *from, size_t n) must_check;

/* Throws away what waits in the error queue of an IPv4 or IPv6 socket: ICMP messages, time stamps of what was sent. As long
 * as anything is there the socket is ready with EPOLLERR, whatever is read. Some at a time. False: nothing was there. */
bool fd_drain_errors(int fd);

/* Opens /dev/null on whichever of 0, 1, 2 is closed, so that no socket lands there. 0 or -errno. */
int fd_fill_standard(void) must_check;

/* Closes every descriptor from 3 on but those in keep (unordered; negative ones are skipped). For a process just forked. */
void fd_close_all_but(const int *keep, size_t n);
