#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The faults that the daemon survives: each with what counts as that, and the tests that hold it.

As a program: whether each of those tests exists (make check). `make check-faults` (run.py) runs them and prints the table.
"""

import os
import re
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# (group, fault, what survives it means, tests: "folder/file:Class", "folder/file:Class.test" or "unit/program:test")
ROWS = (
    ("resources", "accept fails for want of descriptors or memory",
     "rests on a timer, one line a period, under 2 % of a core, serving again within 1.5 s",
     ("system/test_faults_calls:Accepting.test_that_fails_for_want_of_anything_lets_connections_wait_and_serves_them_then",
      "faults/test_figures:OutOfDescriptors", "unit/test_backoff:each_failure_in_a_row_waits_twice_as_long_up_to_a_second")),
    ("resources", "accept fails for one connection, or its client has gone", "counted, and the next is served",
     ("system/test_faults_calls:Accepting.test_that_fails_for_one_connection_goes_on_with_the_next",
      "system/test_faults_calls:Accepting.test_a_client_that_was_gone_before_it_was_accepted_is_no_session")),
    ("resources", "fork fails", "the connection waits, the pool is throttled, no other is",
     ("system/test_faults_calls:Forking",)),
    ("resources", "an allocation or a system call fails, each once: at start, in a reload, an upgrade, a session",
     "refused, or that session is lost; no signal, nothing left",
     ("system/test_faults_once:Starts", "system/test_faults_once:Reloads", "system/test_faults_once:Upgrades",
      "system/test_faults_once:Sessions", "system/test_allocations:Allocations")),
    ("resources", "the disk of the log is full, or its pipe is broken", "serves on; lines lost are counted",
     ("system/test_faults_calls:FullDisks", "unit/test_log_delivery:a_line_torn_by_a_full_disk_does_not_swallow_the_next")),
    ("resources", "a call of the start fails", "exit with a status of sysexits(3) and the reason; nothing left",
     ("system/test_faults_once:Starts", "system/test_commands:Starts.test_one_address_that_fails_leaves_nothing_listening")),
    ("resources", "many sessions and datagrams", "descriptors and memory as before, no zombie",
     ("faults/test_figures:Many.test_sessions_leave_nothing_behind",
      "system/test_processes:Deaths.test_no_zombie_and_no_descriptor_is_left_after_many_sessions",
      "system/test_reload_load:UnderLoad")),
    ("processes", "a worker ends by KILL, SEGV, ABRT or SIGSYS in a session",
     "that session only; cause logged and counted",
     ("system/test_processes:Deaths.test_a_worker_killed_in_a_session_ends_that_session_only",
      "system/test_processes:Deaths.test_a_killed_worker_is_replaced_and_its_end_is_logged",
      "system/test_processes:Deaths.test_the_sessions_of_a_killed_worker_no_longer_count",
      "system/test_processes:Sandboxes.test_a_process_killed_for_a_system_call_is_replaced_and_the_log_says_why")),
    ("processes", "a first death", "made good within 250 ms; only deaths in a row are throttled",
     ("faults/test_figures:Deaths.test_a_first_death_is_made_good_within_250_ms",
      "unit/test_policy:a_death_now_and_then_is_made_good_at_once",
      "unit/test_policy:deaths_that_follow_each_other_closely_throttle_whatever_was_served_between")),
    ("processes", "workers die of their clients, 100 times a second", "that pool is throttled; p99 of others as before",
     ("faults/test_figures:Deaths.test_those_of_a_worker_that_dies_of_its_clients_throttle_its_pool_alone",)),
    ("processes", "the supervisor is killed", "all processes gone within 1 s, the port free",
     ("faults/test_figures:Stops.test_a_killed_supervisor_takes_all_along_within_a_second",
      "system/test_processes:Deaths.test_a_killed_supervisor_takes_all_workers_along")),
    ("processes", "the supervisor is stopped", "sessions go on",
     ("faults/test_figures:Stops.test_a_supervisor_that_is_stopped_is_missed_by_nobody",
      "system/test_processes:Deaths.test_a_stopped_supervisor_is_not_needed_for_sessions")),
    ("processes", "a worker is stopped", "replaced for want of a heartbeat",
     ("faults/test_figures:Stops.test_a_worker_that_is_stopped_is_replaced_for_want_of_a_heartbeat",
      "system/test_stuck:Stuck")),
    ("processes", "a thousand HUPs; TERM at random moments; fifty workers killed at once",
     "coalesced; a clean end; no zombie",
     ("faults/test_figures:Signals", "system/test_stop:Stops",
      "system/test_reload:Reloads.test_a_hundred_hups_at_once_are_coalesced_and_harmless")),
    ("processes", "an odd environment: signals, descriptors 0 to 2, umask, zone, locale", "starts right",
     ("system/test_commands:Starts.test_starts_in_an_odd_environment",
      "system/test_commands:Starts.test_starts_with_standard_descriptors_closed",
      "system/test_services:Daytime.test_is_the_same_in_any_locale_and_zone_of_the_daemon")),
    ("processes", "a second instance; a dead control socket; a path that is another's",
     "exit 75, or replaced if dead and ours; the first does not notice",
     ("system/test_control:Place", "unit/test_unixpath:of_two_that_start_at_once_one_has_the_path")),
    ("processes", "a listener is lost: ended by the kernel, its file removed, its interface made anew", "it serves again",
     ("system/test_lost:Files", "system/test_lost:Ended", "system/test_lost:EndedBesides",
      "system/test_lost:FilesOfTheDaemon", "system/test_lost_places:EndedBySs", "system/test_lost_places:OnAnInterface")),
    ("stream", "half-close with much owed; never-readers; single octets; gigabytes; zero window; reset; urgent octets",
     "byte-equal, memory bounded",
     ("system/test_echo_stream:EchoStream", "system/test_overload:NeverReaders",
      "faults/test_figures:Many.test_one_session_of_gigabytes_is_byte_equal", "system/test_many_sessions:ManySessions")),
    ("stream", "each call is interrupted, has to be made again, or moves a part", "byte-equal",
     ("system/test_faults_calls:Crumbs", "unit/test_bulk:an_interrupted_call_is_no_end_of_a_fast_stream")),
    ("stream", "a peer vanishes without FIN", "closed by keepalive or user_timeout as configured",
     ("system/test_addresses:OtherHosts.test_a_peer_that_vanished_is_found_by_keepalive",
      "system/test_socket_options:SessionOptions.test_keepalive_and_user_timeout_are_as_written")),
    ("stream", "ten times as many clients as there is room for", "p99 of who is in at most twice as long",
     ("faults/test_figures:Many.test_many_times_what_there_is_room_for_slows_nobody_who_is_in",
      "system/test_overload:TenTimesTheRoom")),
    ("stream", "one source over IPv4 and IPv4-mapped", "one count",
     ("system/test_caps:SessionCaps.test_a_source_is_the_same_over_ipv4_and_ipv4_mapped",
      "system/test_limits:SessionRate.test_a_source_is_the_same_over_ipv4_and_ipv4_mapped")),
    ("datagram", "lengths of 0 to 65507; over max_datagram; cut by the kernel", "equal, or silent and counted; never cut",
     ("system/test_echo_datagram:EchoDatagram", "system/test_incidents:Datagrams.test_what_the_kernel_cuts")),
    ("datagram", "forged sources, ports of servers, broadcast; two instances set on each other",
     "no answer; the loop dies",
     ("system/test_safety:Destinations", "system/test_safety:Sources", "system/test_safety:Loops",
      "system/test_safety:Amplification", "system/test_safety:Budgets")),
    ("datagram", "errors queued on the socket; errors of sending", "others are answered",
     ("system/test_faults_calls:Sending",
      "system/test_echo_datagram:EchoDatagram.test_a_client_that_is_gone_leaves_the_others_served",
      "unit/test_datagram:errors_and_time_stamps_that_are_queued_are_thrown_away",
      "unit/test_datagram:a_socket_that_could_not_be_waited_on_is_tried_again")),
    ("datagram", "asked on a second address, on an alias of later, over IPv6 with a scope", "answered from there",
     ("system/test_addresses:Aliases", "system/test_addresses:OtherHosts.test_each_address_of_this_host_answers_for_itself",
      "system/test_addresses:OtherHosts.test_a_link_local_address_is_bound_with_its_scope")),
    ("datagram", "a UNIX client without a name, gone, or not reading", "dropped and counted; nobody waits",
     ("system/test_unix:UnixDatagrams", "unit/test_datagram:unix_clients_that_never_read_harm_nobody")),
    ("datagram", "descriptors are sent along", "none is kept",
     ("system/test_unix:UnixDatagrams.test_descriptors_that_are_sent_along_are_not_kept",)),
    ("time", "the clock jumps a year or an hour; 2036, 2038; leap seconds; summer time",
     "no session ends for it; values exact",
     ("system/test_faults_calls:TheTimeOfDay", "unit/test_time:time_reply_wraps_in_2036",
      "unit/test_daytime:nist_announces_a_leap_second_on_the_last_day_of_the_month",
      "unit/test_zone:summer_time_begins_and_ends_on_its_second",
      "unit/test_zone:the_table_reaches_from_1970_to_the_end_of_2106")),
    ("settings", "broken, endless, nested, oversized, doubled, of wrong types, of files that are none",
     "refused with their place in bounds of time and memory; the old settings serve on",
     ("system/test_reload_broken:BrokenFiles", "unit/test_scan:what_would_take_long_or_much_is_refused_before",
      "unit/test_reader:the_reader_has_64_mib")),
    ("settings", "reloads under load", "nobody reset or refused; nothing piles up",
     ("system/test_reload_load:UnderLoad", "system/test_reload:Reloads.test_connections_during_reloads_are_all_served")),
    ("settings", "one new listener cannot bind", "the whole reload is refused, nothing changed",
     ("system/test_reload:Reloads.test_one_new_listener_that_cannot_bind_refuses_the_whole_reload",)),
    ("activation", "LISTEN_* of another, too many, garbage; sockets of wrong kinds; blocking ones",
     "exit 78 naming the descriptor, or adopted right", ("system/test_activation:Refuses", "system/test_activation:Adopts")),
    ("activation", "a service manager that is missing, deaf or another's; a supervisor that is stuck",
     "harmless; not fed, so the watchdog restarts it (make check-systemd)",
     ("system/test_notify:Deaf", "system/test_notify:Watchdog")),
    ("names", "a name server dead, slow, wrong or hostile; odd names; a resolver killed or stopped",
     "answered by the deadline with the right class of error; nobody else waits",
     ("system/test_hostname_dns:Names", "system/test_hostname_dns:DeadNameServer", "system/test_hostname_dns:NoNameServer",
      "unit/test_lookup_client:a_resolver_that_dies_gives_a_failure",
      "system/test_stop:Stops.test_resolvers_that_are_stopped_themselves_do_not_hold_it_up")),
    ("log, control", "a log that nobody reads; forged lines; events faster than a log should grow",
     "nobody waits; what is not written is counted",
     ("system/test_log:LogThatNobodyReads", "system/test_log:DeathsThatComeTooOften",
      "unit/test_log:nothing_from_a_peer_can_start_a_line")),
    ("log, control", "control and metrics: another user, endless or half lines, a thousand clients, never-readers",
     "refused, or closed in 5 s; the data path as before",
     ("system/test_control:Hostile", "system/test_control:Rights", "system/test_metrics:BadClients")),
    ("proxy", "headers too long, lying, cut, unknown, from anybody", "closed, or the real peer",
     ("system/test_proxy:Headers", "system/test_proxy:Trust",
      "unit/test_proxy_random:damaged_headers_mean_the_same_in_any_pieces",
      "unit/test_proxy:tlvs_that_lie_about_their_length_are_refused")),
)


def source(reference):
    """(file, what is in it that is meant) of a test."""
    where, _, what = reference.partition(":")
    return os.path.join(TESTS, where + (".c" if where.startswith("unit/") else ".py")), what


def names(reference):
    """How the runs of a test are called: "Class.test" of each model, or a unit test's name; [] if there is no such test."""
    path, what = source(reference)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if path.endswith(".c"):
        return [what] if f"TEST({what})" in text else []
    cls, _, test = what.partition(".")
    found = re.search(rf"^((?:@\S+\n)*)class {cls}\(.*\n((?:\n|[ \t].*\n|\)\S*\n|@.*\n(?=[ \t]))*)", text, re.M)
    if not found:
        return []
    tests = re.findall(r"^ {4}def (test_\w+)", found[2], re.M)
    models = ("Fork", "Prefork", "Event") if "every_model" in found[1] else ("",)
    return [f"{cls}{model}.{t}" for model in models for t in tests if t == test or not test]


def main():
    missing = [reference for row in ROWS for reference in row[3] if not names(reference)]
    for reference in missing:
        print(f"no such test: {reference}")
    print(f"{len(ROWS)} faults, {len({r for row in ROWS for r in row[3]})} tests")
    sys.exit(bool(missing))


if __name__ == "__main__":
    main()
