/* SPDX-License-Identifier: MIT */
/*
 * The texts of values: what is taken is written again as a text that reads back to the same; what is refused sets nothing.
 *
 * Covers: daemon/settings/value.c daemon/base/addr.c daemon/base/decimal.c
 */
#include "fuzz.h"

#include "base/addr.h"
#include "base/decimal.h"
#include "settings/settings.h"
#include "settings/value.h"

#define UNSET UINT64_C(0xA5A5A5A5A5A5A5A5)

/* A number's reader and writer against each other. */
static void check_number(const char *s, int (*read)(const char *, uint64_t *), void (*write)(struct text *, uint64_t))
{
	uint64_t v = UNSET, again = UNSET;
	char storage[64];
	struct text t = TEXT_OVER(storage);

	if (read(s, &v) < 0) {
		MUST(v == UNSET);
		return;
	}
	write(&t, v);
	MUST(!t.cut && read(t.at, &again) == 0 && again == v);
}

static void check_rate(const char *s, bool sizes)
{
	struct value_rate rate = { .amount = UNSET };

	if (value_rate(s, sizes, &rate) < 0)
		MUST(rate.amount == UNSET);
	else
		MUST(rate.amount == 0 ? strcmp(s, "none") == 0 : rate.period_ns > 0);
}

static void check_words(const char *s)
{
	static const char words[] = "error|warning|notice";
	uint32_t mode = 0;
	int64_t integer;
	unsigned word = 9;
	bool yes;
	char storage[64];
	struct text t = TEXT_OVER(storage);

	MUST(value_mode(s, &mode) < 0 || mode <= 0777);
	if (value_word(s, words, &word) == 0) {
		value_add_word(&t, words, word);
		MUST(strcmp(t.at, s) == 0);
	}
	value_add_words(&t, words);
	if (value_integer(s, &integer) == 0)
		MUST(integer == strtoll(s, NULL, 10));
	(void)!value_bool(s, &yes);
}

/* An address and its prefix. A name of an interface in it is the machine's. */
static void check_addr(const char *s)
{
	struct addr a = { .family = AF_UNSPEC }, again;
	struct prefix p, p_again;
	struct sockaddr_storage sa;
	socklen_t len;
	char storage[ADDR_TEXT_MAX];
	struct text t = TEXT_OVER(storage);

	if (addr_parse(s, &a) == 0 && a.scope == 0) {
		addr_add_text(&t, &a);
		MUST(!t.cut && addr_parse(t.at, &again) == 0 && addr_same(&a, &again));
		MUST(addr_to_sockaddr(&a, AF_INET6, &sa, &len) == 0);
		again = addr_from_sockaddr((const struct sockaddr *)&sa, len);
		MUST(addr_same(&a, &again));
		again = addr_source(&a, 24, 56);
		MUST(addr_same_host(&a, &again) || !addr_is_any(&a));
		MUST(!(addr_is_loopback(&a) && addr_is_multicast(&a)) && !(addr_is_any(&a) && addr_is_link_local(&a)));
	}
	t = TEXT_OVER(storage);
	addr_add_text_port(&t, &a);
	t = TEXT_OVER(storage);
	if (prefix_parse(s, &p) == 0) {
		prefix_add_text(&t, &p);
		MUST(!t.cut && prefix_parse(t.at, &p_again) == 0 && addr_same(&p.addr, &p_again.addr) &&
		     p.bits == p_again.bits);
		MUST(prefix_holds(&p, &p.addr));
		again = addr_masked(&p.addr, p.bits);
		MUST(addr_same(&again, &p.addr));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *s = fuzz_text(&(struct fuzz){ data, n }), *option = fuzz_text(&(struct fuzz){ data, n });
	struct settings_override o;

	check_number(s, value_duration, value_add_duration);
	check_number(s, value_size, value_add_size);
	check_number(s, decimal_thousandths, value_add_thousandths);
	check_rate(s, false);
	check_rate(s, true);
	check_words(s);
	check_addr(s);
	if (settings_split_override(option, &o) == 0)
		MUST(*o.key != '\0' && strlen(o.key) + 1 + strlen(o.value) == strlen(s));
	free(option);
	free(s);
	return 0;
}
