/* SPDX-License-Identifier: MIT */
/* The places where the C library looks names up: users, groups, services, hosts. */
#pragma once

/* In a program without shared libraries: only in files of /etc and at name servers. glibc's other sources (systemd, mDNS,
 * LDAP, whatever nsswitch.conf says) are shared libraries, and to load one into a static program can end it. To be called
 * before the first look-up. In any other program it does nothing. */
void static_nss_init(void);
