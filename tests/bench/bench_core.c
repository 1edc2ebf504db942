/* bench_core - nanoseconds that the core needs to translate a packet, to merge a burst, and to
 * compute checksums.  Needs no device and no root, and uses the same input in each run.
 *
 * Between two turns, the bytes that the translator has overwritten are restored: the first RESTORED
 * bytes.  This is included in the results, about 5 ns. */
#include <stdbool.h>
#include <string.h>

#include "xlat/batch.h"
#include "support/craft.h"
#include "lib/csum.h"
#include "packet/packet.h"
#include "packet/gso.h"
#include "xlat/xlat.h"

#include "bench.h"

#define NOW      (INT64_C(1000000) * 1000)
#define RESTORED 256
#define BURST    512 /* packets per burst */
#define SLOT     256 /* bytes for each packet */

static const struct siphash_key key = {0x0123456789abcdef, 0x0f1e2d3c4b5a6978};

/* CRAFT_WORLD is reached through a prefix, CRAFT_HOST by a map. */
static const struct prefix6 prefix = {{{0x20, 0x01, 0x0d, 0xb8, 0, 0x64}}, 96};
static const struct map host = {{0xcb007100, 24}, {{{0x20, 0x01, 0x0d, 0xb8, 0, 0x01}}, 120}};
static const struct xlat_conf conf = {
	.own4 = 0xc00002fe,
	.own6 = {{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 0x64}},
	.offlink_mtu = IP6_MTU_MIN,
};

static struct xlat xlat = {.conf = &conf, .mtu = 1500};
static struct arena scratch = {.size = XLAT_SCRATCH};
static struct xlat_out out = {.scratch = &scratch};

struct input {
	const char *name, *text;
	bool partial;
	uint16_t seg; /* of a GSO packet */
};

static const struct input inputs[] = {
	{"UDP 64 B 6->4, partial checksum", "6 | udp n=64", true, 0},
	{"UDP 64 B 6->4, complete", "6 | udp n=64", false, 0},
	{"UDP 64 B 4->6, partial checksum", "4r | udp n=64", true, 0},
	{"UDP 64 B 4->6, complete", "4r | udp n=64", false, 0},
	{"TCP 64 B 6->4, partial checksum", "6 | tcp n=64", true, 0},
	{"TCP 64 B 4->6, partial checksum", "4r | tcp n=64", true, 0},
	{"TCP 1500 B 6->4, partial checksum", "6 | tcp n=1440", true, 0},
	{"TCP 1500 B 6->4, complete", "6 | tcp n=1440", false, 0},
	{"TCP 1480 B 4->6, partial checksum", "4r df | tcp n=1440", true, 0},
	{"TCP 1480 B 4->6, complete", "4r df | tcp n=1440", false, 0},
	{"TCP GSO packet 64 KiB 6->4", "6 | tcp n=64800", true, 1440},
	{"TCP GSO packet 64 KiB 4->6", "4r df | tcp n=64800", true, 1440},
	{"UDP GSO packet 64 x 64 B 6->4", "6 | udp n=4096", true, 64},
	{"UDP GSO packet 64 x 64 B 4->6", "4r | udp n=4096", true, 64},
	{"ICMP error 6->4, quotes 64 B UDP", "6 | icmp 1 4 0 | 6r | udp n=64", false, 0},
	{"ICMP error 4->6, quotes 64 B UDP", "4r | icmp 3 3 0 | 4 | udp n=64", false, 0},
	{"echo 64 B 6->4", "6 | echo n=64", false, 0},
	{"echo 64 B 4->6", "4r | echo n=64", false, 0},
};

static void report(const char *name, struct bench_time t, unsigned parts, const char *note)
{
	printf("%-44s %9.1f %9.1f   %s\n", name, t.min / parts, t.median / parts, note);
}

static void set_up(void)
{
	static const struct ratelimit_conf rate = {1, 1, 1, 1};
	struct map_table *maps = map_table_new();
	size_t other;

	bench_must(maps && map_add_prefix(maps, &prefix) &&
			   map_add(maps, &host, &other) == MAP_ADDED && map_seal(maps) == 0,
		   "no maps");
	xlat.maps = maps;
	xlat.ipid.key = key;
	xlat.ratelimit = ratelimit_new(&rate, &key);
	scratch.bytes = malloc(XLAT_SCRATCH);
	bench_must(xlat.ratelimit && scratch.bytes, "out of memory");
}

/* --- translate ---------------------------------------------------------------------------------
 */

struct job {
	uint8_t *packet; /* preceded by XLAT_HEADROOM bytes */
	size_t len;
	struct offload offload;
	uint8_t head[RESTORED];
};

/* Leaves the L4 checksum to the device, as a host does when it sends through an offloading device.
 */
static void make_partial(struct job *j, const struct packet *p)
{
	uint64_t sum = csum_pseudo((uint32_t)p->l4.len, p->proto);
	size_t at = (size_t)(p->l4.p - j->packet);

	j->offload.csum = CSUM_PARTIAL;
	j->offload.csum_start = (uint16_t)at;
	j->offload.csum_offset = (uint16_t)gso_csum_at(p->proto);
	sum += p->family == 4 ? csum_addrs4(p->src4, p->dst4) : csum_addrs6(&p->src6, &p->dst6);
	put16(j->packet + at + j->offload.csum_offset, csum_fold(sum));
}

static void make_gso(struct job *j, const struct packet *p, uint16_t seg)
{
	size_t l4 = (size_t)(p->l4.p - j->packet);

	j->offload.gso = p->proto == PROTO_UDP ? GSO_UDP : p->family == 4 ? GSO_TCP4 : GSO_TCP6;
	j->offload.seg = seg;
	j->offload.header = (uint16_t)(l4 + (p->proto == PROTO_UDP ? sizeof(struct udp_hdr)
								   : sizeof(struct tcp_hdr)));
}

static void make_job(struct job *j, const struct input *in, uint8_t *at)
{
	struct packet p;

	*j = (struct job){.packet = at};
	j->len = craft(at, in->text, NULL);
	bench_must(packet_parse(&p, at, j->len, false) == REASON_OK, in->name);
	if (in->partial)
		make_partial(j, &p);
	if (in->seg)
		make_gso(j, &p, in->seg);
	memcpy(j->head, at, min_size(j->len, RESTORED));
}

static void translate(void *arg, unsigned n)
{
	struct job *j = arg;
	size_t restored = min_size(j->len, RESTORED);

	while (n-- > 0) {
		memcpy(j->packet, j->head, restored);
		scratch.used = 0;
		if (xlat_packet(&xlat, j->packet, j->len, &j->offload, NOW, &out) != REASON_OK)
			bench_must(0, "refused");
	}
}

static void bench_translate(void)
{
	uint8_t *buffer = malloc(XLAT_HEADROOM + CRAFT_MAX);
	struct job *j = malloc(sizeof(*j));

	bench_must(buffer && j, "out of memory");
	for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++) {
		const struct input *in = &inputs[i];
		char note[64] = "per packet";
		struct bench_time t;

		make_job(j, in, buffer + XLAT_HEADROOM);
		t = bench_time(translate, j);
		if (in->seg)
			snprintf(note, sizeof(note), "per GSO packet: %.1f per segment, of %u",
				 t.min / out.packets, out.packets);
		report(in->name, t, 1, note);
	}
	free(j);
	free(buffer);
}

/* --- merge -------------------------------------------------------------------------------------
 */

struct burst {
	struct batch *batch;
	uint8_t *bytes, *copy; /* BURST slots each */
	struct output output[BURST];
	unsigned sent;
};

/* Creates datagrams of FLOWS flows in turn, as the translator outputs them. */
static void make_burst(struct burst *b, unsigned flows, bool partial)
{
	memset(b->bytes, 0, (size_t)BURST * SLOT);
	for (unsigned i = 0; i < BURST; i++) {
		char text[64];
		struct job j;

		snprintf(text, sizeof(text), "6 | udp n=64 sp=%u", 1024 + i % flows);
		make_job(&j, &(struct input){"burst", text, partial, 0},
			 b->bytes + (size_t)i * SLOT + XLAT_HEADROOM);
		bench_must(xlat_packet(&xlat, j.packet, j.len, &j.offload, NOW, &out) == REASON_OK,
			   "refused");
		b->output[i] = out.output[0];
	}
	memcpy(b->copy, b->bytes, (size_t)BURST * SLOT);
}

static void restore(void *arg, unsigned n)
{
	struct burst *b = arg;

	while (n-- > 0)
		for (unsigned i = 0; i < BURST; i++)
			memcpy(b->bytes + (size_t)i * SLOT, b->copy + (size_t)i * SLOT,
			       XLAT_HEADROOM + 64);
}

static void merge(void *arg, unsigned n)
{
	struct burst *b = arg;
	const struct output *o;

	while (n-- > 0) {
		restore(b, 1);
		b->sent = 0;
		for (unsigned i = 0; i < BURST; i++)
			if (!batch_add(b->batch, &b->output[i]))
				bench_must(0, "batch is full");
		while ((o = batch_next(b->batch)))
			b->sent += o->segments;
		bench_must(b->sent == BURST, "a packet is missing");
	}
}

static void bench_merge(void)
{
	static const struct {
		const char *name;
		unsigned flows;
		bool partial;
	} rows[] = {
		{"batch: 64 B UDP, 1 flow, partial", 1, true},
		{"batch: 64 B UDP, 1 flow, complete", 1, false},
		{"batch: 64 B UDP, 4 flows, partial", 4, true},
		{"batch: 64 B UDP, 256 flows, partial", 256, true},
		{"batch: 64 B UDP, 256 flows, complete", 256, false},
		{"batch: 64 B UDP, 512 flows, partial", 512, true},
	};
	struct burst *b = malloc(sizeof(*b));

	bench_must(b && (b->bytes = malloc((size_t)BURST * SLOT)) &&
			   (b->copy = malloc((size_t)BURST * SLOT)) &&
			   (b->batch = batch_new(&key, &xlat.ipid)),
		   "out of memory");
	batch_allow(b->batch, BATCH_TCP | BATCH_UDP);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		make_burst(b, rows[i].flows, rows[i].partial);
		report(rows[i].name, bench_time(merge, b), BURST, "per packet, in bursts of 512");
	}
	report("   of this, putting back the input", bench_time(restore, b), BURST, "");
	batch_free(b->batch);
	free(b->copy);
	free(b->bytes);
	free(b);
}

/* --- sum ---------------------------------------------------------------------------------------
 */

struct block {
	uint8_t *p;
	size_t len;
	uint64_t sum; /* keeps the compiler from removing the code */
};

static void sum(void *arg, unsigned n)
{
	struct block *b = arg;

	while (n-- > 0) {
		b->p[0]++;
		b->sum += csum_sum(b->p, b->len);
	}
}

static void bench_sum(void)
{
	static const size_t sizes[] = {64, 1500, 65535};
	struct block b = {.p = calloc(1, 65536)};

	bench_must(b.p != NULL, "out of memory");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char name[32], note[64];
		struct bench_time t;

		b.len = sizes[i];
		snprintf(name, sizeof(name), "csum_sum %zu B", b.len);
		t = bench_time(sum, &b);
		snprintf(note, sizeof(note), "%.1f GB/s", (double)b.len / t.min);
		report(name, t, 1, note);
	}
	free(b.p);
}

int main(void)
{
	set_up();
	printf("%-44s %9s %9s\n", "ns", "min", "median");
	bench_translate();
	bench_merge();
	bench_sum();
	ratelimit_free(xlat.ratelimit);
	map_table_free((struct map_table *)(uintptr_t)xlat.maps);
	free(scratch.bytes);
	return EXIT_SUCCESS;
}
