/* fuzz_sequence - a sequence of packets through one translator, both ways, with time between them.
 *
 * An input consists of steps of STEP bytes: a packet, time that passes, the end of a burst, or a
 * change of the settings.  The pool is so small that hosts displace each other.  fuzz_check.c
 * checks each packet; a model of the leases checks what depends on earlier ones; fuzz_wire.c checks
 * the batch.  Linked with libFuzzer (--enable-fuzzer) or with replay.c, which `make check` runs. */
#include <stdlib.h>
#include <string.h>

#include "fuzz_check.h"
#include "fuzz_wire.h"
#include "replay.h"
#include "support/plain_pool.h"

#define STEP    8
#define HOSTS   64 /* in 8 networks */
#define FLOWS   4  /* of each host in each direction */
#define ADDRS   16 /* of the pool */
#define BASE4   0xc0000200u
#define LARGEST 9000u
#define FIRST   (INT64_C(1000000) * 1000)
#define LAST    (INT64_C(2000000000) * 1000)

/* The first byte of a step, without PACKET_4TO6. */
enum {
	STEP_TIME,
	STEP_DAYS,
	STEP_FLUSH,
	STEP_DRAIN,
	STEP_EXPIRE,
	STEP_ALLOW,
	STEP_PACKET, /* and all others */
};
#define PACKET_4TO6 0x80

/* Bits of the fourth byte of a packet. */
#define KIND_PROTO   0x03
#define KIND_DF      0x04
#define KIND_PARTIAL 0x08 /* a partial checksum, and a GSO packet if it is long */
#define KIND_PUSH    0x10
#define KIND_END     0x20 /* FIN, or a fragment */
#define KIND_WRONG   0x40 /* the checksum */
#define KIND_JUMP    0x80 /* of the sequence number */

struct host {
	uint32_t addr; /* 0: none known */
	int64_t used;
	bool answered, confirmed;
};

struct world {
	struct xlat x;
	struct xlat_conf conf;
	struct wire *wire;
	int64_t now;
	struct host host[HOSTS];
	uint32_t seq[2][HOSTS][FLOWS];
};

static const struct siphash_key key = {0x0123456789abcdef, 0xfedcba9876543210};
static const struct prefix6 prefix = {{{0x20, 0x01, 0x0d, 0xb8, 0, 0x64}}, 96};

static struct ip6 host_addr(unsigned i)
{
	return (struct ip6){{0x20, 0x01, 0x0d, 0xb8, 1, (uint8_t)(i / 8), [15] = (uint8_t)i}};
}

/* Returns the number of the host with the address A, or HOSTS. */
static unsigned host_of(const struct ip6 *a)
{
	struct ip6 same = host_addr(a->b[15] % HOSTS);

	return ip6_equal(&same, a) ? a->b[15] % HOSTS : HOSTS;
}

static int32_t seconds(const struct world *w)
{
	return (int32_t)(w->now / 1000);
}

/* --- the model of the leases ---------------------------------------------------------------- */

/* The host I got the address of another one: that was idle, or had never been confirmed. */
static void check_displaced(const struct world *w, const struct host *other)
{
	EXPECT(!other->confirmed || w->now - other->used >= (POOL_SPARE - 1) * 1000);
}

static void check_sent(struct world *w, unsigned i, uint32_t addr)
{
	struct host *h = &w->host[i];
	struct ip6 a = host_addr(i);
	const struct lease *l = pool_find6(w->x.pool, &a, 0);

	EXPECT(l != NULL && l->addr == addr && pool_find4(w->x.pool, addr) == l);
	EXPECT(addr > BASE4 + 1 && addr < BASE4 + ADDRS);
	if (h->addr != addr) {
		EXPECT(!w->x.draining);
		for (unsigned n = 0; n < HOSTS; n++) {
			if (n == i || w->host[n].addr != addr)
				continue;
			check_displaced(w, &w->host[n]);
			w->host[n].addr = 0;
		}
		*h = (struct host){.addr = addr};
	}
	h->confirmed = h->confirmed || h->answered;
	h->used = w->now;
	EXPECT(l->confirmed == h->confirmed && l->last == seconds(w));
}

/* A packet reached host I at its address ADDR. */
static void check_received(struct world *w, unsigned i, uint32_t addr)
{
	EXPECT(i < HOSTS && w->host[i].addr == addr);
	w->host[i].answered = true;
}

/* Every lease belongs to the host that the model knows. */
static void check_leases(const struct world *w)
{
	size_t cursor = 0, n = 0;
	const struct lease *l;

	while ((l = pool_walk(w->x.pool, &cursor))) {
		unsigned i = host_of(&l->host);

		EXPECT(i < HOSTS && w->host[i].addr == l->addr);
		EXPECT(w->host[i].confirmed == l->confirmed);
		n++;
	}
	EXPECT(n == pool_used(w->x.pool) && n <= pool_size(w->x.pool));
}

/* A lease that the pool has ended is not in use. */
static void forget_ended(struct world *w)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		struct ip6 a = host_addr(i);

		if (w->host[i].addr == 0 || pool_find6(w->x.pool, &a, 0))
			continue;
		EXPECT(w->now - w->host[i].used > POOL_KEEP * INT64_C(1000) - 1000);
		w->host[i] = (struct host){.addr = 0};
	}
}

/* --- packets -------------------------------------------------------------------------------- */

static size_t put_ip(uint8_t *p, const uint8_t *step, unsigned host, uint8_t proto, size_t body)
{
	uint32_t remote = 0xc6336400u | (step[2] & 3u);
	struct ip6 a = host_addr(host), b;

	if (step[0] & PACKET_4TO6) {
		p[0] = 0x45;
		put16(p + 2, (unsigned)(20 + body));
		put16(p + 6, step[3] & KIND_DF ? IP4_DF : 0);
		p[8] = 64;
		p[9] = proto;
		put32(p + 12, remote);
		put32(p + 16, BASE4 + step[1] % (2 * ADDRS));
		return 20;
	}
	addr_embed(&b, &prefix, remote);
	p[0] = 0x60;
	put16(p + 4, (unsigned)body);
	p[6] = proto;
	p[7] = 64;
	memcpy(p + 8, a.b, 16);
	memcpy(p + 24, b.b, 16);
	return 40;
}

static size_t put_tcp(struct world *w, uint8_t *p, const uint8_t *step, size_t payload)
{
	unsigned to_host = step[0] & PACKET_4TO6 ? 1 : 0;
	uint32_t *seq = &w->seq[to_host][step[1] % HOSTS][step[4] % FLOWS];

	*seq += step[3] & KIND_JUMP ? step[7] : 0;
	put16(p, 1000 + step[4] % FLOWS);
	put16(p + 2, 80);
	put32(p + 4, *seq);
	p[12] = 0x50;
	p[13] = (uint8_t)(0x10 | (step[3] & KIND_PUSH ? 8 : 0) | (step[3] & KIND_END ? 1 : 0));
	put16(p + 14, 1000);
	*seq += (uint32_t)payload;
	return 20;
}

/* Writes a packet to P; returns its length. */
static size_t build(struct world *w, uint8_t *p, const uint8_t *step, struct offload *o)
{
	static const uint8_t protos[] = {PROTO_TCP, PROTO_UDP, PROTO_ICMP, PROTO_TCP};
	bool to_host = step[0] & PACKET_4TO6, partial = step[3] & KIND_PARTIAL;
	size_t payload = get16(step + 5) % (partial ? LARGEST : 1400u), ip, header = 8;
	uint8_t proto = protos[step[3] & KIND_PROTO];

	memset(p, 0, LARGEST + 100);
	if (proto == PROTO_TCP)
		header = 20;
	else if (proto == PROTO_ICMP)
		partial = false;
	ip = put_ip(p, step, step[1] % HOSTS,
		    proto == PROTO_ICMP && !to_host ? PROTO_ICMPV6 : proto, header + payload);
	if (proto == PROTO_TCP)
		put_tcp(w, p + ip, step, payload);
	else if (proto == PROTO_ICMP)
		p[ip] = to_host ? 0 : 128;
	put16(p + ip + (proto == PROTO_ICMP ? 4 : 0), 1000 + step[4] % FLOWS);
	if (proto == PROTO_UDP) {
		put16(p + ip + 2, 53);
		put16(p + ip + 4, (unsigned)(8 + payload));
		put16(p + ip + 6, 1);
	}
	for (size_t i = 0; i < payload; i++)
		p[ip + header + i] = (uint8_t)(i + step[7]);
	*o = (struct offload){.csum = partial ? CSUM_PARTIAL : CSUM_WHOLE};
	if (partial && payload > 500) {
		o->gso = (uint8_t)gso_type_of(proto, to_host ? 4 : 6);
		o->seg = (uint16_t)(400 + 4 * step[7]);
		o->gso = payload > o->seg ? o->gso : GSO_NONE;
		o->header = (uint16_t)(ip + header);
	}
	if (proto == PROTO_UDP && to_host && (step[3] & KIND_END) && !partial)
		put16(p + 6, 0x2000); /* the first fragment */
	fuzz_fix_checksums(p, ip + header + payload, o);
	if ((step[3] & KIND_WRONG) && !partial)
		p[ip + header - 2] ^= 0x55;
	return ip + header + payload;
}

/* Updates the model with the packet that was translated. */
static void follow(struct world *w, const struct input *in, const struct xlat_out *out)
{
	const uint8_t *head = out->output[0].head;
	struct ip6 dst;

	if (in->p.family == 6) {
		check_sent(w, host_of(&in->p.src6), get32(head + 12));
		return;
	}
	memcpy(dst.b, head + 24, sizeof(dst.b));
	check_received(w, host_of(&dst), in->p.dst4);
}

static void send_packet(struct world *w, const uint8_t *step)
{
	static uint8_t buffer[XLAT_HEADROOM + LARGEST + 100], scratch_bytes[XLAT_SCRATCH];
	static struct xlat_out out;
	struct arena scratch = {scratch_bytes, XLAT_SCRATCH, 0};
	uint8_t *packet = buffer + XLAT_HEADROOM;
	struct input in = {.x = &w->x};
	enum reason why;

	in.len = build(w, packet, step, &in.offload);
	in.taken = fuzz_bytes(in.len);
	memcpy(in.taken, packet, in.len);
	in.bytes = memcpy(fuzz_bytes(in.len), packet, in.len);
	fuzz_parse(&in);
	memset(&out, 0, sizeof(out));
	out.scratch = &scratch;
	why = xlat_packet(&w->x, packet, in.len, &in.offload, w->now, &out);
	if (out.record)
		pool_record(out.record, seconds(w));
	for (unsigned i = 0; i < out.outputs; i++)
		wire_add(w->wire, &out.output[i]);
	if (why == REASON_OK) {
		follow(w, &in, &out);
		fuzz_check_translated(&in, &out);
	} else {
		fuzz_check_refused(&in, packet, &out, why);
	}
	free(in.taken);
	free((void *)(uintptr_t)in.bytes);
}

static void pass(struct world *w, int64_t ms)
{
	w->now = w->now + ms < LAST ? w->now + ms : LAST;
}

static void take_step(struct world *w, const uint8_t *step)
{
	switch (step[0] % 16) {
	case STEP_TIME:
		pass(w, INT64_C(1) << step[1] % 24);
		break;
	case STEP_DAYS:
		pass(w, step[1] * INT64_C(86400000));
		break;
	case STEP_FLUSH:
		wire_flush(w->wire);
		break;
	case STEP_DRAIN:
		xlat_set_draining(&w->x, step[1] & 1);
		break;
	case STEP_EXPIRE:
		pool_expire(w->x.pool, seconds(w), step[1] % 8);
		forget_ended(w);
		break;
	case STEP_ALLOW:
		wire_allow(w->wire, step[1] & (BATCH_TCP | BATCH_UDP));
		break;
	default:
		send_packet(w, step);
		break;
	}
}

static void start(struct world *w)
{
	static const struct ratelimit_conf rates = {1000, 50, 2000, 100};
	static const struct prefix4 range = {BASE4, 28}, own = {BASE4 + 1, 32};
	struct map_table *maps = map_table_new();

	memset(w, 0, sizeof(*w));
	w->conf = (struct xlat_conf){.own4 = own.addr, .own6 = {{0x20, 0x01, 0x0d, 0xb8, 0xff}}};
	w->conf.offlink_mtu = 1500;
	w->now = FIRST;
	EXPECT(maps && map_add_prefix(maps, &prefix) && map_seal(maps) == 0);
	w->x.conf = &w->conf;
	w->x.maps = maps;
	w->x.mtu = 1500;
	w->x.ipid.key = key;
	w->x.ratelimit = ratelimit_new(&rates, &key);
	w->x.pool = plain_pool(&range, 1, &key);
	EXPECT(w->x.ratelimit && w->x.pool);
	pool_reserve(w->x.pool, &own);
	w->wire = wire_new();
	wire_allow(w->wire, BATCH_TCP | BATCH_UDP);
}

static void stop(struct world *w)
{
	wire_free(w->wire);
	pool_free(w->x.pool);
	ratelimit_free(w->x.ratelimit);
	map_table_free((struct map_table *)(uintptr_t)w->x.maps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;

	start(&w);
	for (; size >= STEP; data += STEP, size -= STEP)
		take_step(&w, data);
	check_leases(&w);
	stop(&w);
	return 0;
}
