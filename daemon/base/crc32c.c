/* SPDX-License-Identifier: MIT */
/* CRC-32C, four bits at a time: small before fast, for the headers of connections. */
#include "base/crc32c.h"

uint32_t crc32c_add(uint32_t crc, uint8_t byte)
{
	/* The remainders of the sixteen nibbles by the reflected polynomial 0x82F63B78. */
	static const uint32_t remainders[16] = {
		0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
		0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
	};

	crc ^= byte;
	crc = crc >> 4 ^ remainders[crc & 15];
	return crc >> 4 ^ remainders[crc & 15];
}

uint32_t crc32c_end(uint32_t crc)
{
	return ~crc;
}
