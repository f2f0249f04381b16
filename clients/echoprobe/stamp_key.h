/* SPDX-License-Identifier: MIT */
/* The key of authenticated STAMP, from a file of the form that echotimed's key_file has. */
#pragma once

#include "base/attr.h"
#include "base/text.h"
#include "wire/stamp_hmac.h"

/* 0, or -errno and the sentence. */
int stamp_key_read(const char *path, struct stamp_hmac *ret, struct text *why) must_check;
