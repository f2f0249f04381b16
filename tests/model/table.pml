/* SPDX-License-Identifier: MIT */
/*
 * The session table (daemon/admission/table.c, caps.c): slots and counts without a lock.
 *
 * Two processes admit and end sessions for ever; up to DEATHS times one is killed between any two stores. The supervisor buries
 * the first, the acceptor of the fork model the second, unless it is killed over that; the supervisor repairs what is in doubt
 * meanwhile. A step is one atomic instruction, with what the process reads of its own slot before it. A loop of
 * compare-and-swap on one word alone (atomic_count_up) is one step: of its failures nothing can be seen. The version of a
 * count (atomic_count.h) is the flag `changed`, the moment in a slot's `counted` the flag `edited`: only the supervisor looks
 * elsewhere between reading a word and changing it.
 *
 * Without MOVES a session counts in the total; with MOVES in the row of its listener, and moves to the other row (tcpmux).
 */
#include "claim.pml"

/* Claims. */
bool no_cap_is_exceeded = true;
bool no_session_slot_is_lost = true;
bool what_is_in_doubt_is_repaired = true;

#define SLOTS 2
#define CAP 1
#ifdef MOVES
#define DEATHS 1 /* of the first process */
#else
#define DEATHS 2
#endif
#define NOBODY 0
#define LOST 255

/* enum counted of caps.c: a bit a count, shifted by 3 where it is begun. */
#define FIRST 1 /* COUNTED_TOTAL, or COUNTED_ROW */
#define NEXT 2  /* COUNTED_ROW_NEXT */
#define BEGUN(count) (count << 3)

byte owner[SLOTS];
bool used[SLOTS];
byte counted[SLOTS], row[SLOTS], row_next[SLOTS];
byte word[2];    /* the total, or the counts of two rows */
bool changed[2];     /* since the supervisor read it */
bool edited[SLOTS]; /* its rows are, since the supervisor read `counted` */

byte deaths;
byte killed = 255; /* who dies now: a process, or the acceptor, which is 0 */
bool dead[3];
bool within[3]; /* a process admits, has or ends a session */
byte held[2];   /* sessions that are served, by their word */
bool repairs, quiet; /* the supervisor repairs, and nobody was within since it began */

/* word_of() */
#define word_of(s, count) (count == FIRST -> row[s] : row_next[s])

/* ---- caps.c ---- */

inline begin(s, count)
{
#ifndef BREAK_COUNT_IS_NOT_WRITTEN_DOWN
	counted[s] = counted[s] | BEGUN(count)
#else
	skip
#endif
}

inline strike_out(s, count) { counted[s] = counted[s] & (255 - BEGUN(count)) }

/* count_up() */
inline count_up(s, count, ok)
{
	begin(s, count);
	d_step {
		ok = word[word_of(s, count)] < CAP;
		if
		:: ok ->
			word[word_of(s, count)]++;
			changed[word_of(s, count)] = true
		:: else
		fi
	}
	d_step {
		strike_out(s, count); /* give_up(), or the half of turn() */
		if
		:: ok -> counted[s] = counted[s] | count
		:: else
		fi
	}
}

/* count_down() */
inline count_down(s, count)
{
	if
	:: d_step { (counted[s] & count) -> counted[s] = (counted[s] - count) | BEGUN(count) } /* turn() */
		d_step {
			if
			:: word[word_of(s, count)] > 0 ->
				word[word_of(s, count)]--;
				changed[word_of(s, count)] = true
			:: else
			fi
		}
		strike_out(s, count)
	:: else
	fi
}

/* caps_move() and settle() */
inline caps_move(s, ok)
{
	edited[s] = true;
	row_next[s] = 1 - row[s];
	count_up(s, NEXT, ok);
	if
	:: ok ->
#ifdef BREAK_ROW_CHANGES_BEFORE_ITS_COUNT
		row[s] = row_next[s];
#endif
		count_down(s, FIRST);
		edited[s] = true;
		row[s] = row_next[s];
		counted[s] = FIRST
	:: else
	fi
}

/* caps_release(); doubt: what it returns, turned round */
inline caps_release(s, doubt)
{
	doubt = (counted[s] >> 3) != 0;
	count_down(s, FIRST);
#ifdef MOVES
	count_down(s, NEXT)
#endif
}

/* recount() of one count of one slot; ok becomes false where somebody counts there just now */
inline recount(slot, count)
{
	if
	:: (look & count) && word_of(slot, count) == at -> n++
	:: !(look & count) && (look & BEGUN(count)) && word_of(slot, count) == at ->
#ifdef BREAK_RECOUNT_OVERLOOKS_WHO_COUNTS
		skip
#elif defined(BREAK_LOST_SLOT_COUNTS_FOR_EVER)
		ok = false
#else
		ok = ok && owner[slot] == LOST
#endif
	:: else
	fi
}

inline recount_slot(slot)
{
	d_step { look = counted[slot]; edited[slot] = false };
	recount(slot, FIRST);
#ifdef MOVES
	recount(slot, NEXT);
#endif
#ifndef BREAK_PLACES_OF_ANOTHER_MOMENT
	ok = ok && !edited[slot];
#endif
	look = 0
}

/* caps_repair() with repair_word() of one count, one try */
inline repair_count(s, count)
{
	if
	:: d_step { (counted[s] & BEGUN(count)) -> at = word_of(s, count); changed[at] = false } /* the load */
		recount_slot(0);
		recount_slot(1);
		d_step { /* the compare-and-swap */
#ifndef BREAK_RECOUNT_WITHOUT_VERSION
			ok = ok && !changed[at];
#endif
			if
			:: ok -> word[at] = n
			:: else
			fi;
			n = 0;
			at = 0
		}
		if
		:: ok -> strike_out(s, count)
		:: else
		fi
	:: else
	fi
}

/* ---- table.c ---- */

/* give_up() */
inline give_up(s)
{
#ifdef MOVES
	d_step { used[s] = false; owner[s] = NOBODY } /* the other variant looks between the two */
#elif defined(BREAK_OWNER_GIVEN_UP_FIRST)
	owner[s] = NOBODY;
	used[s] = false
#else
	used[s] = false;
	owner[s] = NOBODY
#endif
}

/* table_release() of a slot that `whose` owns */
inline table_release(s, whose, doubt)
{
	if
	:: owner[s] == whose ->
		caps_release(s, doubt);
		if
#ifdef BREAK_DOUBT_IS_FORGOTTEN
		:: doubt -> give_up(s)
#else
		:: doubt -> owner[s] = LOST
#endif
		:: else -> give_up(s)
		fi;
		doubt = false
	:: else
	fi
}

/* table_repair() of one slot */
inline repair_slot(s)
{
	if
	:: owner[s] == LOST ->
		ok = true;
		repair_count(s, FIRST);
#ifdef MOVES
		if
		:: ok -> repair_count(s, NEXT)
		:: else
		fi;
#endif
		if
		:: ok -> give_up(s)
		:: else
		fi;
		ok = false
	:: else
	fi
}

/* ---- who does it ---- */

inline hold()
{
	d_step {
		held[row[s]]++;
		holds = true;
		CLAIM(no_cap_is_exceeded, held[row[s]] <= CAP)
	}
}

inline let_go() { d_step { held[row[s]]--; holds = false } }

proctype process(byte me)
{
	byte s;
	bool ok, holds;

	do
	:: {
		do
		:: atomic {
			/* claim(): a slot whose bit is clear; try_claim() */
			if
			:: !used[0] && owner[0] == NOBODY -> s = 0
			:: !used[1] && owner[1] == NOBODY -> s = 1
			fi;
			owner[s] = me;
			within[me] = true;
			quiet = false;
#ifdef MOVES
			used[s] = true
#endif
		   }
#ifndef MOVES
			used[s] = true;
#endif
			/* fill() */
			d_step { counted[s] = 0; edited[s] = true }
#ifdef MOVES
			if
			:: row[s] = 0
			:: row[s] = 1
			fi;
			row_next[s] = row[s];
#endif
			count_up(s, FIRST, ok);
			if
			:: ok ->
				hold();
#ifdef MOVES
				if
				:: true
				:: let_go(); /* table_become(): counted in both rows for a moment, it is held in none */
					caps_move(s, ok);
					hold()
				fi;
#endif
				let_go()
			:: else
			fi;
			table_release(s, me, ok);
			atomic { within[me] = false; s = 0; ok = false }
		od
	   } unless { killed == me };
		/* The session is over; the slot is as its process left it. */
		d_step {
			if
			:: holds -> held[row[s]]--
			:: else
			fi;
			holds = false;
			s = 0;
			ok = false;
			killed = 255;
			dead[me] = within[me]
		}
		d_step { !dead[me] -> within[me] = false } /* buried: another begins in its place */
	od
}

/* Frees the slot of a dead process of a session, as reaped() and free_slot() in stream/fork.c do. */
proctype acceptor()
{
	bool doubt;

	do
	:: {
		do
		:: dead[2] ->
			table_release(0, 2, doubt);
			table_release(1, 2, doubt);
			dead[2] = false
		od
	   } unless { killed == 0 };
		d_step { doubt = false; killed = 255; dead[0] = dead[2] }
		!dead[0]
	od
}

/* child_bury(): table_release_owner() */
inline bury(whose)
{
	table_release(0, whose, doubt);
	table_release(1, whose, doubt);
	dead[whose] = false
}

#define is_lost (owner[0] == LOST || owner[1] == LOST)

proctype supervisor()
{
	byte n, look, at;
	bool ok, doubt;

	do
	:: dead[1] -> bury(1)
	:: dead[0] -> /* it finishes what the acceptor had begun, whose children it inherits */
		bury(2);
		dead[0] = false
	:: d_step { is_lost -> repairs = true; quiet = !within[1] && !within[2] } /* table_repair() */
		repair_slot(0);
		repair_slot(1);
		d_step {
			CLAIM(what_is_in_doubt_is_repaired, !quiet || !is_lost);
			repairs = false;
			quiet = false
		}
	od
}

proctype killer()
{
	do
	:: d_step { deaths < DEATHS && killed == 255 && within[1] && !dead[1] -> killed = 1; deaths++ }
#ifndef MOVES
	:: d_step { deaths < DEATHS && killed == 255 && within[2] && !dead[2] -> killed = 2; deaths++ }
	:: d_step { deaths < DEATHS && killed == 255 && dead[2] && !dead[0] -> killed = 0; deaths++ }
#endif
	od
}

/* Whoever died, whenever: when all are gone and nothing is in doubt, everything is as at the start. */
proctype watch()
{
	do
	:: d_step {
		!within[1] && !within[2] && !repairs && !is_lost ->
		CLAIM(no_session_slot_is_lost, owner[0] + owner[1] + used[0] + used[1] + word[0] + word[1] == 0)
	   }
	od
}

init
{
	atomic {
		run process(1);
		run process(2);
		run acceptor();
		run supervisor();
		run killer();
		run watch()
	}
}
