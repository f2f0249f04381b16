/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli; RFC 3720 appendix B.4): a check sum over bytes as they come. */
#pragma once

#include <stdint.h>

#define CRC32C_BEGIN UINT32_MAX

uint32_t crc32c_add(uint32_t crc, uint8_t byte);
uint32_t crc32c_end(uint32_t crc);
