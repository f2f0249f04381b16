/* SPDX-License-Identifier: MIT */
/* The words of xinetd's only_from and no_access. */
#include "import/access_word.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

#define OCTETS 4
#define WORD_MAX 256

/* The length of a netmask; -EINVAL: its bits are not in one piece. */
static int mask_bits(const struct addr *mask)
{
	unsigned bits = 0;

	while (bits < 32 && (mask->bytes[bits / 8] & (0x80 >> bits % 8)) != 0)
		bits++;
	struct addr same = addr_masked(mask, bits);
	return addr_same_host(&same, mask) ? (int)bits : -EINVAL;
}

static int read_with_length(char *address, const char *length, struct prefix *ret)
{
	struct addr mask;
	uint64_t bits;
	int r = addr_parse(address, &ret->addr);

	if (r < 0)
		return -EINVAL;
	if (ret->addr.family == AF_INET && addr_parse(length, &mask) == 0 && mask.family == AF_INET)
		r = mask_bits(&mask);
	else
		r = decimal_parse(length, ret->addr.family == AF_INET ? 32 : 128, &bits) < 0 ? -EINVAL : (int)bits;
	if (r < 0)
		return r;
	*ret = (struct prefix){ addr_masked(&ret->addr, (unsigned)r), (uint8_t)r };
	return 1;
}

/* "192.0.{2,3}": what stands before the brace is `head`, with its dot or empty; each item is one octet more. */
static int read_list(const char *head, char *items, struct prefix *ret)
{
	unsigned octets_n = 1;
	int n = 0;

	for (const char *p = head; *p; p++)
		octets_n += *p == '.';
	if (octets_n > OCTETS || (*head && head[strlen(head) - 1] != '.'))
		return -EINVAL;
	for (char *item; (item = strsep(&items, ",")) != NULL; n++) {
		char address[WORD_MAX];
		struct text t = TEXT_OVER(address);
		uint64_t octet;

		if (n == ACCESS_WORD_MAX || decimal_parse(item, 255, &octet) < 0)
			return -EINVAL;
		text_addf(&t, "%s%s", head, item);
		for (unsigned i = octets_n; i < OCTETS; i++)
			text_add(&t, ".0");
		if (t.cut || addr_parse(address, &ret[n].addr) < 0)
			return -EINVAL;
		ret[n].bits = (uint8_t)(8 * octets_n);
	}
	return n;
}

/* The octets of zero at the end of an IPv4 address are wildcards. */
static int read_address(const char *word, struct prefix *ret)
{
	if (addr_parse(word, &ret->addr) < 0)
		return -EINVAL;
	ret->bits = ret->addr.family == AF_INET ? 32 : 128;
	for (unsigned i = OCTETS; ret->addr.family == AF_INET && i > 0 && ret->addr.bytes[i - 1] == 0; i--)
		ret->bits = (uint8_t)(8 * (i - 1));
	return 1;
}

int access_word_read(const char *word, struct prefix *ret)
{
	char copy[WORD_MAX];
	char *p;

	if (text_copy(copy, sizeof(copy), word) < 0)
		return -EINVAL;
	if ((p = strchr(copy, '{')) != NULL) {
		size_t n = strlen(p);

		if (p[n - 1] != '}')
			return -EINVAL;
		p[n - 1] = *p = '\0';
		return read_list(copy, p + 1, ret);
	}
	if ((p = strchr(copy, '/')) != NULL) {
		*p = '\0';
		return read_with_length(copy, p + 1, ret);
	}
	return read_address(copy, ret);
}
