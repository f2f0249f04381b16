/* SPDX-License-Identifier: MIT */
/* Numbers in network byte order, at any alignment. */
#pragma once

#include <stdint.h>

void bytes_put_be16(uint8_t *to, uint16_t v);
void bytes_put_be32(uint8_t *to, uint32_t v);
void bytes_put_be64(uint8_t *to, uint64_t v);
uint16_t bytes_get_be16(const uint8_t *from);
uint32_t bytes_get_be32(const uint8_t *from);
uint64_t bytes_get_be64(const uint8_t *from);
