/* SPDX-License-Identifier: MIT */
/*
 * The main program of a fuzz target where libFuzzer has none: gives it the inputs of its file of seeds, or those of the files
 * named (what the fuzzer found).
 *
 * Seeds: an input a line, with \n \r \t \\ and \xHH for octets that a line cannot hold. Empty lines, and those that begin
 * with "#", are for people.
 */
#ifndef FUZZING
#include "fuzz.h"

#define INPUT_MAX 65536

/* The octet behind a backslash, at *at. */
static uint8_t unescape(const char **at)
{
	static const char names[] = "n\nr\rt\t\\\\";
	const char *name = strchr(names, **at);
	unsigned octet;

	if (**at == 'x' && sscanf(*at, "x%2x", &octet) == 1) {
		*at += 3;
		return (uint8_t)octet;
	}
	MUST(**at != '\0' && name != NULL && (name - names) % 2 == 0);
	(*at)++;
	return (uint8_t)name[1];
}

static void run(const uint8_t *bytes, size_t n)
{
	uint8_t *exact = fuzz_exact(bytes, n, false);

	MUST(LLVMFuzzerTestOneInput(exact, n) == 0);
	free(exact);
}

/* The number of inputs. */
static size_t run_seeds(FILE *from)
{
	static char line[4 * INPUT_MAX];
	static uint8_t bytes[INPUT_MAX];
	size_t seeds = 0;

	while (fgets(line, sizeof(line), from)) {
		const char *at = line;
		size_t n = 0;

		line[strcspn(line, "\n")] = '\0';
		if (*at == '\0' || *at == '#')
			continue;
		while (*at != '\0') {
			MUST(n < INPUT_MAX);
			if (*at++ == '\\')
				bytes[n++] = unescape(&at);
			else
				bytes[n++] = (uint8_t)at[-1];
		}
		run(bytes, n);
		seeds++;
	}
	return seeds;
}

static FILE *open_or_end(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(1);
	}
	return f;
}

int main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir"), *slash = strrchr(argv[0], '/');
	char path[4096];
	FILE *from;
	size_t n;

	for (int i = 1; i < argc; i++) {
		static uint8_t bytes[INPUT_MAX];

		from = open_or_end(argv[i]);
		n = fread(bytes, 1, sizeof(bytes), from);
		fclose(from);
		run(bytes, n);
	}
	if (argc > 1)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/%s", top ? top : ".", slash ? slash + 1 : argv[0]);
	from = open_or_end(path);
	n = run_seeds(from);
	fclose(from);
	run((const uint8_t *)"", 0);
	printf("%zu seeds\n", n);
	return 0;
}
#else
typedef int nothing_here; /* libFuzzer has a main of its own */
#endif
