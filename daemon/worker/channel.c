/* SPDX-License-Identifier: MIT */
/* The words that the supervisor and its processes tell each other over a channel. */
#include "worker/channel.h"

#include <string.h>
#include <sys/socket.h>

void channel_send(int channel, enum channel_word word)
{
	char byte = (char)word;

	(void)!send(channel, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool channel_says_end(int channel)
{
	char words[8];
	ssize_t n = recv(channel, words, sizeof(words), MSG_DONTWAIT);

	return n == 0 || (n > 0 && memchr(words, CHANNEL_END, (size_t)n));
}
