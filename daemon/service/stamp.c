/* SPDX-License-Identifier: MIT */
/*
 * A STAMP reflector: which packets it answers, and with what; wire/ has the octets.
 *
 * Flow: stamp_input() makes the answer where the request is, but for T3; stamp_seal() adds that, and the HMAC of all, when
 * the answer leaves. Whoever asks for Follow-Up Telemetry has the kernel tell stamp_depart() when it really did, for the
 * next answer; where that comes too late, or never, T3 is what is known.
 *
 * Two reflectors never answer each other for long. A reflected packet says at a place that a sender leaves empty when the
 * packet that it answers was sent: one that says a moment of this clock in the last minute answers one of ours.
 */
#include "service/stamp.h"

#include <string.h>

#include "base/bytes.h"
#include "service/stamp_sessions.h"
#include "wire/stamp.h"
#include "wire/stamp_answer.h"

#define OWN_PACKET_MAX_S 60
/* The error of a clock of which the kernel says nothing: that of one that nobody ever set. */
#define UNKNOWN_ERROR_US 16000000

static enum stamp_mode mode_of(const struct stamp_options *o)
{
	return o->key != NULL ? STAMP_AUTHENTICATED : STAMP_UNAUTHENTICATED;
}

static uint64_t clock_stamp(const struct svc_context *ctx, const struct timespec *t)
{
	const struct stamp_options *o = &ctx->options->stamp;
	struct timespec at = *t;

	if (o->timestamp == STAMP_PTP && o->ptp_timescale == STAMP_TAI)
		at.tv_sec += ctx->clock.tai_offset_s;
	return stamp_clock_write(&at, o->timestamp);
}

/* A T2 that the program took may be late by however long the packet waited, which is no matter of a clock. */
static uint16_t error_estimate(const struct svc_context *ctx)
{
	int64_t error_us = ctx->clock.max_error_us > 0 ? ctx->clock.max_error_us : UNKNOWN_ERROR_US;

	return stamp_error_write(&(struct stamp_error){
		.is_synchronised = ctx->clock.state == CLOCK_SYNCHRONISED && ctx->facts->received_by != SVC_TIME_USER,
		.form = ctx->options->stamp.timestamp,
		.error_ns = (uint64_t)error_us * 1000,
	});
}

static bool is_among(uint16_t ssid, const struct stamp_options *o)
{
	for (size_t i = 0; i < o->ssids_n; i++)
		if (o->ssids[i] == ssid)
			return true;
	return o->ssids_n == 0;
}

/* Is it an answer to what this host has sent? */
static bool is_reflected(const struct svc_context *ctx, const struct svc_io *io)
{
	struct stamp_reflection r;
	uint64_t now = clock_stamp(ctx, &ctx->wall);

	if (stamp_read_reflection(io->in, io->in_len, mode_of(&ctx->options->stamp), &r) < 0)
		return false;
	/* Both are whole seconds in the upper half, whatever the form; a second ahead, for the clock may be set. */
	return (uint32_t)((now >> 32) + 1 - (r.sender.sent >> 32)) <= OWN_PACKET_MAX_S + 1;
}

/* Whether it is one to be answered; the HMAC before anything else (RFC 8762 section 4.4). */
static bool is_right(const struct svc_context *ctx, const struct svc_io *io, struct stamp_request *ret)
{
	const struct stamp_options *o = &ctx->options->stamp;

	if (o->key && !stamp_is_authentic(io->in, io->in_len, o->key))
		return false;
	return stamp_read_request(io->in, io->in_len, mode_of(o), ret) == 0 && stamp_error_read(ret->error).is_valid &&
	       is_among(ret->ssid, o) && !is_reflected(ctx, io);
}

/* The length of the answer: as the request, for both directions to carry the same; a TWAMP-Light request that is shorter
 * than the base gets the base from who was told to expect it (RFC 8762 section 4.6). 0: none is due. */
static size_t answer_bytes(const struct stamp_options *o, const struct svc_io *io)
{
	size_t base = stamp_base_bytes(mode_of(o)), n = io->in_len < base ? base : io->in_len;

	return n <= io->out_cap && (o->sessions == STAMP_LISTED || n == io->in_len) ? n : 0;
}

static struct stamp_session *find_session(const struct svc_context *ctx, uint16_t ssid, uint32_t *ret_index)
{
	struct stamp_session_name name = { .client = ctx->peer, .server = ctx->local, .ssid = ssid };

	stamp_sessions_begin(ctx->memory, ctx->options->stamp.sessions_max, ctx->random);
	*ret_index = stamp_sessions_find(ctx->memory, &name, ctx->facts->now_ns);
	return *ret_index != STAMP_SESSIONS_NONE ? stamp_sessions_at(ctx->memory, *ret_index) : NULL;
}

/* The facts that TLVs may be told. */
static struct stamp_facts tlv_facts(const struct svc_context *ctx, const struct stamp_reflection *r,
				    const struct stamp_session *session)
{
	const struct stamp_options *o = &ctx->options->stamp;
	uint8_t sync = ctx->clock.state == CLOCK_SYNCHRONISED ? STAMP_SYNC_NTP : STAMP_SYNC_FREE;
	struct stamp_facts f = {
		.seq = r->sender.seq,
		.reflected_seq = r->seq,
		.key = o->key,
		.source = ctx->peer,
		.destination = ctx->local,
		.traffic_class = ctx->facts->traffic_class,
		.timing = { sync, STAMP_METHOD_SOFTWARE, sync, STAMP_METHOD_SOFTWARE },
		.micro_session = (uint16_t)ctx->facts->interface,
		.may_choose_dscp = o->sessions == STAMP_LISTED,
	};

	if (session) {
		f.has_counters = true;
		f.counted.reflector_received = session->received;
		f.counted.reflector_sent = session->reflected;
		if (o->mode == STAMP_STATEFUL)
			f.before = session->last;
	}
	return f;
}

/* Counts the packet in its session, and says which Sequence Number its answer has. */
static uint32_t count(const struct stamp_options *o, struct stamp_session *session, const struct stamp_request *request)
{
	uint32_t seq = request->seq;

	if (!session)
		return seq;
	if (o->mode == STAMP_STATEFUL)
		seq = session->reflected;
	session->received++;
	session->reflected++;
	return seq;
}

static void answer_tlvs(const struct stamp_tlvs *tlvs, const struct stamp_facts *facts, struct svc_io *io, bool *ret_silent)
{
	struct stamp_wishes wishes;

	stamp_answer(tlvs, facts, &wishes);
	io->sending.has_dscp = wishes.dscp >= 0;
	io->sending.dscp = (uint8_t)(wishes.dscp & 0x3F);
	io->sending.same_link = wishes.same_link;
	io->sending.departs = wishes.followup;
	*ret_silent = wishes.no_reply;
}

/* Makes the answer of n octets. False: the sender asked for none. */
static bool reflect(const struct svc_context *ctx, const struct stamp_request *request, size_t n, struct svc_io *io)
{
	const struct stamp_options *o = &ctx->options->stamp;
	size_t base = stamp_base_bytes(mode_of(o));
	uint32_t index;
	struct stamp_session *session = find_session(ctx, request->ssid, &index);
	struct stamp_reflection r = {
		.seq = count(o, session, request),
		.received = clock_stamp(ctx, &ctx->facts->received),
		.error = error_estimate(ctx),
		.ssid = request->ssid,
		.ttl = ctx->facts->ttl >= 0 ? (uint8_t)ctx->facts->ttl : STAMP_TTL_UNKNOWN,
		.sender = *request,
	};
	bool is_silent = false;

	if (io->out != io->in)
		memcpy(io->out, io->in, io->in_len);
	if (n > base) {
		struct stamp_facts facts = tlv_facts(ctx, &r, session);

		answer_tlvs(&(struct stamp_tlvs){ .at = io->out + base, .n = n - base }, &facts, io, &is_silent);
	}
	stamp_write_reflection(io->out, mode_of(o), &r);
	io->sending.handle = o->mode == STAMP_STATEFUL && session != NULL ? index + 1 : 0;
	io->sending.departs = io->sending.departs && io->sending.handle != 0;
	io->sending.is_uncounted = !session;
	if (is_silent && session)
		session->reflected--;
	return !is_silent;
}

enum svc_verdict stamp_input(void *state maybe_unused, const struct svc_context *ctx, struct svc_io *io)
{
	struct stamp_request request;
	size_t n = answer_bytes(&ctx->options->stamp, io);

	io->in_used = io->in_len;
	if (n == 0 || !is_right(ctx, io, &request))
		return SVC_DROP;
	if (!reflect(ctx, &request, n, io))
		return SVC_MORE;
	io->out_len = n;
	return SVC_DONE;
}

size_t stamp_memory(const struct svc_options *options)
{
	return stamp_sessions_bytes(options->stamp.sessions_max);
}

void stamp_seal(const struct svc_context *ctx, uint32_t handle, uint8_t *answer, size_t n maybe_unused)
{
	const struct stamp_options *o = &ctx->options->stamp;
	uint64_t sent = clock_stamp(ctx, &ctx->wall);

	stamp_write_sent(answer, mode_of(o), sent);
	if (o->key)
		stamp_sign(answer, o->key);
	if (handle != 0)
		stamp_sessions_at(ctx->memory, handle - 1)->last = (struct stamp_followup){
			.seq = bytes_get_be32(answer), .sent = sent, .method = STAMP_METHOD_SOFTWARE
		};
}

/* By then the session may have a later answer; that one's stamp is still to come. */
void stamp_depart(const struct svc_context *ctx, const struct svc_departure *d)
{
	struct stamp_followup *last = &stamp_sessions_at(ctx->memory, d->handle - 1)->last;

	if (last->sent == clock_stamp(ctx, &d->wall))
		last->sent = clock_stamp(ctx, &d->left);
}
