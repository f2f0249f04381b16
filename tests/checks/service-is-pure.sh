#!/bin/sh
# SPDX-License-Identifier: MIT
# The object files of packet formats, of services and of echoprobe's figures import nothing that could make a system call or
# read a clock, and only those that make a table of a file's bytes, while the settings are read, may allocate: what they do not
# import they cannot call.
set -eu
: "${top_srcdir:?}" "${top_builddir:?}"

# Of libc: memory and text only. The compiler brings some of these by itself.
libc='memchr memcmp memcpy memmove memset bcmp strchr strcmp strcspn strlen strncmp strnlen strspn strtol abs
	__assert_fail __stack_chk_fail __stack_chk_fail_local __divti3 __udivti3'
# Of base/: neither the clock, nor descriptors, the loop or the log. addr_parse() asks the system for an interface's name
# where the text has a "%"; services give it none, and tests/unit/test_hostname.c and test_hosttable.c see to that.
base='addr_add_text addr_parse bytes_get_be16 bytes_get_be32 bytes_get_be64 bytes_put_be16 bytes_put_be32 bytes_put_be64
	civil_from_unix civil_to_unix civil_mjd civil_month_days civil_month_names civil_weekday_names lines_next
	siphash text_add text_add_bytes text_add_quoted text_addf text_lower text_same_ignoring_case zone_at zone_utc'
# What echoprobe counts and computes, and what it takes besides: clock_add() adds and reads no clock.
figures='direction expect histogram losses match moments mtu_search offset oneway order payload pending schedule skew tally
	track variation whole_seconds'
mathematics='clock_add llrint log sqrt units_number units_share'
# For those that make a table of a file's bytes.
allocation='malloc calloc realloc reallocarray free qsort_r'
# Of libsodium: a hash with a key, and comparing it.
sodium='crypto_auth_hmacsha256_init crypto_auth_hmacsha256_update crypto_auth_hmacsha256_final sodium_memcmp sodium_memzero
	explicit_bzero'

# object LIBRARY FOLDER/NAME: the object file of FOLDER/NAME.c, which is in that library.
object() {
	for candidate in "$top_builddir/$2.o" "$top_builddir/$(dirname "$2")/lib$1_a-$(basename "$2").o"; do
		[ ! -e "$candidate" ] || { echo "$candidate"; return; }
	done
	echo "$2.c has no object file in $top_builddir" >&2
	exit 1
}

# imports OBJECT: the names it takes from elsewhere, without the marks of checking compilers and libraries, and without the
# arithmetic that a machine has no instruction for.
imports() {
	nm -u "$1" | awk '{ print $NF }' | sed -e 's/^__\(.*\)_chk$/\1/' |
		grep -vE -e '^(__asan|__ubsan|__sanitizer|__gcov|__llvm)_' -e '^__(u?div|u?mod|popcount|clz|ctz)[sd]i[234]$' || true
}

objects=
for folder in wire service; do
	for source in "$top_srcdir/daemon/$folder"/*.c; do
		objects="$objects $(object daemon "daemon/$folder/$(basename "$source" .c)")"
	done
done
for name in $figures; do
	objects="$objects $(object echoprobe "clients/echoprobe/$name")"
done

# shellcheck disable=SC2086 # lists of words
own=$(nm -g --defined-only $objects | awk 'NF == 3 { print $3 }')
failed=0
for object in $objects; do
	allowed="$libc $base $own"
	case $object in
	*/wire/*stamp_hmac.o) allowed="$allowed $sodium" ;;
	*/echoprobe/*) allowed="$allowed $mathematics" ;;
	*hosttable_entry.o | *hosttable_index.o | *hosttable_parse.o | *quotes.o) allowed="$allowed $allocation" ;;
	esac
	for name in $(imports "$object"); do
		# shellcheck disable=SC2086
		printf '%s\n' $allowed _GLOBAL_OFFSET_TABLE_ | grep -qxF -- "$name" || {
			echo "$(basename "$object") imports $name"
			failed=1
		}
	done
done
exit $failed
