/* SPDX-License-Identifier: MIT */
/* The words that the supervisor and its processes send each other over a channel. */
#include "worker/channel.h"

#include <errno.h>
#include <sys/socket.h>

#define WORDS_MAX 64 /* read at once */
#define TRIES 16     /* of a word for which the kernel has no memory; it has waited for some each time */

void channel_send(int channel, enum channel_word word)
{
	char byte = (char)word;

	for (int i = 0; i < TRIES; i++)
		if (send(channel, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ||
		    (errno != ENOBUFS && errno != ENOMEM && errno != EINTR))
			return;
}

void channel_receive(int channel, channel_hear_fn *hear, void *of)
{
	char words[WORDS_MAX];
	ssize_t n = recv(channel, words, sizeof(words), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n; i++)
		if (words[i] != CHANNEL_GONE)
			hear(of, (enum channel_word)words[i]);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		hear(of, CHANNEL_GONE);
}
