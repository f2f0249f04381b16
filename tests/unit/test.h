/* SPDX-License-Identifier: MIT */
/* What each unit test begins with: cmocka, the headers that cmocka wants before its own, and how a test is written. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

/* A test, for cmocka_unit_test(name). Its `state` is what the set-up of the test or of the group left there. */
#define TEST(name) static void name(void **state maybe_unused)
