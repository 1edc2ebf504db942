/* fastpath_diff - compares the program with a translator, on random configurations and packets. */
#include "fastpath_diff.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fastpath_shot.h"
#include "lib/wire.h"
#include "linux/fastpath_linux.h"
#include "support/generated.h"

#define PAIRS    10   /* pairs given to the program in each configuration */
#define SHOTS    40   /* packets for each of them */
#define TRIES    100  /* attempts to generate a plain packet */
#define ENTRIES  8192 /* large enough that the table evicts no pair of a configuration */
#define LEASES   64
#define ROOM     (SHOT_MAX + 64)
#define STRANGER "of the generator"
#define OTHER    "of the generator, other addresses"

static struct diff {
	struct fastpath *path;
	struct xlat_conf conf;
	struct model model;
	struct map_table *maps;
	struct lpm *translatable, *allow, *deny;
	struct xlat x;
	struct xlat_out out;
	struct arena scratch;
	uint8_t scratch_bytes[XLAT_SCRATCH];
	uint8_t generated[GENERATE_MAX];
	uint8_t room[XLAT_HEADROOM + ROOM]; /* of the translator */
	uint8_t below[ROOM];                /* of the program */
	uint8_t want[ROOM];
	struct fastpath_run run;
	enum reason why;
	int lo; /* a socket that receives clones sent by the program */
	int64_t now;
	uint64_t seed;
	unsigned long packets, outdated; /* all packets; those with a lease that has ended */
	struct fastpath_totals sum;      /* expected counts of the program */
	struct seen {
		unsigned long packets, ok, plain, taken;
	} seen[SHOT_KINDS][2]; /* by kind and family */
} diff;

/* --- configuration ------------------------------------------------------------------------- */

/* The kernel takes bytes 12 and 13 of a packet for an Ethertype.  Therefore all IPv6 source
 * addresses contain the Ethertype of IPv6 there, if the prefix covers these bytes. */
static void shape6(struct prefix6 *p)
{
	static const uint8_t type[2] = {0x86, 0xdd};

	for (unsigned i = 32; i < 48 && i < p->len; i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);

		p->addr.b[i / 8] = (uint8_t)((p->addr.b[i / 8] & ~bit) | (type[i / 8 - 4] & bit));
	}
}

static void shape(struct model *m)
{
	static const struct prefix6 wkp = {{{0x00, 0x64, 0xff, 0x9b}}, 96};

	for (unsigned i = 0; i < m->prefixes; i++)
		if (!model_same6(&m->prefix[i].addr, &wkp.addr))
			shape6(&m->prefix[i]);
	for (unsigned i = 0; i < m->maps; i++)
		shape6(&m->map[i].p6);
	for (unsigned i = 0; i < m->allows; i++)
		shape6(&m->allow[i]);
	for (unsigned i = 0; i < m->pools; i++)
		shape6(&m->from[i]);
	/* IPv4 sources are in 8.0.0.0/16; some of them are mapped */
	if (m->maps && m->map[0].p4.len >= 16 && generate_below(5) == 0)
		m->map[0].p4.addr = 0x08000000 | (m->map[0].p4.addr & 0xffff);
}

/* Leaves out maps that the changed addresses have made equal. */
static void open_maps(struct diff *d)
{
	size_t other;

	d->maps = map_table_new();
	for (unsigned i = 0; i < d->model.prefixes; i++)
		map_add_prefix(d->maps, &d->model.prefix[i]);
	for (unsigned i = 0; i < d->model.maps; i++)
		map_add(d->maps, &d->model.map[i], &other);
	ck_assert_int_eq(map_seal(d->maps), 0);
}

static void open_pool(struct diff *d)
{
	struct prefix4 own = {d->conf.own4, 32};
	unsigned n;
	union fastpath_element *at = fastpath_leases(d->path, &n);

	if (d->model.pools == 0)
		return;
	d->x.pool = generated_pool(&d->model, &d->x.ipid.key);
	pool_share(d->x.pool, at, n);
	pool_reserve(d->x.pool, &own);
	if (d->conf.has_icmp_source)
		pool_reserve(d->x.pool, &d->conf.icmp_source);
	for (unsigned i = 0; i < d->model.maps; i++)
		pool_reserve(d->x.pool, &d->model.map[i].p4);
}

static void open_translatable(struct diff *d)
{
	const struct prefix4 *p = &d->model.translatable;
	uint8_t key[4];

	d->translatable = lpm_new(32);
	put32(key, p->addr);
	if (p->len > 0)
		lpm_add(d->translatable, key, p->len, 7);
	ck_assert_int_eq(lpm_seal(d->translatable), 0);
	d->conf.translatable = d->translatable;
	d->conf.translatable_all = d->model.all_translatable;
}

static void open_conf(struct diff *d, uint64_t seed)
{
	struct ratelimit_conf rate = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	struct ipid ipid = {.key = {seed, ~seed}};

	d->seed = seed;
	generate_seed(seed);
	generate_conf(&d->model, &d->conf);
	shape(&d->model);
	open_maps(d);
	d->conf.allow = d->allow = generated_allow(&d->model);
	d->conf.deny = d->deny = generated_deny(&d->model);
	xlat_start(&d->x, &ipid);
	xlat_configure(&d->x, &d->conf, d->maps, NULL, ratelimit_new(&rate, &ipid.key));
	xlat_set_mtu(&d->x, d->model.mtu);
	open_pool(d);
	open_translatable(d);
	d->scratch = (struct arena){d->scratch_bytes, XLAT_SCRATCH, 0};
	d->out.scratch = &d->scratch;
	d->now = 1000000;
	fastpath_control(d->path)->generation++;
}

static void close_conf(struct diff *d)
{
	ratelimit_free(d->x.ratelimit);
	pool_free(d->x.pool);
	map_table_free(d->maps);
	lpm_free(d->translatable);
	lpm_free(d->allow);
	lpm_free(d->deny);
}

/* --- the daemon's part ------------------------------------------------------------------------ */

static struct offload offload_of(const struct shot *s)
{
	struct offload o = {.seg = (uint16_t)s->seg,
			    .csum = CSUM_PARTIAL,
			    .csum_start = (uint16_t)s->head,
			    .csum_offset = s->proto == PROTO_TCP ? 16 : 6};

	o.gso = (uint8_t)(s->proto != PROTO_TCP ? GSO_UDP : s->head == 20 ? GSO_TCP4 : GSO_TCP6);
	return o;
}

/* From now on, packets are also sent to the host of a new lease. */
static void know_lease(struct model *m, const struct lease *l)
{
	unsigned i = 0;

	while (l && i < m->leases && m->lease[i].addr != l->addr)
		i++;
	if (!l || i == MODEL_LEASES)
		return;
	m->lease[i] = (struct model_lease){.host = l->host, .addr = l->addr, .prefix = l->prefix};
	m->leases += i == m->leases;
}

static enum reason translate(struct diff *d, const uint8_t *p, size_t len, const struct offload *o)
{
	ck_assert_uint_le(len, ROOM);
	memcpy(d->room + XLAT_HEADROOM, p, len);
	d->scratch.used = 0;
	d->why = xlat_packet(&d->x, d->room + XLAT_HEADROOM, len, o, d->now, &d->out);
	if (d->why == REASON_OK)
		know_lease(&d->model, d->out.lease);
	return d->why;
}

static void tell_lease(struct diff *d, struct fastpath_pair *pair)
{
	unsigned n;
	const union fastpath_element *at = fastpath_leases(d->path, &n);
	long i;

	if (!d->out.lease)
		return;
	i = pool_shared(d->x.pool, d->out.lease);
	ck_assert_int_ge(i, 0);
	pair->lease = fastpath_first_lease(d->path) + (unsigned)i;
	pair->lease_generation = at[i].lease.generation;
}

static void tell(struct diff *d, unsigned family, struct shot_pair *pair)
{
	struct fastpath_4to6 to6;
	struct fastpath_6to4 to4;
	int rc;

	pair->family = family;
	pair->v4 = d->out.pair.v4;
	pair->v6 = d->out.pair.v6;
	xlat_tell(&d->x, family, &d->out, &pair->told);
	pair->told.generation = fastpath_control(d->path)->generation;
	tell_lease(d, &pair->told);
	to6 = (struct fastpath_4to6){.pair = pair->told, .to = pair->v6};
	to4 = (struct fastpath_6to4){.pair = pair->told, .to = pair->v4};
	rc = family == 4 ? fastpath_put4(d->path, &pair->v4, &to6, 1)
			 : fastpath_put6(d->path, &pair->v6, &to4, 1);
	ck_assert_msg(rc == 0, "a pair is not taken: %s", strerror(errno));
}

/* Generates a plain packet, by which a pair becomes known. */
static bool find_pair(struct diff *d, struct shot_pair *pair)
{
	unsigned family = generate_below(2) ? 4 : 6;

	for (unsigned i = 0; i < TRIES; i++) {
		size_t len = generate_sound(&d->model, family, d->generated);

		if (len > SHOT_MAX)
			continue;
		shot_shape(d->generated, len);
		if (translate(d, d->generated, len, NULL) != REASON_OK || !d->out.plain)
			continue;
		ck_assert_uint_eq(d->out.outputs, 1);
		tell(d, family, pair);
		return true;
	}
	return false;
}

/* --- error messages -------------------------------------------------------------------------- */

static void print_hex(const char *what, const uint8_t *p, size_t n)
{
	fprintf(stderr, "# %s (%zu bytes):", what, n);
	for (size_t i = 0; i < n && i < 120; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", p[i]);
	fprintf(stderr, "\n");
}

static void give_up(const struct diff *d, const struct shot *s, const char *kind, const char *what)
{
	const struct fastpath_pair *t = &s->pair->told;

	fprintf(stderr, "# seed %llu, packet %lu, %s: %s\n", (unsigned long long)d->seed,
		d->packets, kind, what);
	fprintf(stderr, "# mtu %u offlink %u mss %d tos-ignore %d %d, seg %u wire %u\n",
		d->model.mtu, d->conf.offlink_mtu, d->conf.mss_clamp, d->conf.tos_ignore_4to6,
		d->conf.tos_ignore_6to4, s->seg, s->wire);
	fprintf(stderr, "# told: most %u, without DF %u, sum %04x, flags %x\n", t->most,
		t->most_free, t->csum, t->flags);
	fprintf(stderr, "# translator: %s, plain %d, outputs %u; program: taken %d\n",
		reason_table[d->why].name, d->out.plain, d->out.outputs, d->run.taken);
	print_hex("packet    ", s->b, s->len);
	if (d->why == REASON_OK && d->out.outputs)
		print_hex("translator", d->want, d->out.output[d->out.outputs - 1].len);
	print_hex("program   ", d->below, d->run.out_len);
	ck_abort_msg("%s: %s", kind, what);
}

/* --- comparison ------------------------------------------------------------------------------ */

/* Ignores the IPv4 Identification and what depends on it, and the checksum of a GSO packet, which
 * is partial in one result and complete in the other.  Returns NULL if equal. */
static const char *compare(struct diff *d, const struct shot *s, const struct output *o,
			   const uint8_t *got, size_t len)
{
	size_t csum = o->ip + (o->proto == PROTO_TCP ? 16u : 6u);

	if (len != o->len)
		return "another length";
	memcpy(d->want, o->head, o->head_len);
	if (o->body.len)
		memcpy(d->want + o->head_len, o->body.p, o->body.len);
	if (o->family == 4) {
		if (model_checksum(model_sum(got, 20)) != 0)
			return "a wrong header checksum";
		memcpy(d->want + 4, got + 4, 2);
		memcpy(d->want + 10, got + 10, 2);
	}
	if (s->seg)
		memcpy(d->want + csum, got + csum, 2);
	return memcmp(d->want, got, len) == 0 ? NULL : "other bytes";
}

/* Waits for a clone on lo that equals the translator's output O.  The length of a GSO packet is the
 * one in its IP header. */
static const char *compare_clone(struct diff *d, const struct shot *s, const struct output *o)
{
	struct pollfd fd = {.fd = d->lo, .events = POLLIN};
	const char *bad = "no clone";
	uint8_t got[ROOM];

	while (bad && poll(&fd, 1, 1000) > 0) {
		ssize_t n = recv(d->lo, got, sizeof(got), MSG_DONTWAIT);

		if (n >= (ssize_t)o->len && get16(got + 2) == o->len)
			bad = compare(d, s, o, got, o->len);
	}
	return bad;
}

static const char *compare_all(struct diff *d, const struct shot *s)
{
	const struct output *o = d->out.output;
	const char *bad = NULL;

	if (d->why != REASON_OK)
		return "taken, and the translator refuses it";
	if (d->out.outputs < 1 || d->out.outputs > 2)
		return "taken, and the translator makes more of it";
	if (d->out.outputs == 2)
		bad = compare_clone(d, s, o++);
	return bad ? bad : compare(d, s, o, d->below, d->run.out_len);
}

static bool is_clamped(const struct shot *s)
{
	return (s->pair->told.flags & FASTPATH_NO_SYN) && s->proto == PROTO_TCP &&
	       (s->b[s->head + 13] & TCP_SYN);
}

/* Returns true if the daemon must add this pair again. */
static bool is_outdated(const struct diff *d, const struct fastpath_pair *told)
{
	unsigned n;
	const union fastpath_element *at = fastpath_leases(d->path, &n);

	return told->lease && at[told->lease - fastpath_first_lease(d->path)].lease.generation !=
				      told->lease_generation;
}

static const char *look(struct diff *d, const struct shot *s, enum shot_fate fate, bool outdated)
{
	if (!d->run.taken && (d->run.out_len != s->len || memcmp(d->below, s->b, s->len) != 0))
		return "not taken, and changed";
	if (d->run.taken && fate == SHOT_NEVER)
		return "taken";
	if (fate == SHOT_ALL && !d->run.taken && d->why == REASON_OK && d->out.plain &&
	    d->out.outputs == 1 && !is_clamped(s) && !outdated)
		return "plain, and not taken";
	return d->run.taken ? compare_all(d, s) : NULL;
}

static void count(struct diff *d, const struct shot *s, unsigned kind, bool outdated)
{
	bool dir = s->pair->family == 6;
	struct seen *seen = &d->seen[kind][dir];

	seen->packets++;
	seen->ok += d->why == REASON_OK;
	seen->plain += d->why == REASON_OK && d->out.plain;
	seen->taken += d->run.taken;
	d->packets++;
	d->outdated += outdated;
	if (!d->run.taken)
		return;
	d->sum.packets[dir] += d->out.packets;
	d->sum.bytes[dir] += d->out.bytes;
	if (s->proto == PROTO_UDP)
		d->sum.udp += d->out.packets;
}

/* The kernel accepts no shorter packet, and no short GSO packet of a tunnel. */
static bool is_possible(const struct shot *s)
{
	return s->len >= (s->pair->family == 4 ? 34u : 54u) && s->len <= SHOT_MAX;
}

static void fire(struct diff *d, const struct shot *s, unsigned kind, const char *name,
		 enum shot_fate fate)
{
	bool outdated =
		is_outdated(d, &s->pair->told); /* determined before the translator continues */
	struct offload o = offload_of(s);
	const char *bad;

	if (!is_possible(s))
		return;
	d->run = (struct fastpath_run){
		.in = s->b, .len = (uint32_t)s->len, .seg = s->seg, .out = d->below};
	d->run.wire = s->wire < s->len ? 0 : s->wire; /* the kernel accepts 0 or a value of at least
							 the packet's length */
	if (fastpath_try(d->path, &d->run) < 0)
		give_up(d, s, name, strerror(errno));
	translate(d, s->b, s->len, s->seg ? &o : NULL);
	bad = look(d, s, fate, outdated);
	if (bad)
		give_up(d, s, name, bad);
	count(d, s, kind, outdated);
}

/* --- packets --------------------------------------------------------------------------------- */

/* Uses a generated packet with the addresses of PAIR, or with its own. */
static void fire_generated(struct diff *d, const struct shot_pair *pair, bool readdress)
{
	static struct shot s;
	size_t len = generate_packet(&d->model, pair->family, d->generated);

	if (len < 20 || len > SHOT_MAX || d->generated[0] >> 4 != pair->family)
		return;
	if (readdress)
		shot_readdress(d->generated, len, pair);
	shot_shape(d->generated, len);
	memcpy(s.b, d->generated, len);
	s.pair = pair;
	s.len = len;
	s.wire = (uint32_t)len;
	s.proto = s.b[pair->family == 4 ? 9 : 6];
	s.head = pair->family == 4 ? 20 : 40;
	fire(d, &s, shot_kinds_n + !readdress, readdress ? STRANGER : OTHER, SHOT_MAY);
}

static void fire_one(struct diff *d, const struct shot_pair *pair)
{
	static struct shot s;
	unsigned kind = generate_below(shot_kinds_n + shot_kinds_n / 4);

	if (kind >= shot_kinds_n)
		fire_generated(d, pair, generate_below(4) > 0);
	else if (shot_make(&s, &shot_kinds[kind], pair))
		fire(d, &s, kind, shot_kinds[kind].name, shot_kinds[kind].fate);
}

/* Leases end in between, because their guarantee has expired and other hosts need their addresses.
 */
static void run_conf(struct diff *d, uint64_t seed)
{
	struct shot_pair pair[PAIRS];
	unsigned n = 0;

	open_conf(d, seed);
	for (unsigned i = 0; i < PAIRS; i++) {
		n += find_pair(d, &pair[n]);
		for (unsigned j = 0; n && j < SHOTS; j++)
			fire_one(d, &pair[generate_below(3) ? n - 1 : generate_below(n)]);
		d->now += generate_below(2) ? 1000 : 1001 * POOL_GUARANTEE;
	}
	close_conf(d);
}

/* --- all configurations ---------------------------------------------------------------------- */

static void print_kind(const struct diff *d, unsigned kind, const char *name)
{
	const struct seen *s = d->seen[kind];

	fprintf(stderr, "# %-37s %8lu %8lu %8lu %8lu    %8lu %8lu %8lu %8lu\n", name, s[0].packets,
		s[0].ok, s[0].plain, s[0].taken, s[1].packets, s[1].ok, s[1].plain, s[1].taken);
}

static void print_seen(const struct diff *d)
{
	fprintf(stderr, "# %-37s %8s %8s %8s %8s    %8s %8s %8s %8s\n", "4->6, 6->4", "packets",
		"ok", "plain", "taken", "packets", "ok", "plain", "taken");
	for (unsigned i = 0; i < shot_kinds_n; i++)
		print_kind(d, i, shot_kinds[i].name);
	print_kind(d, shot_kinds_n, STRANGER);
	print_kind(d, shot_kinds_n + 1, OTHER);
	fprintf(stderr, "# %lu packets, in %lu of them the lease had ended\n", d->packets,
		d->outdated);
}

/* If a kind of packets was never generated or never taken, it was not tested. */
static void check_seen(const struct diff *d)
{
	ck_assert_msg(d->outdated > 0, "no lease has ended");
	for (unsigned i = 0; i < shot_kinds_n; i++)
		for (unsigned dir = 0; dir < 2; dir++) {
			const struct shot_kind *k = &shot_kinds[i];

			if (k->families && k->families != (dir ? 6 : 4))
				continue;
			ck_assert_msg(d->seen[i][dir].packets > 0, "%s: none came", k->name);
			ck_assert_msg(k->fate > SHOT_SOME || d->seen[i][dir].taken > 0,
				      "%s: none was taken in direction %u", k->name, dir);
		}
}

static void check_totals(const struct diff *d)
{
	struct fastpath_totals sum = {.udp = 0};
	unsigned n;
	const union fastpath_element *cpu = fastpath_totals(d->path, &n);

	for (unsigned i = 0; i < n; i++) {
		for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
			sum.packets[dir] += cpu[i].totals.packets[dir];
			sum.bytes[dir] += cpu[i].totals.bytes[dir];
		}
		sum.udp += cpu[i].totals.udp;
	}
	for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
		ck_assert_uint_eq(sum.packets[dir], d->sum.packets[dir]);
		ck_assert_uint_eq(sum.bytes[dir], d->sum.bytes[dir]);
	}
	ck_assert_uint_eq(sum.udp, d->sum.udp);
}

int fastpath_diff_alone(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd, rc;

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	rc = ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
	return rc;
}

void fastpath_diff(uint64_t seed, unsigned long packets, unsigned long whole)
{
	char err[FASTPATH_ERR] = "";
	struct fastpath_control *control;

	ck_assert_uint_le(shot_kinds_n + 2, SHOT_KINDS);
	diff.path = fastpath_load(ENTRIES, LEASES, err);
	ck_assert_msg(diff.path, "%s", err);
	diff.lo = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	ck_assert_int_ge(diff.lo, 0);
	control = fastpath_control(diff.path);
	control->flags = FASTPATH_UDP;
	control->drained = UINT64_MAX; /* no packet ever waits */
	while (diff.packets < packets)
		run_conf(&diff, seed++);
	print_seen(&diff);
	check_totals(&diff);
	if (packets >= whole)
		check_seen(&diff);
	close(diff.lo);
	fastpath_close(diff.path);
}
