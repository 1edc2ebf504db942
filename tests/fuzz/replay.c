/* replay - runs a fuzzing harness without a fuzzer: its seeds, and mutations of them from a fixed
 * random sequence.
 *
 *   replay             runs them; prints TAP, one point per seed
 *   replay DIRECTORY   writes the seeds there, for libFuzzer to start with
 *   replay FILE...     runs inputs that a fuzzer has saved */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "replay.h"

static uint64_t state = 0x9e3779b97f4a7c15;

uint32_t replay_draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

/* Returns the position after the line at AT. */
static size_t after_line(const uint8_t *m, size_t len, size_t at)
{
	const uint8_t *end = memchr(m + at, '\n', len - at);

	return end ? (size_t)(end - m) + 1 : len;
}

/* Overwrites a line, or a part of one, by another, as far as it has room. */
static size_t copy_line(uint8_t *m, size_t len)
{
	size_t from = replay_draw((uint32_t)len), to = replay_draw((uint32_t)len);
	size_t n = after_line(m, len, from) - from;

	n = n < len - to ? n : len - to;
	memmove(m + to, m + from, n);
	return len;
}

static size_t remove_line(uint8_t *m, size_t len)
{
	size_t from = replay_draw((uint32_t)len), end = after_line(m, len, from);

	memmove(m + from, m + end, len - end);
	return len - (end - from);
}

size_t replay_mutate_text(uint8_t *m, size_t len)
{
	static const char telling[] = " \t\r\n#./:-%0123456789abcdefgx\x7f\x80\xff";
	uint32_t how = replay_draw(8);

	if (len > 0 && how < 2)
		len = how ? copy_line(m, len) : remove_line(m, len);
	for (uint32_t n = replay_draw(4); n > 0 && len > 0; n--) {
		size_t at = replay_draw((uint32_t)len), from = replay_draw((uint32_t)len);

		m[at] = replay_draw(2) ? (uint8_t)telling[replay_draw(sizeof(telling))] : m[from];
	}
	return replay_draw(8) ? len : replay_draw((uint32_t)len + 1);
}

static void run_mutation(const uint8_t *seed, size_t len)
{
	uint8_t *m = malloc(len);

	if (!m)
		abort();
	memcpy(m, seed, len);
	LLVMFuzzerTestOneInput(m, replay_mutate(m, len));
	free(m);
}

static bool get_seed(size_t i, uint8_t seed[REPLAY_SEED], size_t *len, const char **name)
{
	memset(seed, 0, REPLAY_SEED);
	*len = replay_seed(i, seed, name);
	return *len > 0;
}

static void run_seeds(void)
{
	uint8_t seed[REPLAY_SEED];
	const char *name;
	size_t len, i;

	for (i = 0; get_seed(i, seed, &len, &name); i++) {
		LLVMFuzzerTestOneInput(seed, len);
		for (unsigned n = 0; n < replay_mutations; n++)
			run_mutation(seed, len);
		printf("ok %zu - %s and %u mutations of it\n", i + 1, name, replay_mutations);
		fflush(stdout);
	}
	printf("1..%zu\n", i);
}

static int write_seeds(const char *dir)
{
	uint8_t seed[REPLAY_SEED];
	char path[4096];
	const char *name;
	size_t len;
	FILE *f;

	for (size_t i = 0; get_seed(i, seed, &len, &name); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		f = fopen(path, "wb");
		if (!f || fwrite(seed, 1, len, f) != len || fclose(f) != 0) {
			fprintf(stderr, "%s: %s\n", path, strerror(errno));
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

static int run_file(const char *path)
{
	static uint8_t data[REPLAY_MOST];
	FILE *f = fopen(path, "rb");
	size_t len;

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return EXIT_FAILURE;
	}
	len = fread(data, 1, sizeof(data), f);
	fclose(f);
	LLVMFuzzerTestOneInput(data, len);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct stat st;
	int status = EXIT_SUCCESS;

	if (argc == 1)
		run_seeds();
	else if (stat(argv[1], &st) == 0 && S_ISDIR(st.st_mode))
		return write_seeds(argv[1]);
	for (int i = 1; i < argc && status == EXIT_SUCCESS; i++)
		status = run_file(argv[i]);
	return status;
}
