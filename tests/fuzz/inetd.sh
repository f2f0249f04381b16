#!/bin/sh
# SPDX-License-Identifier: MIT
# inetd.sh SOURCE BUILD SECONDS: AFL++ over the whole daemon, a service at a time; fails where it crashes or hangs.
# Not hostname and qotd, which ask name servers and want a file.
set -eu
source=$1 build=$2 seconds=$3

export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
unset MAKEFLAGS
set -- --inetd
if [ "$(id -u)" = 0 ]; then
	set -- -o user=nobody "$@"
fi
mkdir -p "$build/seeds"
printf 'hello\r\n' >"$build/seeds/hello"
printf 'help\r\n' >"$build/seeds/help"
status=0
for service in echo discard chargen daytime time info tcpmux; do
	out=$build/out/$service
	rm -rf "$out"
	mkdir -p "$out"
	if ! afl-fuzz -V "$seconds" -t 5000 -x "$source/tests/fuzz/dictionary" -i "$build/seeds" -o "$out" -- \
		"$build/tests/fuzz/inetd" "$@" "$service" >"$out/log" 2>&1; then
		tail -n 20 "$out/log"
		exit 1
	fi
	awk -F ' *: *' -v service="$service" '{ said[$1] = $2 }
		END {
			printf "%-20s%12d runs %6d of %5d edges\n", service, said["execs_done"], said["edges_found"], said["total_edges"]
			if (said["saved_crashes"] + said["saved_hangs"]) {
				print "FAIL: " service ": crashes or hangs"
				exit 1
			}
		}' "$out/default/fuzzer_stats" || status=1
done
exit $status
