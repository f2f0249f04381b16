/* SPDX-License-Identifier: MIT */
/* The memory for what sessions are owed: its limit, over all processes, and that it is used again. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pages.h"
#include "worker/buffers.h"

/* Shared by processes, as the daemon has it. */
static _Atomic uint64_t *shared_words(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

static void done(struct buffers *b)
{
	pages_give(b->blocks, buffers_bytes(b->n));
}

TEST(no_more_blocks_than_the_limit_allows)
{
	_Atomic uint64_t used = 0, owner = 0;
	struct buffers b;
	uint8_t *first, *second;

	assert_int_equal(buffers_init(&b, 10, &used, 2 * BUFFERS_BLOCK + 1), 0);
	first = buffers_take(&b, &owner);
	second = buffers_take(&b, &owner);
	assert_non_null(first);
	assert_non_null(second);
	assert_null(buffers_take(&b, &owner));
	assert_int_equal(used, 2 * BUFFERS_BLOCK);
	assert_int_equal(owner, 2 * BUFFERS_BLOCK);
	buffers_give(&b, first, &owner);
	assert_non_null(buffers_take(&b, &owner));
	done(&b);
}

TEST(no_more_blocks_than_there_are)
{
	_Atomic uint64_t used = 0, owner = 0;
	struct buffers b;

	assert_int_equal(buffers_init(&b, 1, &used, 100 * BUFFERS_BLOCK), 0);
	assert_non_null(buffers_take(&b, &owner));
	assert_null(buffers_take(&b, &owner));
	assert_int_equal(used, BUFFERS_BLOCK); /* what was not given does not count */
	done(&b);
}

TEST(every_block_is_whole_and_nobody_else_s)
{
	enum { N = 40 };
	_Atomic uint64_t used = 0, owner = 0;
	struct buffers b;
	uint8_t *blocks[N];

	assert_int_equal(buffers_init(&b, N, &used, N * BUFFERS_BLOCK), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++) {
			blocks[i] = buffers_take(&b, &owner);
			assert_non_null(blocks[i]);
			memset(blocks[i], i + 1, BUFFERS_BLOCK);
		}
		for (int i = 0; i < N; i++)
			for (size_t at = 0; at < BUFFERS_BLOCK; at += BUFFERS_BLOCK - 1)
				assert_int_equal(blocks[i][at], i + 1);
		for (int i = 0; i < N; i++)
			buffers_give(&b, blocks[(i * 7) % N], &owner);
		assert_int_equal(used, 0);
		assert_int_equal(owner, 0);
	}
	done(&b);
}

TEST(the_limit_is_one_for_all_processes)
{
	enum { PROCESSES = 4, LIMIT = 10 };
	_Atomic uint64_t *words = shared_words();
	struct buffers b;
	int status, got = 0;

	assert_int_equal(buffers_init(&b, LIMIT, &words[0], LIMIT * BUFFERS_BLOCK), 0);
	for (uint32_t i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid != 0)
			continue;
		int n = 0;
		while (buffers_take(&b, &words[1 + i]) != NULL)
			n++;
		_exit(n);
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		got += WEXITSTATUS(status);
	}
	assert_int_equal(got, LIMIT);
	/* What they left is known by owner, so it can be taken back. */
	assert_int_equal(words[0], LIMIT * BUFFERS_BLOCK);
	assert_int_equal(words[1] + words[2] + words[3] + words[4], LIMIT * BUFFERS_BLOCK);
	done(&b);
}

/* Four billion blocks: on no machine is there room for them, on one of 32 bits not even for their number of bytes. */
TEST(more_than_the_machine_can_address_is_refused)
{
	_Atomic uint64_t used = 0;
	struct buffers b;

	assert_int_equal(buffers_init(&b, UINT32_MAX, &used, UINT64_MAX), -ENOMEM);
	if (sizeof(size_t) < sizeof(uint64_t))
		assert_int_equal(buffers_init(&b, 65533, &used, UINT64_MAX), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_blocks_than_the_limit_allows),
		cmocka_unit_test(no_more_blocks_than_there_are),
		cmocka_unit_test(every_block_is_whole_and_nobody_else_s),
		cmocka_unit_test(more_than_the_machine_can_address_is_refused),
		cmocka_unit_test(the_limit_is_one_for_all_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
