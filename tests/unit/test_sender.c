/* SPDX-License-Identifier: MIT */
/* What is sent as one message arrives as it would one by one, also where the kernel refuses to do that. */
#include "test.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include "worker_desk.h"
#include "datagram/sender.h"

#define SEGMENT 100
#define LAST 40

static uint8_t bytes[5 * SEGMENT + LAST];

static struct outbox box;

struct post {
	struct desk desk;
	struct listener *l;
	struct sender sender;
	struct packet_info info;
	struct sockaddr_storage name;
	socklen_t name_bytes;
	int client;
};

static void begin(struct post *p)
{
	memset(p, 0, sizeof(*p));
	desk_begin(&p->desk, POOL_EVENT, 1);
	p->l = desk_listen(&p->desk, "echo", TRANSPORT_UDP, AF_INET);
	p->client = desk_dial(p->l, SOCK_DGRAM);
	p->name_bytes = sizeof(p->name);
	assert_int_equal(getsockname(p->client, (struct sockaddr *)&p->name, &p->name_bytes), 0);
	p->info.checked.local = p->l->address;
	assert_int_equal(sender_new(p->l, &shared_counters(desk_shared, DESK_RECORD)[0], &p->sender), 0);
	sender_begin(&p->sender, p->l->fd);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 250);
	outbox_begin(&box, p->sender.merges);
}

static void end(struct post *p)
{
	close(p->client);
	desk_end(&p->desk);
}

static void add(struct post *p, size_t at, size_t n)
{
	struct outbox_to to = { .listener = p->l, .info = &p->info, .name = &p->name, .name_bytes = p->name_bytes };

	assert_true(outbox_add(&box, &to, &(struct iovec){ .iov_base = bytes + at, .iov_len = n }));
}

/* Five and a shorter one; the third lies elsewhere. */
static void add_some(struct post *p)
{
	for (size_t i = 0; i < 5; i++)
		add(p, (i ^ (i == 1 || i == 3 ? 2 : 0)) * SEGMENT, SEGMENT);
	add(p, 5 * SEGMENT, LAST);
}

static void expect_some(const struct post *p)
{
	uint8_t got[200];

	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(recv(p->client, got, sizeof(got), MSG_DONTWAIT), SEGMENT);
		assert_memory_equal(got, bytes + (i ^ (i == 1 || i == 3 ? 2 : 0)) * SEGMENT, SEGMENT);
	}
	assert_int_equal(recv(p->client, got, sizeof(got), MSG_DONTWAIT), LAST);
	assert_memory_equal(got, bytes + 5 * SEGMENT, LAST);
}

static void expect_counts(const struct post *p, uint64_t sent, uint64_t errors)
{
	assert_int_equal(atomic_load(&p->sender.counters->datagrams_answered), sent);
	assert_int_equal(atomic_load(&p->sender.counters->send_errors), errors);
	assert_int_equal(recv(p->client, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

TEST(one_message_arrives_as_the_datagrams_it_is_made_of)
{
	struct post p;

	begin(&p);
	assert_true(p.sender.merges);
	add_some(&p);
	assert_int_equal(box.n, 1);
	sender_send(&p.sender, p.l->fd, &box);
	expect_some(&p);
	expect_counts(&p, 6, 0);
	assert_int_equal(atomic_load(&p.sender.counters->sent_bytes), sizeof(bytes));
	assert_int_equal(box.n, 0);
	end(&p);
}

/* Without checksums the kernel merges nothing; it is not the only reason it may have. */
TEST(what_the_kernel_does_not_take_as_one_is_sent_one_by_one)
{
	struct post p;
	int on = 1;

	begin(&p);
	assert_int_equal(setsockopt(p.l->fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
	add_some(&p);
	add(&p, 0, SEGMENT); /* behind it, in a message of its own */
	assert_int_equal(box.n, 2);
	sender_send(&p.sender, p.l->fd, &box);
	expect_some(&p);
	assert_int_equal(recv(p.client, &(char){ 0 }, 1, MSG_DONTWAIT | MSG_TRUNC), SEGMENT);
	expect_counts(&p, 7, 0);
	assert_int_equal(atomic_load(&p.sender.counters->sent_bytes), sizeof(bytes) + SEGMENT);
	end(&p);
}

TEST(what_nobody_can_be_sent_is_counted_by_the_datagram)
{
	struct post p;

	begin(&p);
	((struct sockaddr_in *)(void *)&p.name)->sin_port = 0;
	add_some(&p);
	sender_send(&p.sender, p.l->fd, &box);
	expect_counts(&p, 0, 6);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message_arrives_as_the_datagrams_it_is_made_of),
		cmocka_unit_test(what_the_kernel_does_not_take_as_one_is_sent_one_by_one),
		cmocka_unit_test(what_nobody_can_be_sent_is_counted_by_the_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
