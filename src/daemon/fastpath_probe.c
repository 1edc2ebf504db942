/* fastpath_probe - uses a separate translator with one map and one prefix, and a packet of each
 * kind that the program translates.  It detects a kernel with helpers that behave differently
 * before any real packet passes through the program. */
#include "fastpath_probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/csum.h"
#include "packet/header.h"
#include "xlat/xlat.h"

/* The kernel takes bytes 12 and 13 of a packet for an Ethertype, so these source addresses contain
 * 0x86dd there. */
static const struct prefix6 prefix = {.addr = {{0x20, 0x01, 0x0d, 0xb8, 0x86, 0xdd, 0, 0x64}},
				      .len = 96};
static const struct map host = {
	.p4 = {0xc0000201, 32}, /* 192.0.2.1 */
	.p6 = {.addr = {{0x20, 0x01, 0x0d, 0xb8, 0x86, 0xdd, 0, 0, [15] = 1}}, .len = 128},
};
#define PEER 0x08000001 /* 8.0.0.1 */

#define PAYLOAD 400
#define SEGMENT 100
#define LONGEST (sizeof(struct ip6_hdr) + sizeof(struct tcp_hdr) + PAYLOAD)

static const struct kind {
	unsigned family;
	uint8_t proto;
	unsigned seg; /* of a GSO packet; 0: not one */
} kinds[] = {
	{6, PROTO_TCP, 0}, {6, PROTO_TCP, SEGMENT}, {6, PROTO_UDP, 0}, {6, PROTO_ICMPV6, 0},
	{4, PROTO_TCP, 0}, {4, PROTO_TCP, SEGMENT}, {4, PROTO_UDP, 0}, {4, PROTO_ICMP, 0},
};

struct probe {
	struct fastpath *path;
	struct xlat xlat;
	struct xlat_conf conf;
	struct xlat_out out;
	struct arena scratch;
	uint8_t room[XLAT_SCRATCH + ARENA_LINE];
	uint8_t packet[XLAT_HEADROOM + LONGEST], in[LONGEST], below[LONGEST + 20];
	size_t len, head, l4; /* bytes: length of the packet, its IP header, its L4 header */
};

static size_t l4_header(const struct kind *k)
{
	return k->proto == PROTO_TCP ? sizeof(struct tcp_hdr) : sizeof(struct udp_hdr);
}

static void put_ip(const struct probe *p, const struct kind *k, uint8_t *at)
{
	struct ip6 peer;

	addr_embed(&peer, &prefix, PEER);
	if (k->family == 6)
		header_put6(at, &(struct header6){.tc = 0x2e,
						  .hop = 64,
						  .next = k->proto,
						  .plen = (uint16_t)(p->len - p->head),
						  .src = &host.p6.addr,
						  .dst = &peer});
	else
		header_put4(at, &(struct header4){.tos = 0x2e,
						  .ttl = 64,
						  .proto = k->proto,
						  .len = (uint16_t)p->len,
						  .frag = IP4_DF,
						  .src = PEER,
						  .dst = host.p4.addr});
}

/* The checksum of an echo message must be correct.  Others may have any value. */
static void put_l4(const struct probe *p, const struct kind *k, uint8_t *l4)
{
	size_t n = p->len - p->head;
	uint64_t pseudo = 0;

	for (size_t i = 0; i < n; i++)
		l4[i] = (uint8_t)(i * 7 + 1);
	if (k->proto == PROTO_TCP) {
		l4[offsetof(struct tcp_hdr, doff)] = sizeof(struct tcp_hdr) / 4 << 4;
		return;
	}
	if (k->proto == PROTO_UDP) {
		put16(l4 + offsetof(struct udp_hdr, len), (unsigned)n);
		return;
	}
	l4[0] = k->family == 6 ? (uint8_t)ICMP6_ECHO : (uint8_t)ICMP4_ECHO;
	put16(l4 + offsetof(struct icmp_hdr, csum), 0);
	if (k->family == 6)
		pseudo = csum_sum(l4 - 32, 32) + csum_pseudo((uint32_t)n, PROTO_ICMPV6);
	put16(l4 + offsetof(struct icmp_hdr, csum), csum_finish(csum_sum(l4, n) + pseudo));
}

static void craft(struct probe *p, const struct kind *k)
{
	size_t payload = k->proto == PROTO_ICMP || k->proto == PROTO_ICMPV6 ? 56 : PAYLOAD;

	p->head = k->family == 6 ? sizeof(struct ip6_hdr) : sizeof(struct ip4_hdr);
	p->l4 = l4_header(k);
	p->len = p->head + p->l4 + payload;
	put_ip(p, k, p->in);
	put_l4(p, k, p->in + p->head);
	memcpy(p->packet + XLAT_HEADROOM, p->in, p->len);
}

static bool translate(struct probe *p, const struct kind *k)
{
	struct offload gso = {.gso = k->family == 6 ? GSO_TCP6 : GSO_TCP4,
			      .seg = (uint16_t)k->seg,
			      .csum = CSUM_PARTIAL,
			      .csum_start = (uint16_t)p->head,
			      .csum_offset = offsetof(struct tcp_hdr, csum)};

	p->scratch = (struct arena){p->room, sizeof(p->room), 0};
	p->out.scratch = &p->scratch;
	return xlat_packet(&p->xlat, p->packet + XLAT_HEADROOM, p->len, k->seg ? &gso : NULL, 0,
			   &p->out) == REASON_OK &&
	       p->out.plain && p->out.outputs == 1 && p->out.output[0].parts == 1;
}

static int tell(struct probe *p, const struct kind *k)
{
	struct fastpath_pair pair;

	xlat_tell(&p->xlat, k->family, &p->out, &pair);
	pair.generation = fastpath_control(p->path)->generation;
	if (k->family == 4)
		return fastpath_put4(p->path, &p->out.pair.v4,
				     &(struct fastpath_4to6){.pair = pair, .to = p->out.pair.v6},
				     1);
	return fastpath_put6(p->path, &p->out.pair.v6,
			     &(struct fastpath_6to4){.pair = pair, .to = p->out.pair.v4}, 1);
}

/* Compares the results.  Ignores the IPv4 Identification, and for a GSO packet the checksum, which
 * is partial in one result and complete in the other. */
static bool is_same(struct probe *p, const struct kind *k, uint32_t len)
{
	const struct output *o = &p->out.output[0];
	uint8_t *a = o->head, *b = p->below;

	if (len != o->len || (k->family == 6 && csum_fold(csum_sum(b, 20)) != 0xffff))
		return false;
	if (k->family == 6) {
		memcpy(b + offsetof(struct ip4_hdr, id), a + offsetof(struct ip4_hdr, id), 2);
		memcpy(b + offsetof(struct ip4_hdr, csum), a + offsetof(struct ip4_hdr, csum), 2);
	}
	if (k->seg)
		memcpy(b + o->ip + offsetof(struct tcp_hdr, csum),
		       a + o->ip + offsetof(struct tcp_hdr, csum), 2);
	return memcmp(a, b, len) == 0;
}

/* Returns the length of a GSO packet including the headers of all its segments. */
static uint32_t wire_len(const struct probe *p, const struct kind *k)
{
	return (uint32_t)(p->len + (k->seg ? (PAYLOAD / SEGMENT - 1) * (p->head + p->l4) : 0));
}

/* Returns NULL if both results are equal, or else the problem. */
static const char *try(struct probe *p, const struct kind *k)
{
	struct fastpath_run run = {.in = p->in, .out = p->below, .seg = k->seg};

	craft(p, k);
	run.len = (uint32_t)p->len;
	run.wire = wire_len(p, k);
	if (!translate(p, k))
		return "the translator accepts no packet for the comparison";
	if (tell(p, k) < 0 || fastpath_try(p->path, &run) < 0)
		return strerror(errno);
	if (!run.taken)
		return "the program does not translate a packet";
	return is_same(p, k, run.out_len) ? NULL : "the program translates a packet differently";
}

static const char *try_all(struct probe *p)
{
	const char *why = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && !why; i++)
		why = try(p, &kinds[i]);
	return why;
}

static struct map_table *new_maps(void)
{
	struct map_table *maps = map_table_new();
	size_t other;

	if (maps && map_add_prefix(maps, &prefix) && map_add(maps, &host, &other) == MAP_ADDED &&
	    map_seal(maps) == 0)
		return maps;
	map_table_free(maps);
	return NULL;
}

int fastpath_probe(struct fastpath *f, char *err)
{
	struct fastpath_control *control = fastpath_control(f);
	struct map_table *maps = new_maps();
	struct ipid ipid = {.key = {0, 0}};
	struct probe p = {.path = f, .conf = {.own4 = 0xc0000202, .offlink_mtu = IP6_MTU_MIN}};
	const char *why = "out of memory";

	if (maps) {
		xlat_start(&p.xlat, &ipid);
		xlat_configure(&p.xlat, &p.conf, maps, NULL, NULL);
		xlat_set_mtu(&p.xlat, 1500);
		control->flags = FASTPATH_UDP;
		control->drained = FASTPATH_MARGIN;
		why = try_all(&p);
		control->flags = 0;
		control->drained = 0;
		control->generation++;
	}
	map_table_free(maps);
	if (why)
		snprintf(err, FASTPATH_ERR, "its self-test failed: %s", why);
	return why ? -1 : 0;
}
