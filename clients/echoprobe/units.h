/* SPDX-License-Identifier: MIT */
/*
 * The words of a command line turned into numbers: durations, rates, sizes, DSCP, ECN, HOST:PORT. Pure.
 *
 * Every function returns 0, -EINVAL (no such word) or -ERANGE (such a word, but out of range), and sets *ret on 0 only.
 * There is no rounding: what cannot be said exactly is -EINVAL.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"

#define UNITS_HOST_MAX 256 /* a name of DNS, or a numeric address with its scope, and the NUL */
#define UNITS_PORT_MAX 32  /* a number or a service's name, and the NUL                       */

/* "20ms", "250us", "5m", "1.5h"; a bare number is seconds, as in ping. */
int units_duration(const char *s, uint64_t *ret_ns) must_check;

/* Packets a second, "200", "0.5", "10k", as the interval between two: 1 ns to 1,000 s. */
int units_rate(const char *s, uint64_t *ret_interval_ns) must_check;

/* A share in per cent, "20%", "0.5", as parts of a million. */
int units_share(const char *s, uint32_t *ret_ppm) must_check;

/* A decimal number from least to most. */
int units_number(const char *s, uint64_t least, uint64_t most, uint64_t *ret) must_check;

/* A number from 0 to 63, or a name of RFC 2474, 2597, 3246, 5865 or 8622: "CS1", "AF41", "EF", "VA", "LE". */
int units_dscp(const char *s, uint8_t *ret) must_check;

/* "not", "ect0", "ect1", "ce", as the two bits of RFC 3168: 0, 2, 1, 3. */
int units_ecn(const char *s, uint8_t *ret) must_check;
const char *units_ecn_name(uint8_t bits);

/* A HOST as it is written on a command line. */
struct units_host {
	char host[UNITS_HOST_MAX]; /* without brackets, with %scope */
	char port[UNITS_PORT_MAX]; /* a number or a name; "": none  */
};

/* "name", "name:7", "192.0.2.1:echo", "[2001:db8::1]:7", "[fe80::1%eth0]", and an IPv6 address alone without brackets. */
int units_host(const char *s, struct units_host *ret) must_check;
