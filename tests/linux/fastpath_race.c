/* fastpath_race - one CPU translates packets of a pair.  Another one repeatedly adds that pair and
 * others to a table that is too small for them. */
#include "fastpath_race.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/wire.h"
#include "linux/fastpath_linux.h"
#include "support/craft.h"

#define PACKET4  "4 s=8.0.0.1 d=192.0.2.1 df=1 | tcp n=20 fl=0x10"
#define PACKET6  "6 s=2001:db8:86dd::1 d=2001:db8:64::808:808 | tcp n=20 fl=0x10"
#define ENTRIES  1024
#define LEAST    1000 /* minimum packets taken, and pairs added, for a valid test */
#define TOGETHER 2    /* pairs added at once: ours, and another that gets its memory */
#define FOR_NS   INT64_C(3000000000)
#define OURS     0x11
#define OTHERS   0x22

static struct race {
	struct fastpath *path;
	uint8_t in4[CRAFT_MAX], in6[CRAFT_MAX], out[CRAFT_MAX];
	uint32_t len4, len6;
	struct fastpath_key4 key4;
	struct fastpath_key6 key6;
	size_t cpu[2];
	unsigned long *told; /* shared with the child process */
} race;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Finds the first two CPUs on which this process may run. */
static bool find_cpus(size_t cpu[2])
{
	cpu_set_t set;
	int n = 0;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return false;
	for (size_t i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	return n == 2;
}

static void stay_on(size_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ck_assert_msg(sched_setaffinity(0, sizeof(set), &set) == 0, "%s", strerror(errno));
}

static struct fastpath_pair pair(uint32_t era)
{
	return (struct fastpath_pair){
		.generation = 1, .lease_generation = era, .most = 2000, .most_free = 2000};
}

/* Adds our pair again, which frees its memory, and at once another one, which may reuse that. */
static void tell(uint32_t era)
{
	struct fastpath_key4 key4[TOGETHER];
	struct fastpath_key6 key6[TOGETHER];
	struct fastpath_4to6 to6[TOGETHER];
	struct fastpath_6to4 to4[TOGETHER];

	for (uint32_t i = 0; i < TOGETHER; i++) {
		key4[i] = race.key4;
		key6[i] = race.key6;
		to6[i] = (struct fastpath_4to6){.pair = pair(era)};
		to4[i] = (struct fastpath_6to4){.pair = pair(era)};
		memset(&to6[i].to, i ? OTHERS : OURS, sizeof(to6[i].to));
		memset(&to4[i].to, i ? OTHERS : OURS, sizeof(to4[i].to));
		if (i == 0)
			continue;
		put32(key4[i].src, era * TOGETHER + i);
		put32(key6[i].dst + 8, era * TOGETHER + i);
	}
	if (fastpath_put4(race.path, key4, to6, TOGETHER) < 0 ||
	    fastpath_put6(race.path, key6, to4, TOGETHER) < 0)
		_exit(1);
}

static pid_t start_telling(void)
{
	pid_t parent = getpid(), child = fork();

	ck_assert_int_ge(child, 0);
	if (child)
		return child;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	stay_on(race.cpu[1]);
	for (uint32_t era = 2;; era++) {
		tell(era);
		__atomic_add_fetch(race.told, 1, __ATOMIC_RELAXED);
	}
}

static bool all_ours(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != OURS)
			return false;
	return true;
}

/* Returns true if the packet was taken and translated with our addresses. */
static bool try_one(const uint8_t *in, uint32_t len)
{
	struct fastpath_run run = {.in = in, .len = len, .out = race.out};
	bool six = in[0] >> 4 == 6;

	ck_assert_msg(fastpath_try(race.path, &run) == 0, "%s", strerror(errno));
	if (!run.taken)
		return false;
	ck_assert_msg(all_ours(race.out + (six ? 12 : 8), six ? 8 : 32),
		      "a packet from IPv%d left with addresses of another pair", six ? 6 : 4);
	return true;
}

static void prepare(void)
{
	char err[FASTPATH_ERR] = "";
	struct bytes none = {race.in4, 0};

	race.path = fastpath_load(ENTRIES, 1, err);
	ck_assert_msg(race.path, "%s", err);
	fastpath_control(race.path)->generation = 1;
	fastpath_control(race.path)->drained = UINT64_MAX;
	race.len4 = (uint32_t)craft(race.in4, PACKET4, &none);
	race.len6 = (uint32_t)craft(race.in6, PACKET6, &none);
	memcpy(&race.key4, race.in4 + 12, sizeof(race.key4));
	memcpy(&race.key6, race.in6 + 8, sizeof(race.key6));
	race.told = mmap(NULL, sizeof(*race.told), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(race.told, MAP_FAILED);
	tell(1);
}

START_TEST(memory_of_another)
{
	unsigned long taken4 = 0, taken6 = 0;
	int64_t end;
	pid_t child;

	ck_assert(find_cpus(race.cpu));
	prepare();
	child = start_telling();
	stay_on(race.cpu[0]);
	for (end = now_ns() + FOR_NS; now_ns() < end;) {
		taken4 += try_one(race.in4, race.len4);
		taken6 += try_one(race.in6, race.len6);
	}
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	fprintf(stderr, "# added %lu times; taken from IPv4 %lu, from IPv6 %lu\n", *race.told,
		taken4, taken6);
	ck_assert_uint_gt(*race.told, LEAST);
	ck_assert_uint_gt(taken4, LEAST);
	ck_assert_uint_gt(taken6, LEAST);
	fastpath_close(race.path);
}
END_TEST

const char *fastpath_race_lacks(void)
{
	size_t cpu[2];

	return find_cpus(cpu) ? NULL : "needs two CPUs";
}

TCase *fastpath_race(void)
{
	TCase *t = tcase_create("race");

	tcase_add_test(t, memory_of_another);
	return t;
}
