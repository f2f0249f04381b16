/* SPDX-License-Identifier: MIT */
/* channel: words arrive one by one and in order, and the end of the other side is one of them. */
#include "test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/channel.h"

struct heard {
	char words[16];
	size_t n;
};

static void hear(void *of, enum channel_word word)
{
	struct heard *h = of;

	assert_true(h->n < sizeof(h->words));
	h->words[h->n++] = word == CHANNEL_GONE ? '.' : (char)word;
}

/* What one look at the channel brings, as text; a full stop stands for CHANNEL_GONE. */
static const char *receive(int fd)
{
	static char text[17];
	struct heard h = { 0 };

	channel_receive(fd, hear, &h);
	memcpy(text, h.words, h.n);
	text[h.n] = '\0';
	return text;
}

static void open_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

TEST(words_arrive_in_the_order_in_which_they_were_sent)
{
	int pair[2];

	open_pair(pair);
	assert_string_equal(receive(pair[1]), "");
	channel_send(pair[0], CHANNEL_GO);
	channel_send(pair[0], CHANNEL_LOOK);
	channel_send(pair[0], CHANNEL_DRAIN);
	assert_string_equal(receive(pair[1]), "gld");
	assert_string_equal(receive(pair[1]), "");
	close(pair[0]);
	close(pair[1]);
}

TEST(the_last_words_arrive_before_the_end_of_the_sender)
{
	int pair[2];

	open_pair(pair);
	channel_send(pair[0], CHANNEL_END);
	close(pair[0]);
	assert_string_equal(receive(pair[1]), "e");
	assert_string_equal(receive(pair[1]), ".");
	close(pair[1]);
}

TEST(a_sender_that_never_read_what_it_was_sent_has_ended_all_the_same)
{
	int pair[2];

	open_pair(pair);
	channel_send(pair[1], CHANNEL_READY);
	close(pair[0]); /* the next receive is a connection reset */
	assert_string_equal(receive(pair[1]), ".");
	close(pair[1]);
}

TEST(no_byte_of_the_sender_stands_for_its_end)
{
	int pair[2];

	open_pair(pair);
	assert_int_equal(send(pair[0], "\0g", 2, 0), 2);
	assert_string_equal(receive(pair[1]), "g");
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_arrive_in_the_order_in_which_they_were_sent),
		cmocka_unit_test(the_last_words_arrive_before_the_end_of_the_sender),
		cmocka_unit_test(a_sender_that_never_read_what_it_was_sent_has_ended_all_the_same),
		cmocka_unit_test(no_byte_of_the_sender_stands_for_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
