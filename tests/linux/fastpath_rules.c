/* fastpath_rules - single packets and pairs, with the shared memory set by the test. */
#include "fastpath_rules.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/wire.h"
#include "linux/fastpath_linux.h"
#include "support/craft.h"
#include "support/run.h"

#define HEAD6  "6 s=2001:db8:86dd::1 d=2001:db8:64::808:808 "
#define HEAD4  "4 s=8.0.0.1 d=192.0.2.1 "
#define TCP6   HEAD6 "| tcp n=20 fl=0x10"
#define SYN6   HEAD6 "| tcp n=0 fl=0x02"
#define UDP6   HEAD6 "| udp n=20"
#define ECHO6  HEAD6 "| echo n=20"
#define TCP4   HEAD4 "df=1 | tcp n=20 fl=0x10"
#define UDP4   HEAD4 "df=1 | udp n=20"
#define FREE4  HEAD4 "| udp n=20"
#define ODD6   HEAD6 "hop=1 | tcp n=20 fl=0x10"
#define MS     1000000
#define LEASES 4
#define NONE   (-1)
#define SIZE   2000

static const char *const both[] = {TCP6, TCP4};

static struct bench {
	struct fastpath *path;
	struct fastpath_control *control;
	struct fastpath_pair pair;
	struct fastpath_run run;
	uint8_t in[CRAFT_MAX], out[CRAFT_MAX];
} bench;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Returns false if this process was delayed so long since AT that timeouts may have decided. */
static bool undisturbed(uint64_t at)
{
	return now_ns() - at < FASTPATH_SOON / 4 * 3;
}

static void sleep_ns(long ns)
{
	struct timespec t = {0, ns};

	nanosleep(&t, NULL);
}

static void start(void)
{
	char err[FASTPATH_ERR] = "";

	memset(&bench, 0, sizeof(bench));
	bench.path = fastpath_load(64, LEASES, err);
	ck_assert_msg(bench.path, "%s", err);
	bench.control = fastpath_control(bench.path);
	bench.control->generation = 7;
	bench.control->flags = FASTPATH_UDP;
	bench.control->drained = UINT64_MAX;
	/* in each run, the same flows share a place */
	for (uint64_t i = 0; i < FASTPATH_SECRETS; i++)
		bench.control->secret[i] = (i + 1) * 0x9e3779b97f4a7c15;
	bench.pair = (struct fastpath_pair){
		.generation = 7, .most = SIZE, .most_free = SIZE, .id = 0x1fffe};
}

static void stop(void)
{
	fastpath_close(bench.path);
}

static void craft_in(const char *text)
{
	struct bytes none = {bench.in, 0};

	bench.run = (struct fastpath_run){.in = bench.in, .out = bench.out};
	bench.run.len = (uint32_t)craft(bench.in, text, &none);
}

/* Adds the pair of the packet TEXT. */
static void tell(const char *text)
{
	struct fastpath_key4 v4;
	struct fastpath_key6 v6;
	struct fastpath_4to6 to6 = {.pair = bench.pair};
	struct fastpath_6to4 to4 = {.pair = bench.pair};
	int rc;

	craft_in(text);
	memcpy(&v4, bench.in + 12, sizeof(v4));
	memcpy(&v6, bench.in + 8, sizeof(v6));
	rc = bench.in[0] >> 4 == 4 ? fastpath_put4(bench.path, &v4, &to6, 1)
				   : fastpath_put6(bench.path, &v6, &to4, 1);
	ck_assert_msg(rc == 0, "%s", strerror(errno));
}

/* The same, in a new generation. */
static void tell_anew(const char *text)
{
	bench.pair.generation = ++bench.control->generation;
	tell(text);
}

static bool sent(void)
{
	ck_assert_msg(fastpath_try(bench.path, &bench.run) == 0, "%s", strerror(errno));
	if (!bench.run.taken) {
		ck_assert_uint_eq(bench.run.out_len, bench.run.len);
		ck_assert_mem_eq(bench.out, bench.in, bench.run.len);
	}
	return bench.run.taken;
}

/* Returns true if the program takes the packet TEXT. */
static bool taken(const char *text)
{
	craft_in(text);
	return sent();
}

/* --- single packets -------------------------------------------------------------------------- */

/* Times are in ns before now; NONE: never. */
static const struct rule {
	const char *name, *packet;
	uint32_t generation; /* generation in the shared memory; the pair has 7 */
	int lease;           /* index of the pair's lease, or NONE */
	uint32_t ends;       /* by which the lease's generation has increased */
	uint32_t flags, pair_flags;
	int64_t alive;
	unsigned most, most_free;
	bool taken;
} rules[] = {
	{"current", TCP6, 7, NONE, 0, 0, 0, NONE, SIZE, SIZE, true},
	{"current", TCP4, 7, NONE, 0, 0, 0, NONE, SIZE, SIZE, true},
	{"outdated", TCP6, 8, NONE, 0, 0, 0, NONE, SIZE, SIZE, false},
	{"outdated", TCP4, 8, NONE, 0, 0, 0, NONE, SIZE, SIZE, false},
	{"other generation", TCP6, 6, NONE, 0, 0, 0, NONE, SIZE, SIZE, false},
	{"leased", TCP6, 7, 0, 0, 0, 0, NONE, SIZE, SIZE, true},
	{"leased", TCP4, 7, LEASES - 1, 0, 0, 0, NONE, SIZE, SIZE, true},
	{"lease has ended", TCP6, 7, 0, 1, 0, 0, NONE, SIZE, SIZE, false},
	{"lease has ended", TCP4, 7, LEASES - 1, 1, 0, 0, NONE, SIZE, SIZE, false},
	{"lease has ended long ago", TCP6, 7, 0, 1000, 0, 0, NONE, SIZE, SIZE, false},
	{"no such lease", TCP6, 7, LEASES, 0, 0, 0, NONE, SIZE, SIZE, false},
	{"no such lease", TCP4, 7, 1 << 30, 0, 0, 0, NONE, SIZE, SIZE, false},
	{"watching, daemon alive", TCP6, 7, NONE, 0, FASTPATH_WATCH, 0, 0, SIZE, SIZE, true},
	{"watching, daemon alive", TCP4, 7, NONE, 0, FASTPATH_WATCH, 0, 0, SIZE, SIZE, true},
	{"watching, daemon silent", TCP6, 7, NONE, 0, FASTPATH_WATCH, 0, FASTPATH_ALIVE, SIZE, SIZE,
	 false},
	{"watching, daemon silent", TCP4, 7, NONE, 0, FASTPATH_WATCH, 0, FASTPATH_ALIVE, SIZE, SIZE,
	 false},
	{"watching, daemon stopped", TCP6, 7, NONE, 0, FASTPATH_WATCH, 0, NONE, SIZE, SIZE, false},
	{"not watching, daemon silent", TCP6, 7, NONE, 0, 0, 0, FASTPATH_ALIVE, SIZE, SIZE, true},
	{"UDP with the daemon", UDP6, 7, NONE, 0, 0, 0, NONE, SIZE, SIZE, false},
	{"UDP with the daemon", UDP4, 7, NONE, 0, 0, 0, NONE, SIZE, SIZE, false},
	{"UDP with the program", UDP6, 7, NONE, 0, FASTPATH_UDP, 0, NONE, SIZE, SIZE, true},
	{"UDP with the program", UDP4, 7, NONE, 0, FASTPATH_UDP, 0, NONE, SIZE, SIZE, true},
	{"echo is always with the program", ECHO6, 7, NONE, 0, 0, 0, NONE, SIZE, SIZE, true},
	{"SYN", SYN6, 7, NONE, 0, 0, 0, NONE, SIZE, SIZE, true},
	{"SYN with mss-clamp", SYN6, 7, NONE, 0, 0, FASTPATH_NO_SYN, NONE, SIZE, SIZE, false},
	{"no SYN with mss-clamp", TCP6, 7, NONE, 0, 0, FASTPATH_NO_SYN, NONE, SIZE, SIZE, true},
	{"maximum length", TCP6, 7, NONE, 0, 0, 0, NONE, 40, 0, true},
	{"too long", TCP6, 7, NONE, 0, 0, 0, NONE, 39, SIZE, false},
	{"maximum length", TCP4, 7, NONE, 0, 0, 0, NONE, 40, 0, true},
	{"too long", TCP4, 7, NONE, 0, 0, 0, NONE, 39, SIZE, false},
	{"to be fragmented", FREE4, 7, NONE, 0, FASTPATH_UDP, 0, NONE, SIZE, 27, false},
	{"not to be fragmented", FREE4, 7, NONE, 0, FASTPATH_UDP, 0, NONE, 0, 28, true},
	{"one hop left", ODD6, 7, NONE, 0, 0, 0, NONE, SIZE, SIZE, false},
};

static void set_lease(const struct rule *r)
{
	unsigned n, first = fastpath_first_lease(bench.path);
	union fastpath_element *at = fastpath_leases(bench.path, &n);

	ck_assert_uint_eq(n, LEASES);
	if (r->lease == NONE)
		return;
	bench.pair.lease = first + (unsigned)r->lease;
	bench.pair.lease_generation = 3;
	if (r->lease < LEASES)
		at[r->lease].lease.generation = 3 + r->ends;
}

START_TEST(rule)
{
	const struct rule *r = &rules[_i];
	uint64_t at;
	bool was;

	bench.pair.most = (uint16_t)r->most;
	bench.pair.most_free = (uint16_t)r->most_free;
	bench.pair.flags = (uint16_t)r->pair_flags;
	set_lease(r);
	tell(r->packet);
	bench.control->generation = r->generation;
	bench.control->flags = r->flags;
	do {
		at = now_ns();
		bench.control->alive = r->alive == NONE ? 0 : at - (uint64_t)r->alive;
		was = sent();
	} while (!undisturbed(at));
	ck_assert_msg(was == r->taken, "%s: %s", r->name, r->packet);
}
END_TEST

START_TEST(stranger)
{
	tell(TCP6);
	ck_assert(taken(TCP6));
	ck_assert(!taken("6 s=2001:db8:86dd::2 d=2001:db8:64::808:808 | tcp n=20"));
	ck_assert(!taken("6 s=2001:db8:86dd::1 d=2001:db8:64::808:809 | tcp n=20"));
	ck_assert(!taken(TCP4));
}
END_TEST

/* --- order: times are in ns before now, see struct fastpath_wait --- */

static const struct order {
	const char *name;
	int64_t passed, since, drained; /* DRAINED: relative to PASSED */
	uint32_t flags;
	bool taken;
} orders[] = {
	{"written since then", MS, MS, FASTPATH_MARGIN, 0, true},
	{"possibly in the queue", MS, MS, FASTPATH_MARGIN - 1, 0, false},
	{"in the queue", MS, MS, -MS, 0, false},
	{"queue never empty, waited long enough", MS, FASTPATH_FORCE + 1, -MS, 0, true},
	{"queue never empty, not waited long enough", MS, FASTPATH_FORCE - FASTPATH_SOON, -MS, 0,
	 false},
	{"in a trial, waited long enough", MS, FASTPATH_SOON + 1, -MS, FASTPATH_HURRY, true},
	{"in a trial, not waited long enough", MS, MS, -MS, FASTPATH_HURRY, false},
	{"passed just now", 0, 0, 0, 0, false},
};

START_TEST(order)
{
	const struct order *o = &orders[_i];
	uint64_t now;
	bool was;

	bench.control->flags = o->flags;
	do {
		now = now_ns();
		bench.pair.wait.passed = now - (uint64_t)o->passed;
		bench.pair.wait.since = now - (uint64_t)o->since;
		bench.control->drained = 0;
		tell_anew(TCP6);
		bench.control->drained = bench.pair.wait.passed + (uint64_t)o->drained;
		was = sent();
	} while (!undisturbed(now));
	ck_assert_msg(was == o->taken, "%s", o->name);
}
END_TEST

/* When all packets from before the pair have left the queue, packets that waited for them may still
 * be in it. */
START_TEST(waits_behind_what_waited)
{
	uint64_t at, told;
	bool first, second;

	do {
		at = told = now_ns();
		bench.pair.wait.passed = bench.pair.wait.since = told;
		bench.control->drained = 0;
		tell_anew(both[_i]);
		sleep_ns(2 * FASTPATH_MARGIN);
		first = taken(both[_i]);
		bench.control->drained = told + FASTPATH_MARGIN;
		second = taken(both[_i]);
	} while (!undisturbed(at));
	ck_assert(!first && !second);
	bench.control->drained = now_ns() + FASTPATH_MARGIN;
	ck_assert(taken(both[_i]));
}
END_TEST

/* A packet that goes to the daemon makes later packets of its flow wait until the queue has been
 * empty.  If it does not show its flow, it makes all packets of the pair wait. */
static const struct flow {
	const char *name, *passes, *behind;
	bool waits;
} flows[] = {
	{"the same ports", HEAD6 "hop=1 | tcp n=20 sp=7 dp=8", HEAD6 "| tcp n=9 sp=7 dp=8", true},
	{"another source port", HEAD6 "hop=1 | tcp sp=7 dp=8", HEAD6 "| tcp sp=9 dp=8", false},
	{"another destination port", HEAD6 "hop=1 | tcp sp=7 dp=8", HEAD6 "| tcp sp=7 dp=9", false},
	{"ports the other way", HEAD6 "hop=1 | tcp sp=7 dp=8", HEAD6 "| tcp sp=8 dp=7", false},
	{"another protocol", HEAD6 "hop=1 | tcp sp=7 dp=8", HEAD6 "| udp sp=7 dp=8", false},
	{"UDP, the same ports", HEAD6 "hop=1 | udp sp=7 dp=8", HEAD6 "| udp sp=7 dp=8", true},
	{"UDP, no checksum", HEAD6 "| udp zero=1 sp=7 dp=8", HEAD6 "| udp sp=7 dp=8", true},
	{"UDP, other ports", HEAD6 "hop=1 | udp sp=7 dp=8", HEAD6 "| udp sp=7 dp=10", false},
	{"an echo", HEAD6 "hop=1 | echo id=7 seq=1", HEAD6 "| echo id=7 seq=2", true},
	{"a long echo", HEAD6 "| echo n=400 id=7 seq=1", HEAD6 "| echo id=7 seq=2", true},
	{"echo, another Identifier", HEAD6 "hop=1 | echo id=7", HEAD6 "| echo id=8", false},
	{"an echo and TCP", HEAD6 "hop=1 | echo id=7", TCP6, false},
	{"TCP and an echo", ODD6, ECHO6, false},
	{"another pair", ODD6, TCP4, false},
	{"options and TCP", HEAD6 "| dst | tcp sp=7 dp=8", HEAD6 "| tcp sp=9 dp=8", true},
	{"options and UDP", HEAD6 "| hbh | tcp sp=7 dp=8", UDP6, true},
	{"a fragment and an echo", HEAD6 "| frag off=8 | data 40", ECHO6, true},
	{"a protocol without ports", HEAD6 "p=47 | data 40", TCP6, true},
	{"from IPv4", HEAD4 "ttl=1 | udp sp=7 dp=8", HEAD4 "| udp sp=7 dp=8", true},
	{"from IPv4, another port", HEAD4 "ttl=1 | udp sp=7 dp=8", HEAD4 "| udp sp=8 dp=8", false},
	{"from IPv4, an echo", HEAD4 "ttl=1 | echo id=7", HEAD4 "| echo id=7", true},
	{"from IPv4, another echo", HEAD4 "ttl=1 | echo id=7", HEAD4 "| echo id=8", false},
	{"from IPv4, a first fragment", HEAD4 "mf=1 | udp sp=7 dp=8", TCP4, true},
	{"from IPv4, a fragment", HEAD4 "off=8 p=17 | data 40", HEAD4 "| echo id=8", true},
	{"from IPv4, options", HEAD4 "opts=01010101 | tcp sp=7 dp=8", UDP4, true},
};

START_TEST(flow)
{
	const struct flow *w = &flows[_i];
	uint64_t at;
	bool before, passed, behind;

	tell(TCP6);
	tell(TCP4);
	do {
		bench.control->drained = at = now_ns();
		before = taken(w->behind);
		passed = !taken(w->passes);
		behind = taken(w->behind);
	} while (!undisturbed(at));
	ck_assert_msg(before && passed && behind != w->waits, "%s: %d %d %d", w->name, before,
		      passed, behind);
	bench.control->drained = now_ns() + FASTPATH_MARGIN;
	ck_assert_msg(taken(w->behind), "%s: the queue was empty", w->name);
}
END_TEST

/* The daemon may still send packets that it got because it seemed to be dead. */
START_TEST(waits_behind_what_was_not_watched)
{
	uint64_t at;
	bool before, silent, behind;

	tell(TCP6);
	bench.control->flags = FASTPATH_WATCH;
	do {
		bench.control->drained = bench.control->alive = at = now_ns();
		before = taken(TCP6);
		bench.control->alive = at - FASTPATH_ALIVE;
		silent = taken(TCP6);
		bench.control->alive = at;
		behind = taken(TCP6);
	} while (!undisturbed(at));
	ck_assert(before && !silent && !behind);
	bench.control->drained = bench.control->alive = now_ns() + FASTPATH_MARGIN;
	bench.control->flags = 0;
	ck_assert(taken(TCP6));
}
END_TEST

/* Sends packets that must wait, since SINCE or a little later, for longer than they must wait. */
static void wait_under_load(uint64_t since)
{
	uint64_t begun = now_ns(), now;
	bool early;

	do {
		early = taken(TCP6);
		now = now_ns();
		ck_assert(!early || now - since > FASTPATH_SOON);
		sleep_ns(MS / 2);
	} while (now - begun < FASTPATH_SOON + MS);
}

/* Waiting packets do not make the flow wait longer.  After the flow has moved, it waits again:
 * after the pair was added (0), and after a packet of its flow. */
START_TEST(moves_under_load)
{
	uint64_t at;
	bool moved, odd, behind;

	bench.control->drained = 0;
	bench.control->flags = FASTPATH_HURRY;
	do {
		at = now_ns();
		if (_i == 0)
			bench.pair.wait.passed = bench.pair.wait.since = at;
		tell_anew(TCP6);
		if (_i > 0)
			ck_assert(!taken(ODD6));
		wait_under_load(at);
		at = now_ns();
		moved = taken(TCP6);
		odd = taken(ODD6);
		behind = taken(TCP6);
	} while (!undisturbed(at));
	ck_assert(moved && !odd && !behind);
}
END_TEST

/* While only the daemon translates UDP, UDP packets cause no waiting. */
START_TEST(udp_rests)
{
	uint64_t at;
	bool rests, waits;

	bench.control->drained = 0;
	tell(UDP6);
	do {
		bench.control->flags = FASTPATH_HURRY;
		rests = !taken(UDP6);
		sleep_ns(FASTPATH_SOON + MS);
		at = now_ns();
		rests &= !taken(UDP6);
		bench.control->udp_since = now_ns();
		bench.control->flags |= FASTPATH_UDP;
		waits = !taken(UDP6);
	} while (!undisturbed(at));
	ck_assert(rests && waits);
	sleep_ns(FASTPATH_SOON + MS);
	ck_assert(taken(UDP6));
}
END_TEST

/* --- output and counters --- */

static unsigned id_of(const char *text, unsigned seg)
{
	craft_in(text);
	bench.run.seg = seg;
	ck_assert(sent());
	return get16(bench.out + 4);
}

/* One Identification for each packet on the wire; they wrap around. */
START_TEST(identifications)
{
	tell(TCP6);
	ck_assert_uint_eq(id_of(TCP6, 0), 0xfffe);
	ck_assert_uint_eq(id_of(TCP6, 0), 0xffff);
	ck_assert_uint_eq(id_of(TCP6, 7), 0);
	ck_assert_uint_eq(id_of(TCP6, 0), 3);
}
END_TEST

/* A pair that is known and current is not changed.  If it is added again, its Identifications
 * continue after those that may be used in the meantime. */
START_TEST(identifications_told_again)
{
	tell(TCP6);
	ck_assert_uint_eq(id_of(TCP6, 0), 0xfffe);
	bench.pair.id = 0x1234;
	tell(TCP6);
	ck_assert_uint_eq(id_of(TCP6, 0), 0xffff);
	tell_anew(TCP6);
	ck_assert_uint_eq(id_of(TCP6, 0), 0x100);
	bench.pair.lease_generation = 1;
	tell(TCP6);
	ck_assert_uint_eq(id_of(TCP6, 0), 0x201);
	bench.pair.lease = fastpath_first_lease(bench.path);
	fastpath_leases(bench.path, &(unsigned){0})->lease.generation = 1;
	tell(TCP6);
	ck_assert_uint_eq(id_of(TCP6, 0), 0x302);
}
END_TEST

static struct fastpath_totals totals(void)
{
	struct fastpath_totals sum = {.udp = 0};
	unsigned n;
	const union fastpath_element *cpu = fastpath_totals(bench.path, &n);

	for (unsigned i = 0; i < n; i++) {
		for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
			sum.packets[dir] += cpu[i].totals.packets[dir];
			sum.bytes[dir] += cpu[i].totals.bytes[dir];
		}
		sum.udp += cpu[i].totals.udp;
	}
	return sum;
}

/* A lease counts both directions.  Packets that are not taken are not counted.  A pair without a
 * lease counts for none.  Each segment counts with its headers. */
START_TEST(counts)
{
	unsigned n;
	union fastpath_element *at = fastpath_leases(bench.path, &n);
	struct fastpath_totals sum;

	tell(UDP6); /* without a lease */
	ck_assert(taken(UDP6));
	bench.pair.lease = fastpath_first_lease(bench.path) + 1;
	tell(TCP6);
	ck_assert(taken(TCP6));
	craft_in(TCP6);
	bench.run.seg = 7;
	ck_assert(sent());
	ck_assert(!taken(ODD6));
	tell(TCP4);
	ck_assert(taken(TCP4));
	sum = totals();
	ck_assert_uint_eq(sum.packets[0], 1);
	ck_assert_uint_eq(sum.bytes[0], 60);
	ck_assert_uint_eq(sum.packets[1], 1 + 1 + 3);
	ck_assert_uint_eq(sum.bytes[1], 68 + 80 + (80 + 2 * 60));
	ck_assert_uint_eq(sum.udp, 1);
	ck_assert_uint_eq(at[1].lease.packets[0], 1);
	ck_assert_uint_eq(at[1].lease.bytes[0], 60);
	ck_assert_uint_eq(at[1].lease.packets[1], 1 + 3);
	ck_assert_uint_eq(at[1].lease.bytes[1], 80 + (80 + 2 * 60));
	ck_assert_uint_eq(at[0].lease.packets[1], 0);
	ck_assert_uint_eq(bench.control->generation, 7);
}
END_TEST

/* A pair that is added again gets the new values, unless it is current. */
START_TEST(told_again)
{
	bench.pair.generation = 6;
	tell(both[_i]);
	ck_assert(!taken(both[_i]));
	bench.pair.generation = 7;
	tell(both[_i]);
	ck_assert(taken(both[_i]));
	bench.pair.most = 20;
	tell(both[_i]);
	ck_assert(taken(both[_i]));
	tell_anew(both[_i]);
	ck_assert(!taken(both[_i]));
}
END_TEST

/* Some of the pairs that are added together are known already. */
START_TEST(told_together)
{
	struct fastpath_key6 key[3];
	struct fastpath_6to4 to[3];

	tell(TCP6);
	bench.pair.most = 20;
	for (unsigned i = 0; i < 3; i++) {
		craft_in(TCP6);
		memcpy(&key[i], bench.in + 8, sizeof(key[i]));
		key[i].dst[15] = (uint8_t)(9 - i);
		to[i] = (struct fastpath_6to4){.pair = bench.pair};
		to[i].pair.most = (uint16_t)(i == 2 ? SIZE : 20);
	}
	ck_assert_int_eq(fastpath_put6(bench.path, key, to, 3), 0);
	ck_assert(taken(TCP6));
	ck_assert(!taken("6 s=2001:db8:86dd::1 d=2001:db8:64::808:809 | tcp n=20"));
	ck_assert(taken("6 s=2001:db8:86dd::1 d=2001:db8:64::808:807 | tcp n=20"));
	ck_assert(!taken("6 s=2001:db8:86dd::1 d=2001:db8:64::808:806 | tcp n=20"));
}
END_TEST

/* --- privileges --- */

/* Makes this process run as nobody with the capabilities in MASK. */
static void become_nobody(uint64_t mask)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};

	for (unsigned i = 0; i < 2; i++)
		data[i].effective = data[i].permitted = (uint32_t)(mask >> 32 * i);
	ck_assert_int_eq(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq((int)syscall(SYS_capset, &head, data), 0);
}

#define CAP(n) (UINT64_C(1) << (n))

/* Without CAP_PERFMON the verifier is stricter, especially that of Linux 6.1. */
START_TEST(loads_with_two_rights)
{
	become_nobody(CAP(CAP_NET_ADMIN) | CAP(CAP_BPF));
	start();
	tell(TCP6);
	ck_assert(taken(TCP6));
	stop();
}
END_TEST

START_TEST(tells_without_rights)
{
	start();
	become_nobody(0);
	tell(TCP6);
	ck_assert(taken(TCP6));
	tell(TCP4);
	ck_assert(taken(TCP4));
	stop();
}
END_TEST

START_TEST(says_what_it_may_not)
{
	char err[FASTPATH_ERR] = "";

	become_nobody(0);
	ck_assert_ptr_null(fastpath_load(64, 4, err));
	ck_assert_msg(strstr(err, "CAP_BPF"), "%s", err);
}
END_TEST

TCase *fastpath_rules(void)
{
	TCase *t = tcase_create("rules");

	tcase_add_loop_test(t, rule, 0, ROWS(rules));
	tcase_add_test(t, stranger);
	tcase_add_loop_test(t, order, 0, ROWS(orders));
	tcase_add_loop_test(t, waits_behind_what_waited, 0, ROWS(both));
	tcase_add_loop_test(t, flow, 0, ROWS(flows));
	tcase_add_test(t, waits_behind_what_was_not_watched);
	tcase_add_loop_test(t, moves_under_load, 0, 2);
	tcase_add_test(t, udp_rests);
	tcase_add_test(t, identifications);
	tcase_add_test(t, identifications_told_again);
	tcase_add_test(t, counts);
	tcase_add_loop_test(t, told_again, 0, ROWS(both));
	tcase_add_test(t, told_together);
	tcase_add_checked_fixture(t, start, stop);
	return t;
}

TCase *fastpath_rights(void)
{
	TCase *t = tcase_create("rights");

	tcase_add_test(t, loads_with_two_rights);
	tcase_add_test(t, tells_without_rights);
	tcase_add_test(t, says_what_it_may_not);
	return t;
}
