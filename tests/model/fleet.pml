/* SPDX-License-Identifier: MIT */
/*
 * Generations of workers under reloads, upgrades, deaths and the stop (daemon/generation, supervisor, upgrade, process).
 *
 * The supervisor takes a turn of its loop in one step (supervisor.c: advance()), a worker the word that it hears; words wait in
 * channels between them. A deadline may pass at any moment. Each generation has an event pool of WORKERS, which serve
 * connections; one of them reads a datagram socket. RELOADS, UPGRADES and DEATHS are how many of them there are at most.
 */
#include "claim.pml"

#ifndef GENERATIONS
#define GENERATIONS 2
#define WORKERS 2
#endif
#define CHILDREN (GENERATIONS * WORKERS)
#ifndef RELOADS
#define RELOADS 1
#endif
#ifndef UPGRADES
#define UPGRADES 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#define NOBODY 255

/* Claims. */
bool a_datagram_socket_never_has_two_readers = true;
bool a_datagram_socket_has_a_reader = true;
bool somebody_accepts_connections = true;
bool who_is_refused_leaves_the_old_serving = true;
bool no_worker_is_forgotten = true;

mtype = { GO, DRAIN, END, LOOK, READY, DRAINED };                               /* enum channel_word */
mtype = { NONE, COMING, FAILED, HANDED_OVER, SERVING, DRAINING, ENDING };       /* enum generation_phase; NONE: not made */
mtype = { W_NONE, W_STARTING, W_SERVING, W_DRAINING };                          /* enum worker_phase; NONE, or LEAVING: no process */
mtype = { TAKEOVER_NONE, TAKEOVER_GO, TAKEOVER_BACK, TAKEOVER_SETTLED };        /* enum takeover_mode; TRY changes nothing */

chan to[CHILDREN] = [4] of { mtype };
chan from[CHILDREN] = [3] of { mtype };

/* The workers' own. */
mtype worker[CHILDREN] = W_NONE;
bool reading[CHILDREN], session[CHILDREN];
bool ready_said[CHILDREN];
bool zombie[CHILDREN]; /* ended, and not waited for */

/* The supervisor's: struct child, struct generation, struct fleet. */
bool listed[CHILDREN], ready[CHILDREN], drained[CHILDREN], told[CHILDREN];
mtype phase[GENERATIONS] = NONE;
byte reader[GENERATIONS] = NOBODY; /* plan.readers */
byte current = NOBODY, coming = NOBODY;
mtype mode = TAKEOVER_NONE;
bool ready_before[CHILDREN], listed_before[CHILDREN]; /* as they were handed over */
mtype phase_before[GENERATIONS] = NONE;
bool late, gone; /* what comes is not ready in time; the next program is no more */
bool reload_wanted, upgrade_wanted, stopping, ended;

byte reloads, upgrades, deaths;

byte c, n; /* of one step */
bool yes, refused, switches;

#define of(g, i) (g * WORKERS + i)
#define generation_of(c) (c / WORKERS)
#define is_alive(c) (worker[c] != W_NONE)
#define is_listed(c) listed[c]
#if WORKERS > 1
#define some_worker(is, g) (is(of(g, 0)) || is(of(g, 1)))
#else
#define some_worker(is, g) is(of(g, 0))
#endif
#define takes_new(g) (phase[g] == SERVING || phase[g] == HANDED_OVER)

/* ---- a worker: process/worker_process.c, datagram/datagram.c ---- */

inline die(c)
{
	worker[c] = W_NONE;
	reading[c] = false;
	session[c] = false;
	zombie[c] = true
}

/* worker_leave_if_done() */
inline leave_if_done(c)
{
	if
	:: worker[c] == W_DRAINING && !session[c] -> die(c)
	:: else
	fi
}

/* datagram_look() */
inline look(c)
{
	reading[c] = worker[c] == W_SERVING && reader[generation_of(c)] == c
}

proctype worker_process(byte me)
{
	mtype word;

end:	do
	:: atomic { worker[me] == W_STARTING && !ready_said[me] -> ready_said[me] = true; from[me]!READY }
	:: atomic { worker[me] == W_STARTING && !ready_said[me] && deaths < DEATHS -> deaths++; die(me) } /* it cannot start */
	:: atomic { is_alive(me) && ready_said[me] && nempty(to[me]) ->
		to[me]?word;
		if
		:: word == GO && worker[me] == W_STARTING -> worker[me] = W_SERVING; look(me) /* go() */
		:: word == DRAIN -> /* worker_process_drain() */
			worker[me] = W_DRAINING;
			look(me);
			if
			:: nfull(from[me]) -> from[me]!DRAINED
			:: full(from[me])
			fi;
			leave_if_done(me)
		:: word == END -> worker[me] = W_DRAINING; session[me] = false; die(me)
		:: word == LOOK -> look(me)
		:: else
		fi;
		word = 0
	   }
	:: atomic { worker[me] == W_SERVING && !session[me] -> session[me] = true }
	:: atomic { session[me] -> session[me] = false; leave_if_done(me) }
	:: atomic { is_alive(me) && deaths < DEATHS -> deaths++; die(me) }
	od
}

/* ---- a process: generation/child.c, pool.c ---- */

inline forget_words(c)
{
	do
	:: to[c]?_
	:: from[c]?_
	:: empty(to[c]) && empty(from[c]) -> break
	od
}

/* child_spawn() */
inline spawn(c)
{
	forget_words(c);
	listed[c] = true;
	ready[c] = false;
	drained[c] = false;
	told[c] = false;
	zombie[c] = false;
	ready_said[c] = false;
	worker[c] = W_STARTING
}

/* child_tell() */
inline tell(c, word)
{
	if
	:: is_alive(c) && nfull(to[c]) -> to[c]!word
	:: is_alive(c) && full(to[c])
	:: !is_alive(c)
	fi;
	told[c] = told[c] || word == DRAIN
}

/* hear() */
inline hear(c)
{
	if
	:: from[c]?READY ->
		ready[c] = true;
		if
		:: phase[generation_of(c)] != COMING && phase[generation_of(c)] != FAILED -> tell(c, GO)
		:: else
		fi
	:: from[c]?DRAINED -> drained[c] = true
	fi
}

/* child_bury() */
inline bury(c)
{
	if
	:: !ready[c] && phase[generation_of(c)] == COMING -> phase[generation_of(c)] = FAILED
	:: else
	fi;
	forget_words(c);
	listed[c] = false;
	zombie[c] = false
}

/* pools_fill() of an event pool */
inline pools_fill(g)
{
	for (n : 0 .. WORKERS - 1) {
		if
#ifndef BREAK_THE_DEAD_ARE_NOT_REPLACED
		:: !listed[of(g, n)] -> spawn(of(g, n))
		:: !listed[of(g, n)] && some_worker(is_listed, g) /* throttled, or a fork failed */
#endif
		:: else
		fi
	}
}

/* ---- a generation: generation/generation.c ---- */

#define reads(c) (listed[c] && ready[c] && !told[c])

/* generation_deal_readers(); pick_reader() takes any */
inline deal_readers(g)
{
	if
	:: reader[g] != NOBODY && reads(reader[g])
	:: else ->
		reader[g] = NOBODY;
		for (n : 0 .. WORKERS - 1) {
			if
			:: reads(of(g, n)) -> reader[g] = of(g, n)
			:: else
			fi
		}
		if
		:: reader[g] != NOBODY -> tell(reader[g], LOOK)
		:: else
		fi
	fi
}

inline tell_all(g, word)
{
	for (n : 0 .. WORKERS - 1) {
		if
		:: listed[of(g, n)] -> tell(of(g, n), word)
		:: else
		fi
	}
}

inline generation_start(g)
{
	phase[g] = COMING;
	reader[g] = NOBODY;
	for (n : 0 .. WORKERS - 1) { spawn(of(g, n)) }
}

inline generation_go(g)
{
	phase[g] = SERVING;
	deal_readers(g);
	for (n : 0 .. WORKERS - 1) {
		if
		:: listed[of(g, n)] && ready[of(g, n)] -> tell(of(g, n), GO)
		:: else
		fi
	}
}

inline generation_drain(g)
{
	phase[g] = DRAINING;
	tell_all(g, DRAIN)
}

inline generation_end(g)
{
	phase[g] = ENDING;
	tell_all(g, END)
}

inline generation_kill(g)
{
	phase[g] = ENDING;
	for (n : 0 .. WORKERS - 1) {
		if
		:: listed[of(g, n)] && is_alive(of(g, n)) -> die(of(g, n))
		:: else
		fi
	}
}

/* generation_is_ready(), generation_is_drained(), and whether it has processes: into yes */
#define all_are(g, what) \
	yes = true; \
	for (n : 0 .. WORKERS - 1) { yes = yes && (!listed[of(g, n)] || what[of(g, n)]) }

inline has_none(g)
{
	yes = true;
	for (n : 0 .. WORKERS - 1) { yes = yes && !listed[of(g, n)] }
}

/* A place for a generation, into c, or NOBODY. */
inline find_free()
{
	c = NOBODY;
	for (n : 0 .. GENERATIONS - 1) {
		if
		:: phase[n] == NONE -> c = n
		:: else
		fi
	}
}

/* ---- a program gives way to the next: upgrade/ ---- */

/* After execute() of the next program: handover_restore(), start_again() */
inline become()
{
	for (n : 0 .. CHILDREN - 1) { ready_before[n] = ready[n]; listed_before[n] = listed[n] }
	for (n : 0 .. GENERATIONS - 1) { phase_before[n] = phase[n] }
	mode = TAKEOVER_GO;
	phase[current] = HANDED_OVER;
	coming = c;
	generation_start(coming)
}

/* go_back(), and what the program before does then: handover_restore(), child_end_strays(), start_again() */
inline go_back()
{
	yes = takes_new(current);
	for (n : 0 .. CHILDREN - 1) { yes = yes && !(generation_of(n) == current && told[n]) }
	CLAIM(who_is_refused_leaves_the_old_serving, yes);
	mode = TAKEOVER_BACK;
	coming = NOBODY;
	for (n : 0 .. GENERATIONS - 1) { phase[n] = phase_before[n]; phase_before[n] = NONE }
	phase[current] = HANDED_OVER;
	for (n : 0 .. CHILDREN - 1) {
		ready[n] = ready_before[n];
		listed[n] = listed_before[n];
#ifndef BREAK_STRAYS_LIVE_ON
		if
		:: is_alive(n) && (!listed[n] || (generation_of(n) == current && !ready[n])) -> die(n)
		:: else
		fi;
#endif
		zombie[n] = zombie[n] && listed[n];
		ready_before[n] = false;
		listed_before[n] = false
	}
	if
	:: find_free(); coming = c; generation_start(coming)
	:: mode = TAKEOVER_NONE /* give_in() */
	fi
}

inline takeover_settle()
{
	if
	:: mode == TAKEOVER_GO -> mode = TAKEOVER_SETTLED
	:: else
	fi
}

/* ---- the supervisor: supervisor/reload.c, supervisor.c ---- */

inline refuse_coming()
{
	if
	:: !gone -> generation_kill(coming)
	:: else
	fi;
	if
	:: mode == TAKEOVER_GO -> go_back()
	:: else ->
		coming = NOBODY;
		yes = current == NOBODY || takes_new(current);
		for (n : 0 .. CHILDREN - 1) { yes = yes && !(current != NOBODY && generation_of(n) == current && told[n]) }
		CLAIM(who_is_refused_leaves_the_old_serving, yes);
		ended = current == NOBODY
	fi
}

inline switch_over()
{
	current = coming;
	coming = NOBODY;
	generation_go(current);
	mode = TAKEOVER_NONE /* takeover_done() */
}

inline reload_advance()
{
	if
	:: reload_wanted && current != NOBODY && coming == NOBODY ->
		find_free();
		if
		:: c != NOBODY -> reload_wanted = false; coming = c; generation_start(coming)
		:: c != NOBODY -> reload_wanted = false /* its settings cannot be used */
		:: c == NOBODY
		fi
	:: else
	fi;
	if
	:: coming == NOBODY
	:: coming != NOBODY ->
		refused = phase[coming] == FAILED || late || gone;
		all_are(coming, ready);
		if
		:: refused
		:: !refused && yes ->
			if
			:: current != NOBODY && takes_new(current) ->
#ifdef BREAK_DRAIN_BEFORE_THE_PLACES_ARE_TAKEN
				generation_drain(current);
#endif
				if
				:: takeover_settle(); generation_drain(current)
				:: refused = true /* take_places() */
				fi
			:: else
			fi;
			if
			:: !refused && current == NOBODY -> switches = true
			:: !refused && current != NOBODY && phase[current] == DRAINING ->
				all_are(current, drained);
				if
#ifndef BREAK_NEW_ONES_GO_BEFORE_THE_OLD_CONFIRM
				:: yes -> switches = true
				:: else
#else
				:: true -> switches = true
#endif
				fi
			:: else
			fi
		:: else
		fi;
		if
		:: refused -> refuse_coming()
		:: !refused && switches -> switch_over()
		:: else
		fi;
		refused = false;
		switches = false;
		late = false;
		gone = false
	fi
}

inline upgrade_advance()
{
	if
	:: upgrade_wanted && !stopping && current != NOBODY && takes_new(current) && coming == NOBODY ->
		upgrade_wanted = false;
		find_free();
		if
		:: c != NOBODY -> become()
		:: true /* the next program cannot take over: nothing has changed */
		fi
	:: else
	fi
}

inline advance_draining()
{
	for (c : 0 .. GENERATIONS - 1) {
		if
		:: c != current && c != coming && (phase[c] == DRAINING || phase[c] == ENDING) ->
			has_none(c);
			if
			:: yes -> phase[c] = NONE
			:: else
			fi
		:: else
		fi
	}
}

inline advance()
{
	reload_advance();
	upgrade_advance();
	if
	:: mode != TAKEOVER_GO -> advance_draining()
	:: else
	fi;
	if
	:: current != NOBODY && phase[current] == SERVING ->
		pools_fill(current);
#ifndef BREAK_A_DEAD_READER_KEEPS_ITS_SOCKET
		deal_readers(current)
#endif
	:: else
	fi;
	yes = stopping && current == NOBODY && coming == NOBODY;
	for (n : 0 .. GENERATIONS - 1) { yes = yes && phase[n] == NONE }
	ended = ended || yes;
	c = 0;
	n = 0;
	yes = false
}

inline stop()
{
	stopping = true;
	takeover_settle();
	if
	:: coming != NOBODY ->
		generation_kill(coming);
		coming = NOBODY
	:: else
	fi;
	if
	:: current != NOBODY -> generation_drain(current); current = NOBODY
	:: else
	fi
}

/* reap_coming() or reap() */
#define may_reap(c) (mode != TAKEOVER_GO || generation_of(c) == coming)

inline event_of(c)
{
	if
	:: listed[c] && nempty(from[c]) && is_alive(c) -> hear(c)
	:: listed[c] && zombie[c] && may_reap(c) -> bury(c)
	fi
}

#define has_event(c) (listed[c] && ((nempty(from[c]) && is_alive(c)) || (zombie[c] && may_reap(c))))
#define is_pressed(g) (mode != TAKEOVER_GO && g != current && g != coming && (phase[g] == DRAINING || phase[g] == ENDING))

inline press(g)
{
	if
	:: phase[g] == ENDING -> generation_kill(g)
	:: phase[g] == DRAINING -> generation_end(g)
	fi
}

inline all_confirm_or_die()
{
	for (n : 0 .. WORKERS - 1) {
		if
		:: listed[of(current, n)] && !drained[of(current, n)] && is_alive(of(current, n)) -> die(of(current, n))
		:: else
		fi
	}
}

proctype supervisor()
{
	byte e;

	atomic { coming = 0; generation_start(0) }
end:	do
	:: atomic {
		if
		:: !ended && has_event(0) -> e = 0; event_of(e)
		:: !ended && has_event(1) -> e = 1; event_of(e)
#if CHILDREN > 2
		:: !ended && has_event(2) -> e = 2; event_of(e)
#endif
#if CHILDREN > 3
		:: !ended && has_event(3) -> e = 3; event_of(e)
#endif
		/* signals */
		:: !ended && !stopping && reloads < RELOADS && current != NOBODY -> reloads++; reload_wanted = true
		:: !ended && !stopping && upgrades < UPGRADES && current != NOBODY -> upgrades++; upgrade_wanted = true
		:: !ended && !stopping -> stop()
		/* deadlines */
		:: !ended && coming != NOBODY && (current == NOBODY || takes_new(current)) ->
			all_are(coming, ready);
			late = !yes
		:: !ended && coming != NOBODY && current != NOBODY && phase[current] == DRAINING -> all_confirm_or_die()
		:: !ended && is_pressed(0) -> e = 0; press(e)
		:: !ended && is_pressed(1) -> e = 1; press(e)
#if GENERATIONS > 2
		:: !ended && is_pressed(2) -> e = 2; press(e)
#endif
		/* want_settings() */
		:: !ended && !stopping && current != NOBODY && phase[current] == HANDED_OVER && mode == TAKEOVER_NONE &&
			coming == NOBODY && !reload_wanted -> reload_wanted = true
		/* the program that comes dies, or its time is over: died() */
		:: !ended && mode == TAKEOVER_GO -> gone = true
		fi;
		e = 0;
		advance()
	   }
	od
}

/* ---- what users notice ---- */

#define words_are_heard(c) (!listed[c] || (ready_said[c] && !zombie[c] && empty(to[c]) && empty(from[c])))
#if WORKERS > 1
#define nothing_is_on_its_way (words_are_heard(of(current, 0)) && words_are_heard(of(current, 1)))
#else
#define nothing_is_on_its_way words_are_heard(of(current, 0))
#endif
#define does_read(c) reading[c]
#define does_serve(c) (worker[c] == W_SERVING)
#if CHILDREN > 3
#define readers_n (reading[0] + reading[1] + reading[2] + reading[3])
#define forgotten ((is_alive(0) && !listed[0]) || (is_alive(1) && !listed[1]) || (is_alive(2) && !listed[2]) || (is_alive(3) && !listed[3]))
#else
#define readers_n (reading[0] + reading[1] + reading[2])
#define forgotten ((is_alive(0) && !listed[0]) || (is_alive(1) && !listed[1]) || (is_alive(2) && !listed[2]))
#endif

proctype watch()
{
end:	do
	:: d_step { readers_n > 1 -> CLAIM(a_datagram_socket_never_has_two_readers, false) }
	:: d_step { forgotten -> CLAIM(no_worker_is_forgotten, false) }
	:: d_step {
		current != NOBODY && phase[current] == SERVING && !ended && nothing_is_on_its_way ->
		CLAIM(somebody_accepts_connections, some_worker(does_serve, current));
		CLAIM(a_datagram_socket_has_a_reader, some_worker(does_read, current))
	   }
	od
}

init
{
	atomic {
		run supervisor();
		run worker_process(0);
		run worker_process(1);
#if CHILDREN > 2
		run worker_process(2);
#endif
#if CHILDREN > 3
		run worker_process(3);
#endif
		run watch()
	}
}
