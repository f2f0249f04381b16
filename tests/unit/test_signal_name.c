/* SPDX-License-Identifier: MIT */
/* signal_name: the words of glibc's sigabbrev_np(3), and never none. */
#include "test.h"

#include <signal.h>
#include <string.h>

#include "base/signal_name.h"

TEST(a_signal_has_the_name_that_kill_takes)
{
	assert_string_equal(signal_name(SIGSEGV), "SEGV");
	assert_string_equal(signal_name(SIGKILL), "KILL");
	assert_string_equal(signal_name(SIGSYS), "SYS");
#ifdef __GLIBC__
	for (int i = 1; i < 32; i++)
		assert_string_equal(signal_name(i), sigabbrev_np(i));
#endif
}

TEST(a_signal_without_a_name_is_not_null)
{
	assert_string_equal(signal_name(SIGRTMIN + 1), "real-time");
	assert_string_equal(signal_name(SIGRTMAX), "real-time");
	assert_string_equal(signal_name(0), "unknown");
	assert_string_equal(signal_name(-1), "unknown");
	assert_string_equal(signal_name(1000), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_has_the_name_that_kill_takes),
		cmocka_unit_test(a_signal_without_a_name_is_not_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
