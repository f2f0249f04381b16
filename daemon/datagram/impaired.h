/* SPDX-License-Identifier: MIT */
/*
 * The answers of a listener that impairs them, on their way: faults are done to them, and they are held back.
 *
 * Flow: impaired_begin() for each batch, impaired_draw() for each request before its service sees it, impaired_answer()
 * instead of the outbox, impaired_send() at the end of the batch; later a timer. What is held back when the socket is given
 * up is sent then and there.
 */
#pragma once

#include "base/attr.h"
#include "datagram/outlet.h"

/* Room for what a worker holds back. 0 or -ENOMEM. */
int impaired_new(struct datagrams *d) must_check;

/* Looks up the rules of a socket's listener: o->impair is NULL where it impairs nothing, and the others are not called. */
void impaired_begin(struct outlet *o);

/* Draws what is done to the answer to a request of n bytes: o->drawn. */
void impaired_draw(struct outlet *o, const void *request, size_t n);

/* Puts an answer on its way, with what was drawn. It is copied, and its bytes may be changed before. */
void impaired_answer(struct outlet *o, const struct outbox_to *to, const struct iovec *answer);

/* Sends what is due, by the worker's outbox, which is empty. */
void impaired_send(struct outlet *o);

/* Sends all that is held back, whenever it is due. */
void impaired_send_all(struct outlet *o);
