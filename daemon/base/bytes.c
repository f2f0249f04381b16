/* SPDX-License-Identifier: MIT */
/* Numbers in network byte order, byte by byte: no alignment and no host order to think of. */
#include "base/bytes.h"

void bytes_put_be16(uint8_t *to, uint16_t v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
}

void bytes_put_be32(uint8_t *to, uint32_t v)
{
	bytes_put_be16(to, (uint16_t)(v >> 16));
	bytes_put_be16(to + 2, (uint16_t)v);
}

void bytes_put_be64(uint8_t *to, uint64_t v)
{
	bytes_put_be32(to, (uint32_t)(v >> 32));
	bytes_put_be32(to + 4, (uint32_t)v);
}

uint16_t bytes_get_be16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

uint32_t bytes_get_be32(const uint8_t *from)
{
	return (uint32_t)bytes_get_be16(from) << 16 | bytes_get_be16(from + 2);
}

uint64_t bytes_get_be64(const uint8_t *from)
{
	return (uint64_t)bytes_get_be32(from) << 32 | bytes_get_be32(from + 4);
}
