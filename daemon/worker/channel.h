/* SPDX-License-Identifier: MIT */
/* The words that the supervisor and its processes send each other over a channel, a socketpair: one byte each. */
#pragma once

enum channel_word {
	/* to a worker */
	CHANNEL_GO = 'g',    /* serve                                                                      */
	CHANNEL_DRAIN = 'd', /* accept and read nothing new; exit when the last session is over            */
	CHANNEL_END = 'e',   /* end the sessions that are left, and exit                                   */
	CHANNEL_LOOK = 'l',  /* a session of the worker has a kill mark, or readers were dealt anew */
	/* from a worker */
	CHANNEL_READY = 'R',   /* the worker could serve                                                 */
	CHANNEL_DRAINED = 'D', /* it accepts and reads nothing new                                       */
	CHANNEL_SPARE = 'S',   /* prefork: too few idle workers are left; any: the worker is full        */
	CHANNEL_LOST = 'L',    /* a socket of a listener brings nothing but events                       */
	CHANNEL_ALIVE = 'A',   /* from a process that cannot write its record                            */
	/* to the receiver alone, never sent: the other end is closed */
	CHANNEL_GONE = '\0',
};

/* Sends a word. Never waits: a channel that is full belongs to a process that does not run, and is not needed to know that
 * (the records, the heartbeat). */
void channel_send(int channel, enum channel_word word);

/* Hands on each word that has come, then CHANNEL_GONE if the other end is closed. A word may be none of the above. */
typedef void channel_hear_fn(void *of, enum channel_word word);
void channel_receive(int channel, channel_hear_fn *hear, void *of);
