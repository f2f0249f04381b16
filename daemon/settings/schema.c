/* SPDX-License-Identifier: MIT */
/*
 * settings.def as data: a structure for each setting.
 *
 * A setting whose field has another type than its kind fills does not compile: see the assertions at the end.
 */
#include "settings/schema.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "admission/rate_limits.h"
#include "admission/table.h"
#include "settings/kinds.h"

#define STRUCT_TOP struct settings
#define STRUCT_POOL struct pool_settings
#define STRUCT_LISTENER struct listener_settings
#define STRUCT_EXTRA struct listener_own

#define FIELD(scope, field) (((STRUCT_##scope *)0)->field)

#define SETTING(scope, key, kind, field, standard, min, max, words, only, help)                                             \
	{ SCOPE_##scope,                                                                                                    \
	  #key,                                                                                                             \
	  &kinds_##kind,                                                                                                    \
	  offsetof(STRUCT_##scope, field),                                                                                  \
	  sizeof(FIELD(scope, field)),                                                                                      \
	  standard,                                                                                                         \
	  min,                                                                                                              \
	  max,                                                                                                              \
	  words,                                                                                                            \
	  only,                                                                                                             \
	  help },
const struct setting schema_all[KEYS_N] = {
#include "settings/settings.def"
};
#undef SETTING

/* Sixty comparisons: a table of hashes would be more to read than to run. */
const struct setting *schema_find(enum scope scope, const char *key)
{
	for (size_t i = 0; i < KEYS_N; i++) {
		enum scope s = schema_all[i].scope == SCOPE_EXTRA ? SCOPE_LISTENER : schema_all[i].scope;

		if (s == scope && strcmp(schema_all[i].key, key) == 0)
			return &schema_all[i];
	}
	return NULL;
}

const char *schema_suggest(enum scope scope, const char *key)
{
	const char *best = NULL;

	for (size_t i = 0; i < KEYS_N; i++) {
		enum scope s = schema_all[i].scope == SCOPE_EXTRA ? SCOPE_LISTENER : schema_all[i].scope;

		if (s == scope)
			best = text_nearer(key, best, schema_all[i].key);
	}
	return best;
}

bool schema_has(const struct setting *setting, const char *name)
{
	const char *at = setting->only;
	size_t n = strlen(name);

	if (*at == '\0')
		return true;
	for (; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " "))
		if (strncmp(at, name, n) == 0 && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

const struct setting *schema_meant(const struct setting *setting, const char *service)
{
	for (size_t i = 0; i < KEYS_N; i++)
		if (schema_all[i].only[0] && strcmp(schema_all[i].key, setting->key) == 0 &&
		    schema_has(&schema_all[i], service))
			return &schema_all[i];
	return setting;
}

static bool is_among(const char *key, const char *const *keys)
{
	while (*keys && strcmp(*keys, key) != 0)
		keys++;
	return *keys;
}

const char *schema_misfit(const struct listener_settings *l, const char *key)
{
	static const char *const of_files[] = { "mode", "owner", "group", NULL };
	static const char *const of_inet[] = { "address", "port",          "interface",          "freebind", "v6only",
					       "dscp",    "amplification", "allow_source_ports", "udp_rate", NULL };
	static const char *const of_streams[] = { "proxy", "proxy_from", NULL };

	if ((l->transports & TRANSPORT_UDP) == 0 && strcmp(key, "shards") == 0)
		return "is for the transport udp only";
	if ((l->transports & TRANSPORT_STREAMS) == 0 && is_among(key, of_streams))
		return "is for the transports tcp and unix only";
	if ((l->transports & TRANSPORT_UNIXES) == 0 && (is_among(key, of_files) || strcmp(key, "path") == 0))
		return "is for the transports unix, unixgram and unixpacket only";
	if ((l->transports & ~(unsigned)TRANSPORT_UNIXES) == 0 && is_among(key, of_inet))
		return "is for the transports tcp and udp only";
	if (l->path[0] == '@' && is_among(key, of_files))
		return "is for paths: an abstract name has none";
	return NULL;
}

/* The place that each kind fills. `field` is for the kinds that fill arrays of any length. */
#define TYPE_INTEGER(field) uint32_t
#define TYPE_INTEGER8(field) uint8_t
#define TYPE_INTEGER64(field) uint64_t
#define TYPE_DURATION(field) uint64_t
#define TYPE_SIZE(field) uint64_t
#define TYPE_SIZE32(field) uint32_t
#define TYPE_RATE(field) uint64_t
#define TYPE_PERCENT(field) uint32_t
#define TYPE_MODE(field) uint32_t
#define TYPE_BOOL(field) bool
#define TYPE_DSCP(field) int
#define TYPE_LOG_LEVEL(field) enum log_level
#define TYPE_LOG_FORMAT(field) enum log_format
#define TYPE_ACTIVATION(field) enum settings_activation
#define TYPE_MODEL(field) enum pool_model
#define TYPE_IMPAIR_BY(field) enum impair_by
#define TYPE_PROXY(field) enum proxy_mode
#define TYPE_STAMP_MODE(field) enum stamp_counting
#define TYPE_STAMP_SESSIONS(field) enum stamp_senders
#define TYPE_STAMP_FORM(field) enum stamp_form
#define TYPE_STAMP_TIMESCALE(field) enum stamp_timescale
#define TYPE_SSIDS(field) const uint16_t *
#define TYPE_NAME(field) __typeof__(char[sizeof(field)])
#define TYPE_USER(field) __typeof__(char[sizeof(field)])
#define TYPE_HOST(field) __typeof__(char[sizeof(field)])
#define TYPE_PATH(field) __typeof__(char[sizeof(field)])
#define TYPE_CONTROL(field) __typeof__(char[sizeof(field)])
#define TYPE_INTERFACE(field) __typeof__(char[sizeof(field)])
#define TYPE_ZONE(field) __typeof__(char[sizeof(field)])
#define TYPE_TEXT(field) const char *
#define TYPE_FORMAT(field) const char *
#define TYPE_SERVICE(field) const struct service *
#define TYPE_TRANSPORTS(field) unsigned
#define TYPE_ADDRESS(field) struct listener_address
#define TYPE_ADDRESSES(field) __typeof__(struct listener_address[SETTINGS_ADDRESSES_MAX])
#define TYPE_PORT(field) uint16_t
#define TYPE_ALLOW(field) const struct prefix *
#define TYPE_DENY(field) const struct prefix *
#define TYPE_PROXY_FROM(field) const struct prefix *
#define TYPE_NAMES(field) const char *const *
#define TYPE_LIMIT(field) struct rate
#define TYPE_LIMIT_BYTES(field) struct rate
#define TYPE_FACTOR(field) uint32_t
#define TYPE_PORTS(field) const struct ports *
#define TYPE_HOURS(field) struct hours

/* max counts only where a number is stored: for others it is 0. */
#define SETTING(scope, key, kind, field, standard, min, max, words, only, help)                                             \
	_Static_assert(__builtin_types_compatible_p(__typeof__(FIELD(scope, field)), TYPE_##kind(FIELD(scope, field))),     \
		       "settings.def: " #scope " " #key ": the field is not what " #kind " fills");                         \
	_Static_assert((uint64_t)(min) <= (uint64_t)(max) &&                                                                \
			       (sizeof(FIELD(scope, field)) >= 8 ||                                                         \
				(uint64_t)(max) >> (8 * sizeof(FIELD(scope, field)) % 64) == 0),                            \
		       "settings.def: " #scope " " #key ": min and max do not fit");
#include "settings/settings.def"
#undef SETTING

/* The name of a key in its group: "level" of "log.level". */
static const char *name_of(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot ? dot + 1 : key;
}

static void add_home(struct text *to, const struct setting *setting)
{
	if (setting->scope == SCOPE_POOL)
		text_addf(to, "in a pool: pools.NAME.%s", setting->key);
	else if (setting->scope != SCOPE_TOP && strchr(setting->key, '.'))
		text_addf(to, "in a group of a listener: %s", setting->key);
	else if (setting->scope != SCOPE_TOP)
		text_add(to, "in a listener, or in `defaults`");
	else if (strchr(setting->key, '.'))
		text_addf(to, "in a group: %s", setting->key);
	else
		text_add(to, "outside of all groups");
}

bool schema_belongs(enum scope scope, const char *key, struct text *to)
{
	size_t before = to->len;

	for (size_t i = 0; i < KEYS_N; i++) {
		const struct setting *setting = &schema_all[i];

		if (strcmp(name_of(setting->key), name_of(key)) != 0 ||
		    (setting->scope == scope && strcmp(setting->key, key) == 0))
			continue;
		if (to->len > before)
			text_add(to, "; or ");
		add_home(to, setting);
	}
	return to->len > before;
}

const char *schema_enter_group(struct schema_group *g, const char *key)
{
	size_t n = key ? strcspn(key, ".") : 0;
	bool in_group = key && key[n] == '.';

	g->closes = g->name[0] && (!in_group || strlen(g->name) != n || memcmp(g->name, key, n) != 0);
	if (g->closes)
		g->name[0] = '\0';
	g->opens = in_group && !g->name[0];
	if (g->opens)
		(void)snprintf(g->name, sizeof(g->name), "%.*s", (int)n, key);
	return in_group ? key + n + 1 : key;
}
