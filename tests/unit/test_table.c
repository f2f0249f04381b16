/* SPDX-License-Identifier: MIT */
/* The session table: who gets in under which caps, and that all is given back. */

#include "test.h"

#include "shared_table.h"

#define SLOTS 100
#define ME 4711
#define OTHER 4712

static struct table *t;

static int make(void **state maybe_unused)
{
	t = make_table(SLOTS);
	return 0;
}

static int drop(void **state maybe_unused)
{
	drop_table(t, SLOTS);
	return 0;
}

static struct table_slot *admit(const struct table_request *r)
{
	struct table_slot *slot = NULL;
	enum refusal refused = table_admit(t, r, &slot);

	if (refused != REFUSED_NOT)
		fail_msg("refused: %s", refusal_name(refused));
	return slot;
}

static void expect_refusal(const struct table_request *r, enum refusal expected)
{
	struct table_slot *slot = NULL;
	enum refusal refused = table_admit(t, r, &slot);

	if (refused != expected)
		fail_msg("refused as %s, not %s", refusal_name(refused), refusal_name(expected));
	assert_null(slot);
}

TEST(a_session_is_written_into_its_slot)
{
	struct table_request r = request_of(ME, 7, "192.0.2.1");
	struct table_slot *slot;

	r.pool = 3;
	r.now_ns = 12345;
	r.peer.port = 40000;
	slot = admit(&r);
	assert_int_equal(slot->owner, ME);
	assert_int_equal(slot->row, 7);
	assert_int_equal(slot->pool, 3);
	assert_true(addr_same(&slot->peer, &r.peer));
	assert_int_equal(slot->started_ns, 12345);
	assert_int_equal(slot->active_ns, 12345);
	assert_ptr_equal(table_slot_at(t, table_index(t, slot)), slot);
	assert_int_equal(table_count(t), 1);
	assert_int_equal(table_row_count(t, 7), 1);
}

TEST(a_slot_begins_anew_for_the_next_session)
{
	struct table_request r = request_of(ME, 1, "192.0.2.1");
	struct table_slot *slot = admit(&r);
	uint32_t generation = slot->generation;

	slot->in_bytes = slot->out_bytes = slot->owed_bytes = 99;
	slot->kill = 1;
	table_release(t, slot, ME);
	assert_ptr_equal(admit(&r), slot);
	assert_int_equal(slot->in_bytes + slot->out_bytes + slot->owed_bytes, 0);
	assert_int_equal(slot->kill, 0);
	assert_int_not_equal(slot->generation, generation);
}

TEST(a_mark_reaches_the_session_it_is_meant_for_and_no_later_one)
{
	struct table_request r = request_of(ME, 1, "192.0.2.1");
	struct table_slot *slot = admit(&r);
	uint32_t generation = slot->generation;

	table_mark(slot, generation, 2);
	assert_int_equal(table_mark_of(slot), 2);
	table_unmark(slot);
	assert_int_equal(table_mark_of(slot), 0);
	table_release(t, slot, ME);
	assert_ptr_equal(admit(&r), slot);
	table_mark(slot, generation, 2); /* by one who had looked before */
	assert_int_equal(table_mark_of(slot), 0);
	slot->generation = UINT32_C(0x1000000); /* more than the mark has room for */
	table_mark(slot, slot->generation, 3);
	assert_int_equal(table_mark_of(slot), 3);
}

TEST(as_many_sessions_as_slots_are_admitted)
{
	struct table_request r = request_of(ME, 0, "192.0.2.1");
	struct table_slot *last = NULL;

	for (int i = 0; i < SLOTS; i++)
		last = admit(&r);
	for (int i = 0; i < 1000; i++)
		expect_refusal(&r, REFUSED_TOTAL);
	assert_int_equal(table_count(t), SLOTS);
	table_release(t, last, ME);
	admit(&r);
	expect_refusal(&r, REFUSED_TOTAL);
}

TEST(the_lowest_free_slot_is_used)
{
	struct table_request r = request_of(ME, 0, "192.0.2.1");
	struct table_slot *slots[80];

	assert_int_equal(table_scan_end(t), 0);
	for (uint32_t i = 0; i < array_n(slots); i++) {
		slots[i] = admit(&r);
		assert_int_equal(table_index(t, slots[i]), i);
	}
	table_release(t, slots[70], ME);
	table_release(t, slots[5], ME);
	assert_ptr_equal(admit(&r), slots[5]);
	assert_ptr_equal(admit(&r), slots[70]);
	assert_int_equal(table_scan_end(t), 80);
}

TEST(each_cap_refuses_by_its_name_and_recovers)
{
	static const struct {
		uint32_t total, row_max, per_source, row_per_source;
		enum refusal expected;
	} rows[] = {
		{ .total = 3, .expected = REFUSED_TOTAL },
		{ .row_max = 3, .expected = REFUSED_SESSIONS },
		{ .per_source = 3, .expected = REFUSED_SOURCE },
		{ .row_per_source = 3, .expected = REFUSED_SOURCE },
		{ .total = 3, .row_max = 3, .per_source = 3, .row_per_source = 3, .expected = REFUSED_TOTAL },
		{ .total = 4, .row_max = 3, .per_source = 3, .row_per_source = 3, .expected = REFUSED_SESSIONS },
		{ .total = 100000, .row_max = 3, .expected = REFUSED_SESSIONS },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		struct table_request r = request_of(ME, 0, "192.0.2.1");
		struct table_slot *slots[3];

		r.total = rows[i].total;
		r.row_max = rows[i].row_max;
		r.per_source = rows[i].per_source;
		r.row_per_source = rows[i].row_per_source;
		for (size_t n = 0; n < 3; n++)
			slots[n] = admit(&r);
		expect_refusal(&r, rows[i].expected);
		expect_refusal(&r, rows[i].expected); /* a refusal leaves nothing behind */
		assert_int_equal(table_count(t), 3);
		assert_int_equal(table_row_count(t, 0), 3);
		table_release(t, slots[1], ME);
		slots[1] = admit(&r);
		expect_refusal(&r, rows[i].expected);
		for (size_t n = 0; n < 3; n++)
			table_release(t, slots[n], ME);
		assert_int_equal(table_count(t), 0);
		assert_int_equal(table_row_count(t, 0), 0);
	}
}

TEST(caps_of_one_row_or_source_do_not_touch_another)
{
	struct table_request r = request_of(ME, 0, "192.0.2.1");
	struct table_request other_row = request_of(ME, 1, "192.0.2.1"), other_source = request_of(ME, 0, "192.0.2.2");

	r.row_per_source = other_row.row_per_source = other_source.row_per_source = 1;
	admit(&r);
	expect_refusal(&r, REFUSED_SOURCE);
	admit(&other_row);
	admit(&other_source);
	other_row.per_source = 2;
	other_row.row = 2;
	expect_refusal(&other_row, REFUSED_SOURCE); /* over all rows it has two already */
}

TEST(a_source_is_a_prefix)
{
	static const struct {
		const char *one, *two;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.254", true },           { "192.0.2.1", "192.0.3.1", false },
		{ "2001:db8::1", "2001:db8::ffff:1", true },    { "2001:db8::1", "2001:db8:0:1::1", false },
		{ "::ffff:192.0.2.1", "192.0.2.9", true },      { "192.0.2.0", "c000:200::", false },
		{ "2001:db8:1:2:3::", "2001:db8:1:2::", true },
	};

	for (size_t i = 0; i < array_n(rows); i++) {
		struct table_request one = request_of(ME, 0, rows[i].one), two = request_of(ME, 0, rows[i].two);
		struct table_slot *slot;

		one.source_bits_v4 = two.source_bits_v4 = 24;
		one.per_source = two.per_source = 1;
		one.peer.port = 1000;
		two.peer.port = 2000;
		slot = admit(&one);
		if (rows[i].same)
			expect_refusal(&two, REFUSED_SOURCE);
		else
			table_release(t, admit(&two), ME);
		table_release(t, slot, ME);
	}
}

TEST(a_cap_that_a_reload_brings_counts_the_sessions_of_before)
{
	struct table_request r = request_of(ME, 0, "192.0.2.1");

	admit(&r);
	admit(&r);
	r.per_source = 2;
	expect_refusal(&r, REFUSED_SOURCE);
	r.per_source = 3;
	admit(&r);
}

TEST(a_unix_peer_has_no_source_cap)
{
	struct table_request r = request_of(ME, 0, "unix");

	r.per_source = r.row_per_source = 1;
	r.row_max = 3;
	for (int i = 0; i < 3; i++)
		admit(&r);
	expect_refusal(&r, REFUSED_SESSIONS);
}

TEST(every_session_may_have_a_source_of_its_own)
{
	struct table_request r = request_of(ME, 0, "10.0.0.0");

	r.per_source = r.row_per_source = 1;
	for (int i = 0; i < SLOTS; i++) {
		r.peer.bytes[3] = (uint8_t)i;
		admit(&r);
		expect_refusal(&r, i + 1 < SLOTS ? REFUSED_SOURCE : REFUSED_TOTAL);
	}
	assert_int_equal(table_release_owner(t, ME), SLOTS);
	assert_int_equal(table_count(t), 0);
}

TEST(only_its_owner_frees_a_slot_and_only_once)
{
	struct table_request r = request_of(ME, 0, "192.0.2.1");
	struct table_slot *slot = admit(&r);

	table_release(t, slot, OTHER);
	assert_int_equal(table_count(t), 1);
	table_release(t, slot, ME);
	table_release(t, slot, ME);
	assert_int_equal(table_count(t), 0);
	assert_int_equal(slot->owner, 0);
	r.owner = OTHER;
	assert_ptr_equal(admit(&r), slot);
	table_release(t, slot, ME);
	assert_int_equal(table_count(t), 1);
}

TEST(a_slot_that_is_handed_over_is_the_childs)
{
	struct table_request r = request_of(ME, 0, "192.0.2.1");
	struct table_slot *slot = admit(&r);

	assert_true(table_hand_over(slot, ME, OTHER));
	assert_true(table_hand_over(slot, ME, OTHER)); /* parent and child both do it */
	assert_int_equal(table_release_owner(t, ME), 0);
	assert_int_equal(table_count(t), 1);
	assert_int_equal(table_release_owner(t, OTHER), 1);
	assert_int_equal(table_count(t), 0);
	/* the child comes too late: its parent died, and the slot is another's */
	r.owner = 5000;
	assert_ptr_equal(admit(&r), slot);
	assert_false(table_hand_over(slot, ME, OTHER));
	assert_int_equal(slot->owner, 5000);
}

TEST(a_dead_process_gives_back_its_slots_and_no_other)
{
	struct table_request mine = request_of(ME, 0, "192.0.2.1"), other = request_of(OTHER, 1, "192.0.2.1");

	for (int i = 0; i < 10; i++) {
		admit(&mine);
		admit(&other);
	}
	assert_int_equal(table_release_owner(t, ME), 10);
	assert_int_equal(table_count(t), 10);
	assert_int_equal(table_row_count(t, 0), 0);
	assert_int_equal(table_row_count(t, 1), 10);
	other.per_source = 11;
	admit(&other);
	expect_refusal(&other, REFUSED_SOURCE);
	assert_int_equal(table_release_owner(t, 99), 0);
}

TEST(a_session_that_becomes_another_is_counted_there_instead)
{
	struct table_request mux = request_of(ME, 0, "192.0.2.1"), echo = request_of(ME, 1, "192.0.2.1");
	struct table_slot *slot;

	mux.total = echo.total = 1;
	mux.per_source = echo.per_source = mux.row_per_source = echo.row_per_source = 1;
	slot = admit(&mux);
	assert_int_equal(table_become(t, slot, &echo), REFUSED_NOT);
	assert_int_equal(slot->row, 1);
	assert_int_equal(table_row_count(t, 0), 0);
	assert_int_equal(table_row_count(t, 1), 1);
	assert_int_equal(table_count(t), 1);
	table_release(t, slot, ME);
	assert_int_equal(table_row_count(t, 1), 0);
	/* nothing of it is left in either row's source counts */
	table_release(t, admit(&mux), ME);
	table_release(t, admit(&echo), ME);
}

TEST(becoming_is_refused_by_the_new_rows_caps_and_changes_nothing)
{
	struct table_request mux = request_of(ME, 0, "192.0.2.1"), echo = request_of(ME, 1, "192.0.2.1");
	struct table_slot *there = admit(&echo), *slot = admit(&mux);

	echo.row_max = 1;
	assert_int_equal(table_become(t, slot, &echo), REFUSED_SESSIONS);
	echo.row_max = 0;
	echo.row_per_source = 1;
	assert_int_equal(table_become(t, slot, &echo), REFUSED_SOURCE);
	assert_int_equal(slot->row, 0);
	assert_int_equal(table_row_count(t, 0), 1);
	assert_int_equal(table_row_count(t, 1), 1);
	table_release(t, there, ME);
	assert_int_equal(table_become(t, slot, &echo), REFUSED_NOT);
	assert_int_equal(table_become(t, slot, &echo), REFUSED_NOT); /* it is there already */
	assert_int_equal(table_row_count(t, 1), 1);
}

/* A session of a balancer: admitted from nobody, and named when its header is there. */
static struct table_slot *admit_unnamed(const struct table_request *r)
{
	struct table_request nobody = *r;

	nobody.peer = (struct addr){ 0 };
	return admit(&nobody);
}

TEST(a_session_without_a_peer_has_no_source_until_it_is_named)
{
	struct table_request r = request_of(ME, 3, "192.0.2.1");
	struct table_slot *slots[3];

	r.per_source = r.row_per_source = 1;
	r.peer.port = 40000;
	for (size_t i = 0; i < array_n(slots); i++)
		slots[i] = admit_unnamed(&r);
	assert_int_equal(slots[0]->peer.family, AF_UNSPEC);
	assert_int_equal(table_name(t, slots[0], &r), REFUSED_NOT);
	assert_true(addr_same(&slots[0]->peer, &r.peer));
	assert_int_equal(table_count(t), 3); /* not counted twice */
	assert_int_equal(table_row_count(t, 3), 3);
	expect_refusal(&r, REFUSED_SOURCE); /* it counts as if it had come from there */
	assert_int_equal(table_name(t, slots[1], &r), REFUSED_SOURCE);
	assert_int_equal(slots[1]->peer.family, AF_UNSPEC);
	table_release(t, slots[0], ME);
	assert_int_equal(table_name(t, slots[1], &r), REFUSED_NOT);
	table_release(t, slots[1], ME);
	table_release(t, slots[2], ME);
	table_release(t, admit(&r), ME); /* nothing of it is left */
	assert_int_equal(table_count(t), 0);
}

TEST(naming_is_refused_by_each_cap_of_a_source_and_changes_nothing)
{
	struct table_request here = request_of(ME, 0, "192.0.2.1"), there = request_of(ME, 1, "192.0.2.1");
	struct table_slot *other = admit(&there), *slot = admit_unnamed(&here);

	here.per_source = 1; /* over all rows it has one already */
	assert_int_equal(table_name(t, slot, &here), REFUSED_SOURCE);
	here.per_source = 2;
	here.row_per_source = 1;
	table_release(t, admit(&here), ME);
	other = admit(&here);
	here.per_source = 0;
	assert_int_equal(table_name(t, slot, &here), REFUSED_SOURCE); /* this row */
	table_release(t, other, ME);
	here.per_source = 2; /* and what was counted before the second cap refused is taken back */
	assert_int_equal(table_name(t, slot, &here), REFUSED_NOT);
}

TEST(a_balancers_own_session_is_named_and_counts_for_no_source)
{
	struct table_request r = request_of(ME, 0, "192.0.2.1"), mux = request_of(ME, 1, "192.0.2.1");
	struct table_slot *slot = admit_unnamed(&r);

	r.per_source = r.row_per_source = mux.row_per_source = 1;
	r.is_exempt = mux.is_exempt = true;
	assert_int_equal(table_name(t, slot, &r), REFUSED_NOT);
	assert_true(addr_same(&slot->peer, &r.peer));
	assert_int_equal(table_become(t, slot, &mux), REFUSED_NOT);
	r.is_exempt = mux.is_exempt = false;
	admit(&r);
	mux.peer.bytes[3] = 2;
	admit(&mux);
	expect_refusal(&r, REFUSED_SOURCE);
}

TEST(a_named_session_becomes_another_with_its_source)
{
	struct table_request mux = request_of(ME, 0, "192.0.2.1"), echo = request_of(ME, 1, "192.0.2.1");
	struct table_slot *slot = admit_unnamed(&mux);

	mux.row_per_source = echo.row_per_source = 1;
	assert_int_equal(table_name(t, slot, &mux), REFUSED_NOT);
	assert_int_equal(table_become(t, slot, &echo), REFUSED_NOT);
	expect_refusal(&echo, REFUSED_SOURCE);
	table_release(t, admit(&mux), ME);
	assert_int_equal(table_release_owner(t, ME), 1);
	table_release(t, admit(&echo), ME);
}

TEST(a_table_of_a_million_slots_touches_little_memory)
{
	struct table *large = make_table(TABLE_SLOTS_MAX);
	struct table_request r = request_of(ME, TABLE_ROWS_MAX - 1, "192.0.2.1");
	struct table_slot *slot = NULL;
	static unsigned char resident[1 << 20];
	size_t pages = table_bytes(TABLE_SLOTS_MAX) / 4096, touched = 0;

	for (int i = 0; i < 100; i++)
		assert_int_equal(table_admit(large, &r, &slot), REFUSED_NOT);
	assert_true(pages < sizeof(resident));
	assert_int_equal(mincore(large->words, pages * 4096, resident), 0);
	for (size_t i = 0; i < pages; i++)
		touched += resident[i] & 1;
	assert_in_range(touched, 1, 100);
	drop_table(large, TABLE_SLOTS_MAX);
}

#define PREPARED(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PREPARED(a_session_is_written_into_its_slot),
		PREPARED(a_slot_begins_anew_for_the_next_session),
		PREPARED(a_mark_reaches_the_session_it_is_meant_for_and_no_later_one),
		PREPARED(as_many_sessions_as_slots_are_admitted),
		PREPARED(the_lowest_free_slot_is_used),
		PREPARED(each_cap_refuses_by_its_name_and_recovers),
		PREPARED(caps_of_one_row_or_source_do_not_touch_another),
		PREPARED(a_source_is_a_prefix),
		PREPARED(a_cap_that_a_reload_brings_counts_the_sessions_of_before),
		PREPARED(a_unix_peer_has_no_source_cap),
		PREPARED(every_session_may_have_a_source_of_its_own),
		PREPARED(only_its_owner_frees_a_slot_and_only_once),
		PREPARED(a_slot_that_is_handed_over_is_the_childs),
		PREPARED(a_dead_process_gives_back_its_slots_and_no_other),
		PREPARED(a_session_that_becomes_another_is_counted_there_instead),
		PREPARED(becoming_is_refused_by_the_new_rows_caps_and_changes_nothing),
		PREPARED(a_session_without_a_peer_has_no_source_until_it_is_named),
		PREPARED(naming_is_refused_by_each_cap_of_a_source_and_changes_nothing),
		PREPARED(a_balancers_own_session_is_named_and_counts_for_no_source),
		PREPARED(a_named_session_becomes_another_with_its_source),
		cmocka_unit_test(a_table_of_a_million_slots_touches_little_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
