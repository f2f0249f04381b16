/* SPDX-License-Identifier: MIT */
/* --import. */
#include "import/import.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/cleanup.h"
#include "import/convert.h"
#include "import/inetd_conf.h"
#include "import/xinetd_conf.h"

/* The first line that is no comment has six words in a file of inetd's (or "HOST:"), and at most two in one of xinetd's. */
static bool is_inetd_conf(const char *path)
{
	cleanup_file FILE *file = fopen(path, "re");
	char line[1024];
	bool is = true;

	while (file && fgets(line, sizeof(line), file)) {
		char first[sizeof(line)], third[2];
		int n = sscanf(line, "%1023s %*s %1s", first, third);

		if (n < 1 || first[0] == '#')
			continue;
		is = n == 2 || first[strlen(first) - 1] == ':';
		break;
	}
	return is;
}

int import_run(const char *path)
{
	struct foreign f = { 0 };
	struct stat st;
	unsigned lost;
	int r;

	if (stat(path, &st) < 0) {
		fprintf(stderr, "echotimed: %s: %s\n", path, strerror(errno));
		return EX_NOINPUT;
	}
	r = S_ISREG(st.st_mode) && is_inetd_conf(path) ? inetd_conf_read(&f, path) : xinetd_conf_read(&f, path);
	if (r < 0) {
		fprintf(stderr, "echotimed: %s\n", f.problem);
		foreign_free(&f);
		return EX_CONFIG;
	}
	printf("# Made of %s by echotimed --import. Check it: echotimed -t -c FILE\n\n", path);
	lost = convert_print(&f, stdout);
	foreign_free(&f);
	if (fflush(stdout) == EOF)
		return EX_IOERR;
	if (lost)
		fprintf(stderr, "echotimed: %s: %u without an equivalent: see the comments\n", path, lost);
	return lost ? 1 : 0;
}
