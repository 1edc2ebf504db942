/* bench - measures the duration of code in rounds, on a machine that also does other things.  The
 * fastest round is closest to the real cost; the median shows the noise. */
#ifndef NAT64D_BENCH_BENCH_H
#define NAT64D_BENCH_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_ROUNDS 15   /* odd, so that there is a median */
#define BENCH_ROUND  5e-3 /* minimum seconds per round */

struct bench_time { /* ns per call */
	double min, median;
};

static inline double bench_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int bench_order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static inline double bench_once(void (*turns)(void *arg, unsigned n), void *arg, unsigned n)
{
	double start = bench_seconds();

	turns(arg, n);
	return bench_seconds() - start;
}

/* Measures TURNS, which performs the measured operation N times. */
static inline struct bench_time bench_time(void (*turns)(void *arg, unsigned n), void *arg)
{
	double took[BENCH_ROUNDS];
	unsigned n = 1;

	while (bench_once(turns, arg, n) < BENCH_ROUND && n < 1u << 30)
		n *= 2;
	for (int i = 0; i < BENCH_ROUNDS; i++)
		took[i] = bench_once(turns, arg, n) / n * 1e9;
	qsort(took, BENCH_ROUNDS, sizeof(*took), bench_order);
	return (struct bench_time){took[0], took[BENCH_ROUNDS / 2]};
}

static inline void bench_must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s\n", what);
	exit(EXIT_FAILURE);
}

#endif
