/* fuzz_packet - sends arbitrary bytes through the translator.
 *
 * The first byte of an input selects one of a few configurations, a virtio-net header follows, and
 * the rest is the packet.  fuzz_check.c checks the invariants.  Linked with libFuzzer
 * (--enable-fuzzer) or with replay.c, which `make check` runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_check.h"
#include "replay.h"
#include "support/plain_pool.h"

#define NOW (INT64_C(1000000) * 1000)

/* Bits of the first byte. */
#define VARIANT_MTU  0x03 /* index of the MTU */
#define VARIANT_UDP  0x0c /* enum udp_zero; 3 is the same as 0 */
#define VARIANT_WKP  0x10 /* wkpf-strict, and ignore TOS */
#define VARIANT_POOL 0x20 /* with a dynamic pool, and clamp the MSS */
/* Correct the checksums first, also the position of a partial one, which random changes would
 * rarely find. */
#define VARIANT_FIX  0x40
#define VARIANT_TINY 0x80 /* offlink-mtu 1280, icmp-node-id; otherwise 65535, icmp-source-pool */
/* With both bits, some hosts are not allowed and some destinations are denied. */
#define VARIANT_POLICY (VARIANT_WKP | VARIANT_TINY)

static const unsigned mtus[] = {1500, 1280, 1300, 65535};
static const struct siphash_key key = {0x0123456789abcdef, 0xfedcba9876543210};

static void add_map(struct map_table *t, uint32_t a4, uint8_t len4, const char *a6, uint8_t len6)
{
	struct map m = {.p4 = {a4, len4}, .p6 = {.len = len6}};
	size_t other;

	memcpy(m.p6.addr.b, a6, 16);
	EXPECT(map_add(t, &m, &other) == MAP_ADDED);
}

/* Two prefixes, a host map, and two maps with equal and unequal suffix lengths. */
static struct map_table *make_maps(void)
{
	struct prefix6 wkp = {{{0x00, 0x64, 0xff, 0x9b}}, 96};
	struct prefix6 own = {{{0x20, 0x01, 0x0d, 0xb8, 0x00, 0x64}}, 64};
	struct map_table *t = map_table_new();

	EXPECT(t != NULL);
	EXPECT(map_add_prefix(t, &wkp) && map_add_prefix(t, &own));
	add_map(t, 0xc0a8ff4d, 32, "\x20\x01\x0d\xb8\0\x01\0\0\0\0\0\0\0\0\0\x02", 128);
	add_map(t, 0xc6336400, 24, "\x20\x01\x0d\xb8\0\x02\0\0\0\0\0\0\0\0\xaa\0", 120);
	add_map(t, 0xc6336500, 28, "\x20\x01\x0d\xb8\0\x03\0\0\0\0\0\0\0\0\0\0", 64);
	EXPECT(map_seal(t) == 0);
	return t;
}

/* Allows the host with a lease and its neighbors, and translatable hosts. */
static struct lpm *make_allow(void)
{
	static const struct ip6 lan = {{0x20, 0x01, 0x0d, 0xb8, 0, 2}};
	static const struct ip6 wkp = {{0x00, 0x64, 0xff, 0x9b, [12] = 8}};
	struct lpm *t = lpm_new(128);

	EXPECT(t != NULL);
	lpm_add(t, lan.b, 48, 0);
	lpm_add(t, wkp.b, 105, 1);
	EXPECT(lpm_seal(t) == 0);
	return t;
}

/* Denies the first half of the destinations in the seeds, and of a map's hosts. */
static struct lpm *make_deny(void)
{
	static const uint8_t world[4] = {8, 8, 8, 0}, mapped[4] = {198, 51, 100, 0};
	struct lpm *t = lpm_new(32);

	EXPECT(t != NULL);
	lpm_add(t, world, 29, 0);
	lpm_add(t, mapped, 25, 1);
	EXPECT(lpm_seal(t) == 0);
	return t;
}

static struct pool *make_pool(const struct lpm *allow)
{
	static const struct prefix4 range = {0xc0a8ff00, 28};
	static const struct prefix4 own = {0xc0a8ff01, 32};
	static const struct ip6 host = {{0x20, 0x01, 0x0d, 0xb8, 0, 2, [15] = 5}};
	struct pool *p = plain_pool(&range, 1, &key);

	EXPECT(p != NULL);
	pool_set_allow(p, allow);
	pool_reserve(p, &own);
	EXPECT(pool_restore(p, &host, 0, 0xc0a8ff05, 999990) != NULL);
	return p;
}

static struct lpm *make_translatable(void)
{
	static const uint8_t net[4] = {8};
	struct lpm *t = lpm_new(32);

	EXPECT(t != NULL);
	lpm_add(t, net, 8, 0);
	EXPECT(lpm_seal(t) == 0);
	return t;
}

/* The Well-Known Prefix is routed into the device, except for 8.0.0.0/8. */
static struct lpm *make_routes(void)
{
	static const struct ip6 wkp = {{0x00, 0x64, 0xff, 0x9b}};
	static const struct ip6 part = {{0x00, 0x64, 0xff, 0x9b, [12] = 8}};
	struct lpm *t = lpm_new(128);

	EXPECT(t != NULL);
	lpm_add(t, wkp.b, 96, 1);
	lpm_add(t, part.b, 104, 0);
	EXPECT(lpm_seal(t) == 0);
	return t;
}

/* To analyze a crash: FUZZ_VERBOSE=1 tests/fuzz/replay FILE. */
static void show(const uint8_t *bytes, size_t len, enum reason why, const struct xlat_out *out)
{
	fprintf(stderr, "# %s, %u outputs:", reason_table[why].name, out->outputs);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", bytes[i]);
	fputc('\n', stderr);
}

static void run(struct xlat *x, const uint8_t *hdr, const uint8_t *data, size_t len, bool fix)
{
	static struct xlat_out out;
	uint8_t *buffer = fuzz_bytes(XLAT_HEADROOM + len), *packet = buffer + XLAT_HEADROOM;
	uint8_t *copy = fuzz_bytes(len);
	struct arena scratch = {fuzz_bytes(XLAT_SCRATCH), XLAT_SCRATCH, 0};
	struct input in = {.bytes = copy, .taken = fuzz_bytes(len), .len = len, .x = x};
	enum reason why;

	if (!offload_read(&in.offload, hdr))
		in.offload = (struct offload){0};
	if (len)
		memcpy(packet, data, len);
	if (fix)
		fuzz_fix_checksums(packet, len, &in.offload);
	if (len) {
		memcpy(copy, packet, len);
		memcpy(in.taken, packet, len);
	}
	fuzz_parse(&in);

	out.scratch = &scratch;
	why = xlat_packet(x, packet, len, &in.offload, NOW, &out);
	if (getenv("FUZZ_VERBOSE"))
		show(copy, len, why, &out);
	EXPECT(why < REASON_COUNT);
	EXPECT(scratch.used <= XLAT_SCRATCH);
	if (why == REASON_OK)
		fuzz_check_translated(&in, &out);
	else
		fuzz_check_refused(&in, packet, &out, why);
	free(scratch.bytes);
	free(in.taken);
	free(copy);
	free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ratelimit_conf rates = {1u << 30, 1u << 30, 1u << 30, 1u << 30};
	static struct lpm *translatable, *routes, *allow, *deny;
	static struct map_table *maps;
	static struct xlat x;
	struct xlat_conf conf = {.own4 = 0xc0a8ff01,
				 .own6 = {{0x20, 0x01, 0x0d, 0xb8, 0x10, 0, [15] = 0x64}}};
	unsigned variant;

	if (size < 1 + OFFLOAD_HDR)
		return 0;
	if (!maps) {
		maps = make_maps();
		translatable = make_translatable();
		routes = make_routes();
		allow = make_allow();
		deny = make_deny();
	}
	variant = data[0];
	conf.wkpf_strict = variant & VARIANT_WKP;
	conf.udp_zero = (enum udp_zero)((variant & VARIANT_UDP) >> 2) % 3;
	conf.offlink_mtu = variant & VARIANT_TINY ? 1280 : 65535;
	conf.node_id = variant & VARIANT_TINY;
	conf.has_icmp_source = !conf.node_id;
	conf.icmp_source = (struct prefix4){0xc6336600, 28};
	conf.mss_clamp = variant & VARIANT_POOL ? MSS_AUTO : MSS_OFF;
	conf.tos_ignore_4to6 = conf.tos_ignore_6to4 = variant & VARIANT_WKP;
	if ((variant & VARIANT_POLICY) == VARIANT_POLICY) {
		conf.allow = allow;
		conf.deny = deny;
	}

	conf.translatable_all = !(variant & VARIANT_POOL);
	conf.translatable = variant & VARIANT_WKP ? translatable : NULL;

	memset(&x, 0, sizeof(x));
	x.conf = &conf;
	x.maps = maps;
	x.routes6 = variant & VARIANT_TINY ? routes : NULL;
	x.mtu = mtus[variant & VARIANT_MTU];
	x.ipid.key = key;
	x.ratelimit = ratelimit_new(&rates, &key);
	EXPECT(x.ratelimit != NULL);
	if (variant & VARIANT_POOL)
		x.pool = make_pool(conf.allow);
	run(&x, data + 1, data + 1 + OFFLOAD_HDR, size - 1 - OFFLOAD_HDR, variant & VARIANT_FIX);
	if (x.pool)
		pool_free(x.pool);
	ratelimit_free(x.ratelimit);
	return 0;
}
