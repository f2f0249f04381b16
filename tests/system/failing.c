/* SPDX-License-Identifier: MIT */
/* A program that an upgrade may meet, which fails as $FAIL says: "try" or "go", then "exit", "crash" or "hang". What is to
 * fail when it goes has been fine with being tried. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "upgrade/takeover.h"

int main(int argc, char **argv)
{
	const char *how = getenv("FAIL");
	bool is_tried;

	(void)argc;
	takeover_begin(argv);
	is_tried = takeover_mode() == TAKEOVER_TRY;
	if (!how || (is_tried && strncmp(how, "try", 3) != 0))
		return 0;
	if (strstr(how, "crash"))
		abort();
	while (strstr(how, "hang"))
		pause();
	return takeover_end(1);
}
