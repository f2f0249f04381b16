/* SPDX-License-Identifier: MIT */
/* The words that the supervisor and its processes tell each other over a channel, a socketpair. */
#pragma once

#include <stdbool.h>

/* What the supervisor and a worker tell each other, one byte each, over the worker's channel. End of file: the supervisor
 * is dead, or wants the worker to be. */
enum channel_word {
	/* to a worker */
	CHANNEL_GO = 'g',    /* serve                                                              */
	CHANNEL_DRAIN = 'd', /* accept and read nothing new; exit when the last session is over    */
	CHANNEL_END = 'e',   /* end the sessions that are left, and exit                           */
	CHANNEL_LOOK = 'l',  /* a kill mark was set on one of its sessions, or readers were dealt anew */
	/* from a worker */
	CHANNEL_READY = 'R',   /* it could serve                      */
	CHANNEL_DRAINED = 'D', /* it accepts and reads nothing new    */
	CHANNEL_SPARE = 'S',   /* prefork: too few idle workers are left; any: it is full */
	CHANNEL_LOST = 'L',    /* a socket of a listener's brings nothing but events */
	CHANNEL_ALIVE = 'A',   /* from one that cannot write its record  */
};

/* Sends a word. Never waits: a channel that is full belongs to a process that does not run, and is not needed to know that
 * (the records, the heartbeat). */
void channel_send(int channel, enum channel_word word);

/* For a process that obeys no other word: reads what is there. True: it is to end, or the other end is gone. */
bool channel_says_end(int channel);
