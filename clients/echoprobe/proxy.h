/* SPDX-License-Identifier: MIT */
/* The PROXY header that a connection begins with (--proxy), as if a balancer had passed it on. */
#pragma once

#include "base/attr.h"
#include "wire/proxyline.h"

/* Reads "v1,SOURCE,DESTINATION" or "v2,...": both addresses with a port, of one family. 0, -EINVAL or -EAFNOSUPPORT. */
int proxy_parse(const char *value, struct proxyline *ret) must_check;

/* Sends it as the first thing on a connection; nothing where there is none. 0 or -errno. */
int proxy_send(int fd, const struct proxyline *line) must_check;
