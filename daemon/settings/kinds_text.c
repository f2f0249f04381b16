/* SPDX-License-Identifier: MIT */
/* The kinds of settings that are texts: names, paths, formats. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "service/daytime.h"
#include "service/daytime_format.h"
#include "settings/kinds.h"
#include "settings/value.h"

#define ACCEPTS_STRING (1u << ITEM_STRING | 1u << ITEM_OPTION)
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

/* Into an array of char, of any size. */
static int take_array(const struct given *g)
{
	const char *s = g->texts[0];

	if (strlen(s) >= g->setting->size) {
		text_addf(g->why, "\"%.20s…\" is too long (%zu bytes at most)", s, g->setting->size - 1);
		return -ERANGE;
	}
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			return -EINVAL;
	return text_copy((char *)g->object + g->setting->offset, g->setting->size, s);
}

/* Names stand in labels, in logs and in paths of messages: nothing that needs escaping anywhere. */
static int take_name(const struct given *g)
{
	return strspn(g->texts[0], NAME_BYTES) == strlen(g->texts[0]) ? take_array(g) : -EINVAL;
}

/* A user or a group by name or by number: one that this machine's database need not have. Numbers end before the one that
 * stands for "leave it". */
static int take_user(const struct given *g)
{
	const char *s = g->texts[0];
	int64_t number;
	int r = value_integer(s, &number);

	if (s[0] == '-' || r == -ERANGE || (r == 0 && number >= UINT32_MAX))
		return -EINVAL;
	return take_name(g);
}

/* An interface's name as the kernel takes it; whether there is one is seen when it is bound. */
static int take_interface(const struct given *g)
{
	return !strpbrk(g->texts[0], "/ \t") ? take_array(g) : -EINVAL;
}

/* Relative to what? A daemon has no folder of its own, so a relative path is nobody's. */
static int take_path(const struct given *g)
{
	const char *s = g->texts[0];

	return (s[0] == '/' || s[0] == '@') && s[1] != '\0' ? take_array(g) : -EINVAL;
}

/* Never an abstract name: anybody could connect to that. */
static int take_control(const struct given *g)
{
	const char *s = g->texts[0];
	bool is_path = s[0] == '/' && s[1] != '\0';

	return is_path || s[0] == '\0' || strcmp(s, SETTINGS_CONTROL_AUTO) == 0 ? take_array(g) : -EINVAL;
}

/* Into a const char *. */
static int take_pointer(const struct given *g)
{
	const char *s = draft_text(g->draft, g->texts[0]);

	memcpy((char *)g->object + g->setting->offset, &s, sizeof(s));
	return s ? 0 : -ENOMEM;
}

/* The service knows what it can say. */
static int take_format(const struct given *g)
{
	if (daytime_format_valid(g->texts[0]))
		return take_pointer(g);
	text_addf(g->why, "\"%.100s\" ", g->texts[0]);
	daytime_format_explain(g->why, g->texts[0]);
	return -EINVAL;
}

static bool print_array(FILE *to, const struct setting *setting, const void *object)
{
	const char *s = (const char *)object + setting->offset;

	/* An empty text is a value where the default is one. */
	if (*s == '\0' && !setting->standard)
		return false;
	kinds_print_string(to, s);
	return true;
}

/* NULL: not said, and there is no default (qotd's file). */
static bool print_pointer(FILE *to, const struct setting *setting, const void *object)
{
	const char *s;

	memcpy(&s, (const char *)object + setting->offset, sizeof(s));
	if (!s)
		return false;
	kinds_print_string(to, s);
	return true;
}

#define KIND_TEXT(text, reader, writer)                                                                                     \
	{                                                                                                                   \
		.wanted = text, .accepts = ACCEPTS_STRING, .take = reader, .print = writer                                  \
	}

const struct kind kinds_NAME = KIND_TEXT("letters, digits, \"_\", \".\" and \"-\"", take_name, print_array);
const struct kind kinds_USER = { "a name, or a number of 0 to 4294967294", ACCEPTS_STRING | 1u << ITEM_INTEGER,
				 .take = take_user, .print = print_array };
const struct kind kinds_HOST = KIND_TEXT("a host's name: letters, digits, \"_\", \".\" and \"-\"", take_name, print_array);
const struct kind kinds_INTERFACE = KIND_TEXT("the name of an interface", take_interface, print_array);
const struct kind kinds_PATH = KIND_TEXT("a path that begins with \"/\", or \"@name\"", take_path, print_array);
const struct kind kinds_CONTROL = KIND_TEXT("a path that begins with \"/\", \"auto\", or \"\" for none", take_control,
					    print_array);
const struct kind kinds_ZONE = KIND_TEXT("a zone of the tz database: \"UTC\", \"Europe/Rome\"", take_array, print_array);
const struct kind kinds_TEXT = KIND_TEXT("a string", take_pointer, print_pointer);
const struct kind kinds_FORMAT = KIND_TEXT(
	"\"rfc867\", \"ctime\", \"smtp\", \"smtp4\", \"iso\", \"nist\" or a strftime text of one line", take_format,
	print_pointer);
