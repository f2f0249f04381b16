/* SPDX-License-Identifier: MIT */
/* proxyline: PROXY headers as written, octet for octet, and as session/proxy.h reads them. */
#include "test.h"

#include <errno.h>
#include <sys/socket.h>

#include "hex.h"
#include "proxy_headers.h"
#include "wire/proxyline.h"

static struct addr at(const char *text, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	a.port = port;
	return a;
}

static const struct addr nobody = { .family = AF_UNSPEC };

TEST(version_2_has_the_octets_of_the_vectors)
{
	struct addr v4_client = at("192.0.2.1", 56324), v4_server = at("198.51.100.2", 7);
	struct addr v6_client = at("2001:db8::1", 40000), v6_server = at("2001:db8::2", 7);
	struct proxyline p;

	assert_int_equal(proxyline_v2(&v4_client, &v4_server, SOCK_STREAM, &p), 0);
	assert_hex(p.bytes, p.n, "0d0a0d0a000d0a515549540a2111000cc0000201c6336402dc040007");
	assert_int_equal(proxyline_v2(&v6_client, &v6_server, SOCK_DGRAM, &p), 0);
	assert_hex(p.bytes, p.n,
		   "0d0a0d0a000d0a515549540a2122002420010db800000000000000000000000120010db8000000000000000000000002"
		   "9c400007");
	assert_int_equal(proxyline_v2(&nobody, &nobody, SOCK_STREAM, &p), 0);
	assert_hex(p.bytes, p.n, "0d0a0d0a000d0a515549540a20000000");
}

static void assert_line(const struct addr *client, const struct addr *server, const char *expected)
{
	struct proxyline p;

	assert_int_equal(proxyline_v1(client, server, &p), 0);
	assert_int_equal(p.n, strlen(expected));
	assert_memory_equal(p.bytes, expected, p.n);
}

TEST(version_1_is_a_line)
{
	struct addr v4 = at("192.0.2.1", 56324), v4_server = at("198.51.100.2", 7);
	struct addr v6 = at("2001:db8:0:0:1:2:3:4", 65535), v6_server = at("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);

	assert_line(&v4, &v4_server, "PROXY TCP4 192.0.2.1 198.51.100.2 56324 7\r\n");
	assert_line(&nobody, &nobody, "PROXY UNKNOWN\r\n");
	assert_line(&v6, &v6_server, "PROXY TCP6 2001:db8::1:2:3:4 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n");
	/* The longest there can be. */
	assert_line(&v6_server, &v6_server,
		    "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
		    "65535\r\n");
}

TEST(a_link_local_address_loses_its_interface_in_a_line)
{
	struct addr a = at("fe80::1", 1);

	a.scope = 4294967295;
	assert_line(&a, &a, "PROXY TCP6 fe80::1 fe80::1 1 1\r\n");
}

TEST(ends_of_two_families_have_no_header)
{
	struct addr v4 = at("192.0.2.1", 1), v6 = at("2001:db8::1", 1), local = { .family = AF_UNIX };
	struct proxyline p;

	assert_int_equal(proxyline_v1(&v4, &v6, &p), -EAFNOSUPPORT);
	assert_int_equal(proxyline_v2(&v6, &v4, SOCK_STREAM, &p), -EAFNOSUPPORT);
	assert_int_equal(proxyline_v2(&v4, &nobody, SOCK_STREAM, &p), -EAFNOSUPPORT);
	assert_int_equal(proxyline_v1(&local, &local, &p), -EAFNOSUPPORT);
}

static void assert_heard(const struct proxyline *p, const struct addr *client, const struct addr *server)
{
	struct heard h = header_hear(PROXY_BOTH, p->bytes, p->n, 1);

	assert_int_equal(h.verdict, PROXY_CLIENT);
	assert_int_equal(h.used, p->n);
	assert_true(addr_same(&h.p.client, client));
	assert_true(addr_same(&h.p.server, server));
}

TEST(the_daemon_understands_what_is_written)
{
	const struct addr clients[] = { at("192.0.2.1", 56324), at("2001:db8::1", 0) };
	const struct addr servers[] = { at("198.51.100.2", 65535), at("2001:db8::2", 7) };
	struct proxyline p;

	for (size_t i = 0; i < array_n(clients); i++) {
		assert_int_equal(proxyline_v1(&clients[i], &servers[i], &p), 0);
		assert_heard(&p, &clients[i], &servers[i]);
		assert_int_equal(proxyline_v2(&clients[i], &servers[i], SOCK_STREAM, &p), 0);
		assert_heard(&p, &clients[i], &servers[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2_has_the_octets_of_the_vectors),
		cmocka_unit_test(version_1_is_a_line),
		cmocka_unit_test(a_link_local_address_loses_its_interface_in_a_line),
		cmocka_unit_test(ends_of_two_families_have_no_header),
		cmocka_unit_test(the_daemon_understands_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
