/* SPDX-License-Identifier: MIT */
/* order: the tables of RFC 4737 section 7, and what a definition word by word says of random orders. */
#include "test.h"

#include "echoprobe/order.h"
#include "probe_numbers.h"

#define MANY 3000

static struct order_high ring[4096];
static struct order o;

static void expect(uint64_t seq, int64_t arrived_ns, uint64_t extent, int64_t late_ns)
{
	struct order_place place = order_add(&o, seq, arrived_ns);

	assert_int_equal(place.extent, extent);
	assert_int_equal(place.late_time_ns, late_ns);
}

static int begin(void **state maybe_unused)
{
	order_init(&o, ring, array_n(ring));
	return 0;
}

/* Packet s was sent at 20 (s - 1); it arrives at the table's DstTime. */
TEST(table_1_packet_4_is_4_places_and_62_late)
{
	static const struct {
		uint64_t seq;
		int64_t dst;
	} rows[] = { { 1, 68 }, { 2, 88 }, { 3, 108 }, { 5, 148 }, { 6, 168 }, { 7, 188 }, { 8, 208 } };

	for (unsigned i = 0; i < array_n(rows); i++)
		expect(rows[i].seq, rows[i].dst, 0, 0);
	expect(4, 210, 4, 62);
	expect(9, 228, 0, 0);
	expect(10, 248, 0, 0);
}

TEST(table_2_packets_5_and_6_are_1_and_2_places_late)
{
	for (uint64_t s = 1; s <= 4; s++)
		expect(s, 48 + 20 * (int64_t)s, 0, 0);
	expect(7, 188, 0, 0);
	expect(5, 189, 1, 1);
	expect(6, 190, 2, 2);
	expect(8, 208, 0, 0);
}

TEST(table_3_packets_4_5_and_6_are_4_5_and_6_places_late)
{
	for (uint64_t s = 1; s <= 3; s++)
		expect(s, 48 + 20 * (int64_t)s, 0, 0);
	expect(7, 188, 0, 0);
	expect(8, 208, 0, 0);
	expect(9, 228, 0, 0);
	expect(10, 248, 0, 0);
	expect(4, 250, 4, 62);
	expect(5, 252, 5, 64);
	expect(6, 256, 6, 68);
	expect(11, 268, 0, 0);
}

TEST(table_4_extents_are_2_3_and_2)
{
	static const uint64_t seqs[] = { 1, 2, 3, 6, 7, 4, 5, 8, 9, 10, 12, 13, 11, 14, 15, 16 };

	for (unsigned i = 0; i < array_n(seqs); i++) {
		uint64_t s = seqs[i];

		assert_int_equal(order_add(&o, s, (int64_t)i).extent, s == 4 ? 2 : s == 5 ? 3 : s == 11 ? 2 : 0);
	}
}

TEST(random_orders_have_the_extents_of_the_definition)
{
	static uint64_t seqs[MANY];
	uint64_t seed = 4737;

	for (unsigned i = 0; i < MANY; i++)
		seqs[i] = i;
	for (unsigned n = 0; n < MANY; n++) { /* neighbours up to 50 places apart change their places */
		unsigned a = (unsigned)random_below(&seed, MANY - 50), b = a + (unsigned)random_below(&seed, 50);
		uint64_t swap = seqs[a];

		seqs[a] = seqs[b];
		seqs[b] = swap;
	}
	for (unsigned i = 0; i < MANY; i++) {
		unsigned j = 0;

		while (j < i && seqs[j] < seqs[i])
			j++;
		expect(seqs[i], 1000 + 7 * (int64_t)i, i - j, 7 * (int64_t)(i - j));
	}
}

TEST(an_extent_beyond_the_memory_is_that_of_the_oldest_it_has)
{
	order_init(&o, ring, 4);
	for (uint64_t s = 1; s <= 10; s++)
		expect(s, (int64_t)s, 0, 0);
	expect(0, 11, 4, 4); /* 10 in truth */
}

#define FRESH(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(table_1_packet_4_is_4_places_and_62_late),
		FRESH(table_2_packets_5_and_6_are_1_and_2_places_late),
		FRESH(table_3_packets_4_5_and_6_are_4_5_and_6_places_late),
		FRESH(table_4_extents_are_2_3_and_2),
		FRESH(random_orders_have_the_extents_of_the_definition),
		FRESH(an_extent_beyond_the_memory_is_that_of_the_oldest_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
