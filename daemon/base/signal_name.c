/* SPDX-License-Identifier: MIT */
/* The short name of a signal, as kill(1) takes it. */
#include "base/signal_name.h"

#include <signal.h>
#include <stddef.h>

#include "base/attr.h"

#define NAME(name) [SIG##name] = #name
static const char *const names[] = {
	NAME(HUP),    NAME(INT),  NAME(QUIT), NAME(ILL),    NAME(TRAP),  NAME(ABRT), NAME(BUS),  NAME(FPE),
	NAME(KILL),   NAME(USR1), NAME(SEGV), NAME(USR2),   NAME(PIPE),  NAME(ALRM), NAME(TERM), NAME(CHLD),
	NAME(CONT),   NAME(STOP), NAME(TSTP), NAME(TTIN),   NAME(TTOU),  NAME(URG),  NAME(XCPU), NAME(XFSZ),
	NAME(PROF),   NAME(POLL), NAME(PWR),  NAME(VTALRM), NAME(WINCH), NAME(SYS),
#ifdef SIGSTKFLT /* not on MIPS */
	NAME(STKFLT),
#endif
};

const char *signal_name(int number)
{
	if (number > 0 && (size_t)number < array_n(names) && names[number])
		return names[number];
	return number >= SIGRTMIN && number <= SIGRTMAX ? "real-time" : "unknown";
}
