/* SPDX-License-Identifier: MIT */
/* The TLVs that the stamp test sends on request, and what a reflector wrote into them. */
#include "echoprobe/stamp_extras.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "echoprobe/units.h"
#include "wire/stamp_clock.h"

#define WORD_MAX 32
#define HMAC_TLV_BYTES (STAMP_TLV_HEADER + STAMP_HMAC_BYTES)

/* The words of --tlv, and the type of each. */
static const struct {
	const char *name;
	enum stamp_tlv_type type;
} words[] = {
	{ "padding", STAMP_TLV_PADDING }, { "location", STAMP_TLV_LOCATION }, { "timestamp", STAMP_TLV_TIMESTAMP },
	{ "cos", STAMP_TLV_COS },         { "direct", STAMP_TLV_DIRECT },     { "followup", STAMP_TLV_FOLLOWUP },
};

static bool has(const struct plan *plan, enum stamp_tlv_type type)
{
	return (plan->tlvs.types & 1U << type) != 0;
}

/* --- what is asked ---------------------------------------------------------------------------------------------------- */

static int take_value(enum stamp_tlv_type type, const char *value, struct plan_tlvs *ret)
{
	uint64_t n = 0;
	int r = -EINVAL;

	if (type == STAMP_TLV_COS)
		return units_dscp(value, &ret->dscp);
	if (type == STAMP_TLV_PADDING)
		r = units_number(value, 0, PLAN_SIZE_MAX_BYTES - 1000, &n);
	ret->padding_bytes = (uint32_t)n;
	return r;
}

static int take_word(const char *word, size_t n, struct plan_tlvs *ret)
{
	char storage[WORD_MAX];
	struct text t = TEXT_OVER(storage);
	char *value;

	text_add_bytes(&t, word, n);
	value = strchr(storage, '=');
	if (value)
		*value++ = '\0';
	for (size_t i = 0; !t.cut && i < array_n(words); i++) {
		if (strcmp(words[i].name, storage) != 0)
			continue;
		ret->types |= (uint16_t)(1U << words[i].type);
		if (!value)
			return words[i].type == STAMP_TLV_PADDING ? -EINVAL : 0;
		return take_value(words[i].type, value, ret);
	}
	return -EINVAL;
}

int stamp_extras_parse(const char *list, struct plan_tlvs *ret)
{
	int r;

	*ret = (struct plan_tlvs){ 0 };
	do {
		size_t n = strcspn(list, ",");

		r = take_word(list, n, ret);
		list += n;
	} while (r == 0 && *list++ == ',');
	return r;
}

/* --- what is sent ----------------------------------------------------------------------------------------------------- */

void stamp_extras_write(const struct plan *plan, uint32_t seq, struct stamp_tlv_writer *w)
{
	uint8_t value[STAMP_FOLLOWUP_BYTES] = { 0 };
	size_t before_n = w->n;
	bool fits = true;

	if (has(plan, STAMP_TLV_LOCATION))
		fits = stamp_location_ask(w);
	if (has(plan, STAMP_TLV_TIMESTAMP))
		fits = stamp_tlv_add(w, STAMP_TLV_TIMESTAMP, NULL, STAMP_TIMING_BYTES) && fits;
	if (has(plan, STAMP_TLV_COS)) {
		stamp_cos_write(value, &(struct stamp_cos){ .dscp1 = plan->tlvs.dscp });
		fits = stamp_tlv_add(w, STAMP_TLV_COS, value, STAMP_COS_BYTES) && fits;
	}
	if (has(plan, STAMP_TLV_DIRECT)) {
		stamp_direct_write(value, &(struct stamp_direct){ .sender_sent = seq + 1 });
		fits = stamp_tlv_add(w, STAMP_TLV_DIRECT, value, STAMP_DIRECT_BYTES) && fits;
	}
	if (has(plan, STAMP_TLV_FOLLOWUP))
		fits = stamp_tlv_add(w, STAMP_TLV_FOLLOWUP, NULL, STAMP_FOLLOWUP_BYTES) && fits;
	if (plan->key_file && w->n > before_n)
		fits = stamp_tlv_add_hmac(w, seq, &plan->key) && fits;
	if (!fits)
		w->n = before_n; /* the plan's size has room for all, so that it is not reached */
}

size_t stamp_extras_bytes(const struct plan *plan)
{
	uint8_t scratch[STAMP_EXTRAS_MAX];
	struct stamp_tlv_writer w = { .at = scratch, .cap = sizeof(scratch) - HMAC_TLV_BYTES };
	struct plan unsigned_plan = { .tlvs = plan->tlvs };

	stamp_extras_write(&unsigned_plan, 0, &w);
	return w.n + (plan->key_file && w.n > 0 ? HMAC_TLV_BYTES : 0);
}

/* --- what came back --------------------------------------------------------------------------------------------------- */

static void take_cos(struct stamp_extras *x, const uint8_t *value)
{
	struct stamp_cos cos = stamp_cos_read(value);

	x->has_cos = true;
	x->dscp_seen |= UINT64_C(1) << (cos.dscp2 & 63);
	x->ecn_seen |= (uint8_t)(1U << (cos.ecn & 3));
	x->refused_dscp += cos.rp != 0;
}

static void take_counters(struct stamp_extras *x, const uint8_t *value)
{
	struct stamp_direct d = stamp_direct_read(value);
	struct direction_counters now = {
		.sender_tx = d.sender_sent,
		.reflector_rx = d.reflector_received,
		.reflector_tx = d.reflector_sent,
		.received = (uint32_t)x->answers,
	};

	/* An answer that was overtaken has counters of before. */
	if (x->counted++ == 0)
		x->first = now;
	else if ((int32_t)(now.reflector_tx - x->last.reflector_tx) < 0)
		return;
	x->last = now;
}

/* The time after T3 when the answer before left, as this one says. */
static void take_followup(struct stamp_extras *x, const struct stamp_reflection *r, const uint8_t *value)
{
	struct stamp_followup f = stamp_followup_read(value);
	enum stamp_form form = stamp_error_read(r->error).form;

	if (x->before_t3 != 0 && f.sent != 0 && f.seq == x->before) {
		struct timespec near = clock_wall();
		struct timespec left = stamp_clock_read(f.sent, form, &near);
		struct timespec said = stamp_clock_read(x->before_t3, form, &near);

		histogram_add(&x->left, (left.tv_sec - said.tv_sec) * (int64_t)CLOCK_S_NS + left.tv_nsec - said.tv_nsec);
	}
	x->before = r->seq;
	x->before_t3 = r->sent;
}

static void take_tlv(struct stamp_extras *x, const struct stamp_reflection *r, const struct stamp_tlv *tlv)
{
	uint16_t bit = (uint16_t)(1U << tlv->type);

	if (*tlv->header & STAMP_TLV_UNRECOGNISED)
		x->unknown |= bit;
	else if (*tlv->header & STAMP_TLV_MALFORMED)
		x->malformed |= bit;
	else if (tlv->type == STAMP_TLV_COS && tlv->n == STAMP_COS_BYTES)
		take_cos(x, tlv->value);
	else if (tlv->type == STAMP_TLV_DIRECT && tlv->n == STAMP_DIRECT_BYTES)
		take_counters(x, tlv->value);
	else if (tlv->type == STAMP_TLV_FOLLOWUP && tlv->n == STAMP_FOLLOWUP_BYTES)
		take_followup(x, r, tlv->value);
	else if (tlv->type == STAMP_TLV_TIMESTAMP && tlv->n == STAMP_TIMING_BYTES) {
		x->timing = stamp_timing_read(tlv->value);
		x->has_timing = true;
	} else if (tlv->type == STAMP_TLV_LOCATION && stamp_location_read(tlv, &x->location))
		x->has_location = true;
}

void stamp_extras_take(struct stamp_extras *x, const struct plan *plan, const struct stamp_reflection *r,
		       const struct stamp_tlvs *tlvs)
{
	struct stamp_tlvs left = *tlvs;
	struct stamp_tlv tlv;

	x->answers++;
	if (plan->key_file && !stamp_tlv_is_authentic(r->seq, tlvs, &plan->key)) {
		x->unauthentic++;
		return;
	}
	while (stamp_tlv_next(&left, &tlv) == STAMP_TLV_ONE)
		if (tlv.type < 16 && has(plan, tlv.type))
			take_tlv(x, r, &tlv);
}

/* --- what is told ----------------------------------------------------------------------------------------------------- */

static int64_t none_below_zero(int64_t n)
{
	return n < 0 ? 0 : n;
}

void stamp_extras_report(const struct stamp_extras *x, const struct plan *plan, enum stamp_extras_counts counts,
			 struct result_directions *ret)
{
	if (x->has_cos) {
		ret->forward.dscp_seen = x->dscp_seen;
		ret->forward.ecn_seen = x->ecn_seen;
	}
	if (has(plan, STAMP_TLV_COS))
		ret->backward.dscp_sent = RESULT_KNOWN(plan->tlvs.dscp);
	if (counts == STAMP_EXTRAS_WANTED && x->counted > 1) {
		struct direction_losses lost = direction_between(&x->first, &x->last);
		int64_t known;

		ret->forward.lost = RESULT_KNOWN(none_below_zero(lost.forward));
		ret->backward.lost = RESULT_KNOWN(none_below_zero(lost.backward));
		known = ret->forward.lost.value + ret->backward.lost.value;
		ret->unknown_lost = RESULT_KNOWN(none_below_zero(ret->unknown_lost.value - known));
	}
}

static void add_types(struct notes *notes, uint16_t types, const char *what)
{
	char storage[100];
	struct text t = TEXT_OVER(storage);

	for (size_t i = 0; i < array_n(words); i++)
		if (types & 1U << words[i].type)
			text_addf(&t, "%s%s", t.len > 0 ? ", " : "", words[i].name);
	if (t.len > 0)
		notes_addf(notes, "the reflector %s: %s", what, t.at);
}

static const char *sync_name(uint8_t sync)
{
	static const char *const names[] = {
		[STAMP_SYNC_NTP] = "NTP",   [STAMP_SYNC_PTP] = "PTP",      [STAMP_SYNC_SSU_BITS] = "SSU or BITS",
		[STAMP_SYNC_GNSS] = "GNSS", [STAMP_SYNC_FREE] = "nothing",
	};

	return sync < array_n(names) && names[sync] ? names[sync] : "it does not say what";
}

static const char *method_name(uint8_t method)
{
	static const char *const names[] = {
		[STAMP_METHOD_HARDWARE] = "hardware",
		[STAMP_METHOD_SOFTWARE] = "software",
		[STAMP_METHOD_CONTROL_PLANE] = "its control plane",
	};

	return method < array_n(names) && names[method] ? names[method] : "it does not say what";
}

static void note_location(const struct stamp_extras *x, const struct addr *source, struct notes *notes)
{
	char storage[ADDR_TEXT_MAX];
	struct text t = TEXT_OVER(storage);

	if (!x->has_location || x->location.source.family == AF_UNSPEC)
		return;
	addr_add_text_port(&t, &x->location.source);
	notes_addf(notes, "the reflector sees packets from %s%s", t.at,
		   addr_same(source, &x->location.source) ? ", as they were sent" : ": translated on the way");
}

void stamp_extras_notes(const struct stamp_extras *x, const struct plan *plan, const struct addr *source,
			struct notes *notes)
{
	int64_t left_ns;

	add_types(notes, x->unknown, "does not know these TLVs");
	add_types(notes, x->malformed, "says that these TLVs are malformed");
	if (x->unauthentic > 0)
		notes_addf(notes, "%" PRIu64 " answers have TLVs with a wrong HMAC, which were not believed",
			   x->unauthentic);
	note_location(x, source, notes);
	if (x->has_timing)
		notes_addf(notes, "the reflector's clock is set by %s; it stamps what comes by %s, what leaves by %s",
			   sync_name(x->timing.sync_in), method_name(x->timing.method_in),
			   method_name(x->timing.method_out));
	if (has(plan, STAMP_TLV_FOLLOWUP) && histogram_percentile(&x->left, 500, &left_ns))
		notes_addf(notes, "answers left the reflector %.1f us after their time stamp (p50), by its telemetry",
			   (double)left_ns / 1000);
	if (x->refused_dscp > 0)
		notes_addf(notes, "the reflector did not send %" PRIu64 " answers with the DSCP that was asked for",
			   x->refused_dscp);
}
