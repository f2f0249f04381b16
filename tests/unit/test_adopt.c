/* SPDX-License-Identifier: MIT */
/* Sockets that were passed, and which listener gets each; real sockets, as a socket unit makes them. */

#include "test.h"

#include "net/adopt.h"
#include "net/passed.h"

#include "open_listener.h"

static struct adopt passed;
static struct listener_settings listeners[4];
static struct settings settings;
static struct listener plan[LISTENER_MAX];
static size_t plan_n;
static char why_storage[512], notices_storage[512], refused_storage[2048];

static int prepare(void **state maybe_unused)
{
	passed = (struct adopt){ 0 };
	settings = (struct settings){ .activation = SETTINGS_ACTIVATION_ONLY, .listeners = listeners };
	return 0;
}

static int clean(void **state maybe_unused)
{
	for (size_t i = 0; i < passed.n; i++)
		fd_close(&passed.sockets[i].fd);
	return 0;
}

/* A listener of echo on 127.0.0.1. */
static struct listener_settings *listens(const char *name, unsigned transports)
{
	struct listener_settings *l = &listeners[settings.listeners_n++];

	*l = some_settings(transports);
	strcpy(l->name, name);
	strcpy(l->path, "@test_adopt");
	l->service = service_find("echo");
	l->enabled = true;
	return l;
}

/* A socket of 127.0.0.1 is passed under this name. */
static struct adopt_socket *is_passed(const char *name, int type)
{
	struct adopt_socket *s = &passed.sockets[passed.n];
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, type, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	assert_null(passed_describe(fd, s));
	s->number = 3 + (int)passed.n++;
	strcpy(s->name, name);
	return s;
}

static int plan_all(void)
{
	struct text why = TEXT_OVER(why_storage), notices = TEXT_OVER(notices_storage), refused = TEXT_OVER(refused_storage);

	struct listener_list list = { .at = plan, .max = LISTENER_MAX };
	int r = adopt_plan(&passed, &settings, &list, &(struct adopt_said){ &why, &notices, &refused });

	plan_n = list.n;
	return r;
}

/* Socket i of the plan is this one, for that listener. */
static void expect_adopted(size_t i, const struct adopt_socket *s, const struct listener_settings *by)
{
	assert_true(i < plan_n);
	assert_ptr_equal(plan[i].settings, by);
	assert_int_equal(plan[i].passed_fd, s->fd);
	assert_int_equal(plan[i].transport, s->transport);
	assert_true(addr_same(&plan[i].address, &s->address));
}

static void expect_refused(const char *sentence)
{
	assert_int_equal(plan_all(), 0);
	if (!strstr(refused_storage, sentence))
		fail_msg("\"%s\" is not in \"%s\"", sentence, refused_storage);
}

/* ---- which listener ---- */

TEST(a_listener_s_name_comes_before_a_service_s)
{
	struct listener_settings *other = listens("other", TRANSPORT_TCP), *named = listens("echo", TRANSPORT_TCP);
	struct adopt_socket *s = is_passed("echo", SOCK_STREAM);

	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 1);
	expect_adopted(0, s, named);
	named->enabled = false;
	assert_int_equal(plan_all(), 0);
	expect_adopted(0, s, other);
}

TEST(a_service_s_name_and_the_type_find_the_listener)
{
	struct listener_settings *streams = listens("a", TRANSPORT_TCP), *datagrams = listens("b", TRANSPORT_UDP);
	struct adopt_socket *tcp = is_passed("echo", SOCK_STREAM), *udp = is_passed("echo", SOCK_DGRAM);

	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 2);
	expect_adopted(0, tcp, streams);
	expect_adopted(1, udp, datagrams);
}

TEST(address_port_and_type_find_the_listener_of_a_name_that_says_nothing)
{
	struct listener_settings *first = listens("a", TRANSPORT_TCP), *second = listens("b", TRANSPORT_TCP);
	struct adopt_socket *s = is_passed("unknown", SOCK_STREAM);

	second->port = s->address.port;
	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 1);
	expect_adopted(0, s, second);
	second->transports = TRANSPORT_UDP;
	expect_refused("matches no listener, by name or by address");
	first->port = s->address.port;
	assert_int_equal(plan_all(), 0);
	expect_adopted(0, s, first);
}

TEST(the_address_decides_between_listeners_of_one_service)
{
	struct listener_settings *second;
	struct adopt_socket *s = is_passed("echo", SOCK_STREAM);

	listens("a", TRANSPORT_TCP);
	second = listens("b", TRANSPORT_TCP);
	expect_refused("could be for 2 listeners");
	second->port = s->address.port;
	assert_int_equal(plan_all(), 0);
	expect_adopted(0, s, second);
}

TEST(a_refusal_names_descriptor_name_type_and_address)
{
	char expected[128];

	listens("echo", TRANSPORT_TCP);
	is_passed("echo", SOCK_STREAM);
	snprintf(expected, sizeof(expected), "descriptor 4 (echo, udp 127.0.0.1:%u) is named after listener echo, ",
		 is_passed("echo", SOCK_DGRAM)->address.port);
	expect_refused(expected);
}

TEST(a_listener_s_label_is_a_name_of_its_transport)
{
	struct listener_settings *l = listens("echo", TRANSPORT_TCP | TRANSPORT_UDP);
	struct adopt_socket *tcp = is_passed("echo/tcp", SOCK_STREAM), *udp = is_passed("echo/udp", SOCK_DGRAM);

	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 2);
	expect_adopted(0, tcp, l);
	expect_adopted(1, udp, l);
	strcpy(udp->name, "echo/tcp");
	expect_refused("(echo/tcp, udp 127.0.0.1:");
	strcpy(udp->name, "echo/");
	expect_refused("(echo/, udp 127.0.0.1:");
}

TEST(one_that_is_refused_takes_nothing_from_the_others_and_its_listener_binds_none)
{
	struct listener_settings *echo = listens("echo", TRANSPORT_TCP), *hostname = listens("hostname", TRANSPORT_TCP);
	struct adopt_socket *served = is_passed("echo", SOCK_STREAM), *public = is_passed("hostname", SOCK_STREAM);

	hostname->service = service_find("hostname");
	settings.activation = SETTINGS_ACTIVATION_AUTO;
	public->address.bytes[0] = 192;
	expect_refused("of listener hostname is reached by others: `allow` is missing: ");
	assert_int_equal(plan_n, 1);
	expect_adopted(0, served, echo);
	assert_true(public->refused && !served->refused);
	hostname->acknowledge_public = true;
	assert_int_equal(plan_all(), 0);
	assert_string_equal(refused_storage, "");
	assert_int_equal(plan_n, 2);
	expect_adopted(1, public, hostname);
}

/* ---- what else is bound ---- */

TEST(only_plans_what_was_passed_and_auto_the_rest)
{
	struct listener_settings *s = listens("echo", TRANSPORT_TCP | TRANSPORT_UDP);
	struct adopt_socket *tcp = is_passed("echo", SOCK_STREAM);

	s->port = 7;
	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 1);
	assert_non_null(strstr(notices_storage, "closed, no socket was passed: echo/udp\n"));
	settings.activation = SETTINGS_ACTIVATION_AUTO;
	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 2);
	expect_adopted(0, tcp, s);
	assert_int_equal(plan[1].transport, TRANSPORT_UDP);
	assert_int_equal(plan[1].origin, ORIGIN_BOUND);
	assert_string_equal(notices_storage, "echo/tcp: a socket was passed, so 127.0.0.1:7 is not bound\n");
	s->port = tcp->address.port;
	assert_int_equal(plan_all(), 0);
	assert_string_equal(notices_storage, "");
}

TEST(listeners_without_a_socket_are_told_of_each_once)
{
	struct listener_settings *s = listens("echo", TRANSPORT_TCP | TRANSPORT_UDP);

	listens("other", TRANSPORT_TCP)->enabled = false;
	listens("discard", TRANSPORT_UDP);
	is_passed("echo", SOCK_DGRAM);
	s->addresses_n = 2;
	s->addresses[1] = s->addresses[0];
	s->addresses[1].addr.bytes[3] = 2;
	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 1);
	assert_non_null(strstr(notices_storage, "closed, no socket was passed: echo/tcp discard/udp\n"));
}

/* No other is bound in the place of one that came to its end. */
TEST(one_that_has_ended_keeps_its_listener_from_binding)
{
	listens("echo", TRANSPORT_TCP);
	settings.activation = SETTINGS_ACTIVATION_AUTO;
	adopt_end(&passed, is_passed("echo", SOCK_STREAM)->fd);
	adopt_end(&passed, is_passed("nobody-has-that-name", SOCK_DGRAM)->fd);
	assert_int_equal(passed.sockets[0].fd, -1);
	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 0);
}

TEST(two_sockets_of_one_place_are_two_listeners)
{
	struct adopt_socket *first, *second;

	listens("echo", TRANSPORT_UDP);
	first = is_passed("echo", SOCK_DGRAM);
	second = is_passed("echo", SOCK_DGRAM);
	second->address = first->address; /* as with SO_REUSEPORT */
	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 2);
	assert_string_not_equal(plan[0].key, plan[1].key);
}

TEST(notices_that_do_not_fit_are_left_out_whole)
{
	struct listener_settings *s = listens("a-long-name-of-a-listener-that-fills-the-storage", TRANSPORT_TCP);

	settings.activation = SETTINGS_ACTIVATION_AUTO;
	s->addresses_n = 10;
	for (size_t i = 1; i < s->addresses_n; i++)
		s->addresses[i] = s->addresses[0];
	is_passed(s->name, SOCK_STREAM);
	assert_int_equal(plan_all(), 0);
	assert_string_equal(notices_storage + strlen(notices_storage) - 14, " is not bound\n");
}

/* ---- the store ---- */

static unsigned removed_n;

static void count_removed(const char *name maybe_unused)
{
	removed_n++;
}

/* What is in a service manager's store must be found again by the next version of this program. */
TEST(a_stored_socket_has_the_same_name_in_every_version)
{
	char storage[64];
	struct text name = TEXT_OVER(storage);
	struct listener l = { .key = "tcp 127.0.0.1:7" };

	adopt_stored_name(&l, &name);
	assert_string_equal(storage, "stored-e46b29c788516a4b");
	assert_null(strchr(storage, ':')); /* it separates names in LISTEN_FDNAMES */
}

TEST(a_stored_socket_takes_the_place_of_the_one_that_would_be_bound)
{
	struct listener_settings *s = listens("echo", TRANSPORT_TCP);
	char storage[64];
	struct text name = TEXT_OVER(storage);
	struct adopt_socket *stored = is_passed("", SOCK_STREAM);

	settings.activation = SETTINGS_ACTIVATION_AUTO;
	s->port = stored->address.port;
	assert_int_equal(listener_plan(&settings, s, &(struct listener_list){ .at = plan, .max = 1 }), 0);
	adopt_stored_name(&plan[0], &name);
	strcpy(stored->name, storage);
	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 1);
	expect_adopted(0, stored, s);
	assert_int_equal(plan[0].origin, ORIGIN_STORED);
	assert_true(plan[0].stored);
	removed_n = 0;
	adopt_drop_stored(&passed, count_removed);
	assert_int_equal(removed_n, 0); /* it stays stored, but the copy here is needed no more */
	assert_int_equal(stored->fd, -1);
}

TEST(a_stored_socket_that_nobody_wants_is_closed_and_removed)
{
	struct listener_settings *s = listens("echo", TRANSPORT_TCP);
	struct adopt_socket *stored = is_passed("stored-0000000000000000", SOCK_STREAM);
	int fd = stored->fd;

	s->port = stored->address.port; /* by its name alone, not by its address */
	settings.activation = SETTINGS_ACTIVATION_AUTO;
	assert_int_equal(plan_all(), 0);
	assert_int_equal(plan_n, 1);
	assert_int_equal(plan[0].origin, ORIGIN_BOUND);
	removed_n = 0;
	adopt_drop_stored(&passed, count_removed);
	assert_int_equal(removed_n, 1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_listener_s_name_comes_before_a_service_s, prepare, clean),
		cmocka_unit_test_setup_teardown(a_service_s_name_and_the_type_find_the_listener, prepare, clean),
		cmocka_unit_test_setup_teardown(address_port_and_type_find_the_listener_of_a_name_that_says_nothing, prepare,
						clean),
		cmocka_unit_test_setup_teardown(the_address_decides_between_listeners_of_one_service, prepare, clean),
		cmocka_unit_test_setup_teardown(a_refusal_names_descriptor_name_type_and_address, prepare, clean),
		cmocka_unit_test_setup_teardown(a_listener_s_label_is_a_name_of_its_transport, prepare, clean),
		cmocka_unit_test_setup_teardown(
			one_that_is_refused_takes_nothing_from_the_others_and_its_listener_binds_none, prepare, clean),
		cmocka_unit_test_setup_teardown(only_plans_what_was_passed_and_auto_the_rest, prepare, clean),
		cmocka_unit_test_setup_teardown(two_sockets_of_one_place_are_two_listeners, prepare, clean),
		cmocka_unit_test_setup_teardown(listeners_without_a_socket_are_told_of_each_once, prepare, clean),
		cmocka_unit_test_setup_teardown(one_that_has_ended_keeps_its_listener_from_binding, prepare, clean),
		cmocka_unit_test_setup_teardown(notices_that_do_not_fit_are_left_out_whole, prepare, clean),
		cmocka_unit_test_setup_teardown(a_stored_socket_has_the_same_name_in_every_version, prepare, clean),
		cmocka_unit_test_setup_teardown(a_stored_socket_takes_the_place_of_the_one_that_would_be_bound, prepare,
						clean),
		cmocka_unit_test_setup_teardown(a_stored_socket_that_nobody_wants_is_closed_and_removed, prepare, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
