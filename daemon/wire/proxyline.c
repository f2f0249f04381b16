/* SPDX-License-Identifier: MIT */
/* PROXY headers of both versions: a line of text, and a fixed part with binary addresses behind it. */
#include "wire/proxyline.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"

static const uint8_t signature[] = { 0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A };

#define LENGTH_AT 14
#define FIXED 16
enum command { COMMAND_LOCAL = 0x20, COMMAND_PROXY };
enum family { FAMILY_INET = 0x10, FAMILY_INET6 = 0x20 };
enum protocol { PROTOCOL_STREAM = 1, PROTOCOL_DGRAM = 2 };

static int check(const struct addr *client, const struct addr *server)
{
	uint16_t family = client->family;

	if (family != server->family || (family != AF_INET && family != AF_INET6 && family != AF_UNSPEC))
		return -EAFNOSUPPORT;
	return 0;
}

/* The address without the interface that a link-local one has here and not there. */
static void add_address(struct text *t, const struct addr *a)
{
	struct addr plain = *a;

	plain.scope = 0;
	text_add(t, " ");
	addr_add_text(t, &plain);
}

int proxyline_v1(const struct addr *client, const struct addr *server, struct proxyline *ret)
{
	char line[PROXYLINE_MAX];
	struct text t = TEXT_OVER(line);
	int r = check(client, server);

	if (r < 0)
		return r;
	if (client->family == AF_UNSPEC) {
		text_add(&t, "PROXY UNKNOWN\r\n");
	} else {
		text_add(&t, client->family == AF_INET ? "PROXY TCP4" : "PROXY TCP6");
		add_address(&t, client);
		add_address(&t, server);
		text_addf(&t, " %u %u\r\n", client->port, server->port);
	}
	assert(!t.cut);
	ret->n = t.len;
	memcpy(ret->bytes, line, t.len);
	return 0;
}

static void add(struct proxyline *p, const void *from, size_t n)
{
	memcpy(p->bytes + p->n, from, n);
	p->n += n;
}

static void add_port(struct proxyline *p, uint16_t port)
{
	uint8_t octets[2];

	bytes_put_be16(octets, port);
	add(p, octets, sizeof(octets));
}

int proxyline_v2(const struct addr *client, const struct addr *server, int type, struct proxyline *ret)
{
	size_t address_bytes = client->family == AF_INET ? 4 : 16;
	int protocol = type == SOCK_DGRAM ? PROTOCOL_DGRAM : PROTOCOL_STREAM;
	int r = check(client, server);

	if (r < 0)
		return r;
	*ret = (struct proxyline){ .n = FIXED };
	memcpy(ret->bytes, signature, sizeof(signature));
	ret->bytes[sizeof(signature)] = client->family == AF_UNSPEC ? COMMAND_LOCAL : COMMAND_PROXY;
	if (client->family == AF_UNSPEC)
		return 0;
	ret->bytes[sizeof(signature) + 1] = (uint8_t)((client->family == AF_INET ? FAMILY_INET : FAMILY_INET6) | protocol);
	add(ret, client->bytes, address_bytes);
	add(ret, server->bytes, address_bytes);
	add_port(ret, client->port);
	add_port(ret, server->port);
	bytes_put_be16(ret->bytes + LENGTH_AT, (uint16_t)(ret->n - FIXED));
	return 0;
}
