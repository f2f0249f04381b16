/* SPDX-License-Identifier: MIT */
/* The socket of the mtu test: what the kernel is told, and asked. */
#pragma once

#include "base/addr.h"
#include "echoprobe/flow.h"

/* IP and UDP. */
uint32_t mtu_socket_headers_bytes(int family);

/* Makes a socket tell the fragments that its datagrams come in, and never fragment what it sends, nor believe what is known
 * of the path. What the kernel does not have is left out. */
void mtu_socket_whole(const struct flow *f);

/* Likewise, but let it fragment what it sends: over IPv6 to pieces of this size. */
void mtu_socket_in_pieces(const struct flow *f, uint32_t piece_bytes);

/* The MTU of an interface, and the path MTU that this host has learnt; unknown where it cannot be told. */
struct result_value mtu_socket_of_interface(const struct flow *f, const char *interface);
struct result_value mtu_socket_learnt(const struct addr *source, const struct addr *target);
