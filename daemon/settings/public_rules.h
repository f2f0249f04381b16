/* SPDX-License-Identifier: MIT */
/*
 * What a listener may not serve to everybody: the rules that keep a daemon safe that was only switched on. They hold for the
 * addresses that the settings name and for sockets that are passed (net/adopt.h).
 */
#pragma once

#include <stdbool.h>

#include "settings/draft.h"

enum public_rule { PUBLIC_ALLOWED, PUBLIC_WARNED, PUBLIC_REFUSED };

/* The place where clients find a socket of a listener. */
struct public_socket {
	enum transport transport;
	bool is_public; /* at an address that other hosts may reach: neither loopback nor a UNIX socket */
};

/* The rule for a listener's socket: a listener that has an `allow` list, or acknowledge_public, is allowed; tcpmux is judged
 * by the listeners that it names. *ret_why says it to the administrator, but for PUBLIC_ALLOWED. */
enum public_rule public_rules_of(const struct settings *all, const struct listener_settings *l, struct public_socket socket,
				 const char **ret_why);

/* Whether the socket's answers may be impaired: not where others reach it who are not listed, by accident, be it through a
 * tcpmux at an address of the settings. */
bool public_rules_let_impair(const struct listener_settings *l, struct public_socket socket);

/* Reports the enabled listeners that are refused or warned of, and marks those to which others are led. */
void public_rules_check(struct draft *d);
