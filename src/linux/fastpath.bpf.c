/* fastpath - the program on the egress of our own TUN device: it repeats what the daemon has
 * decided for a pair of addresses, and hands the packet to the device's ingress.
 *
 * It is a cache and no translator: it knows no prefix, no map, no lease and no rule.  A packet
 * becomes what the daemon would have made of it (but for the IPv4 Identification), or goes on to
 * the daemon untouched.  Nothing is dropped and nothing is answered here.
 *
 * fastpath_code.h holds what clang makes of this file, so that a build needs no clang; `make
 * fastpath-code' makes it again.  For the verifier of Linux 6.1, which checks a program without
 * CAP_PERFMON more strictly, the stack is written 8 bytes at a time.  Little-endian only. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/fastpath.h"

#define inline __attribute__((always_inline)) inline

#define TO_DAEMON (-1) /* TC_ACT_UNSPEC: other programs on the device see the packet, too */
#define DROP      2    /* TC_ACT_SHOT: for a packet of which half has been written */

#define ETH4 0x0008 /* network order */
#define ETH6 0xdd86

#define TCP    6
#define UDP    17
#define ICMP4  1
#define ICMP6  58
#define HEAD4  20
#define HEAD6  40
#define IP_MAX 65535

#define DF_ABOVE 1260   /* longest IPv4 packet that routers may fragment [7915-5.1] */
#define DF       0x0040 /* network order */
#define FIN      0x01
#define SYN      0x02
#define PSH      0x08
#define CWR      0x80
#define ECN      0x03

#define ECHO_MAX 128  /* bytes of an ICMP message that is summed up here, a power of 2 */
#define ROOM_MAX 2048 /* of the payload of one segment, the same */

/* The helpers of the kernel, by their numbers in linux/bpf.h. */
static void *(*map_find)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*load)(const void *skb, uint64_t at, void *to,
		    uint64_t n) = (void *)BPF_FUNC_skb_load_bytes;
static long (*store)(void *skb, uint64_t at, const void *from, uint64_t n,
		     uint64_t flags) = (void *)BPF_FUNC_skb_store_bytes;
static long (*change_family)(void *skb, uint64_t proto,
			     uint64_t flags) = (void *)BPF_FUNC_skb_change_proto;
static long (*change_checksum)(void *skb, uint64_t at, uint64_t from, uint64_t to,
			       uint64_t flags) = (void *)BPF_FUNC_l4_csum_replace;
static int64_t (*sum_of)(const void *from, uint64_t from_n, const void *to, uint64_t to_n,
			 uint64_t seed) = (void *)BPF_FUNC_csum_diff;
static long (*redirect)(uint64_t index, uint64_t flags) = (void *)BPF_FUNC_redirect;
static long (*clone_redirect)(void *skb, uint64_t index,
			      uint64_t flags) = (void *)BPF_FUNC_clone_redirect;
static long (*change_tail)(void *skb, uint64_t len,
			   uint64_t flags) = (void *)BPF_FUNC_skb_change_tail;
static uint64_t (*now_ns)(void) = (void *)BPF_FUNC_ktime_get_boot_ns;
static uint32_t (*processor)(void) = (void *)BPF_FUNC_get_smp_processor_id;

/* The loader puts the maps in their places. */
extern char fastpath_shared, fastpath_pairs4, fastpath_pairs6, fastpath_room;

/* What the headers of a packet say, and what has been decided about it. */
struct facts {
	struct __sk_buff *skb;
	uint64_t dir;   /* 0: 4->6, 1: 6->4 */
	uint64_t head;  /* bytes of the IP header */
	uint64_t l4;    /* bytes behind it */
	uint64_t first; /* the same of the first segment, if it is a GSO packet */
	uint64_t last;  /* and of the last one */
	uint64_t count; /* packets on the wire */
	uint64_t proto; /* of the payload */
	uint32_t tos;
	uint32_t ttl;
	uint64_t header; /* bytes of the TCP header */
	uint64_t flags;  /* of TCP */
	uint64_t icmp;   /* echo: the first four bytes of the message as they leave */
	uint64_t csum;   /* of UDP */
	bool bare;       /* no options, no fragment, and the length is right */
	bool partial;    /* only the sum of the pseudo-header stands there */
	bool df;
};

/* What is shared with the daemon, as far as a packet needs it. */
struct shared {
	struct fastpath_control *control;
	struct fastpath_totals *totals; /* of this processor */
	struct fastpath_lease *lease;   /* only if the pair has one */
};

/* The N bytes of a packet's addresses as they are, and those of its IPv6 side. */
struct addrs {
	const void *are;
	uint64_t n;
	const void *v6;
};

static inline uint16_t swap16(uint16_t v)
{
	return __builtin_bswap16(v);
}

/* N, which is from 1 to MAX, a power of 2, in such a way that the verifier sees it: what it has
 * seen before may be lost on the stack. */
#define BOUNDED(n, max)                                                                \
	({                                                                             \
		uint64_t bounded_ = (n)-1;                                             \
		__asm__ volatile("%0 &= %1\n%0 += 1" : "+r"(bounded_) : "i"((max)-1)); \
		bounded_;                                                              \
	})

static inline uint64_t fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return sum;
}

static inline uint64_t sum_bytes(const void *p, uint64_t n)
{
	return (uint64_t)sum_of(0, 0, p, n, 0) & 0xffffffff;
}

/* Adds N to *P, and returns what it was.  The instruction is one of BPF's third version, which
 * clang knows only together with 32-bit spills to the stack. */
static inline uint64_t fetch_add(uint64_t *p, uint64_t n)
{
	register uint64_t *at __asm__("r1") = p;
	register uint64_t by __asm__("r2") = n;

	__asm__ volatile(".byte 0xdb, 0x21, 0, 0, 1, 0, 0, 0" /* r2 = atomic_fetch_add(r1, r2) */
			 : "+r"(by)
			 : "r"(at)
			 : "memory");
	return by;
}

static inline void *element(uint64_t i)
{
	uint64_t key = i;

	return map_find(&fastpath_shared, &key);
}

static inline void *room_of_processor(void)
{
	uint64_t key = 0;

	return map_find(&fastpath_room, &key);
}

/* One packet, or the segments of a GSO packet behind HEADER bytes of L4 header. */
static inline bool count_segments(struct facts *f, uint64_t header)
{
	uint64_t seg = f->skb->gso_size, payload;

	f->first = f->last = f->l4;
	f->count = 1;
	if (seg == 0)
		return true;
	if (header < 8 || header > f->l4)
		return false;
	payload = f->l4 - header;
	if (payload <= seg)
		return true;
	f->count = (payload + seg - 1) / seg;
	f->first = header + seg;
	f->last = header + payload - (f->count - 1) * seg;
	return true;
}

static inline bool is_plain_tcp(struct facts *f, const struct fastpath_pair *pair)
{
	uint8_t tcp[24] __attribute__((aligned(8)));

	if (load(f->skb, f->head, tcp, 20))
		return false;
	if ((pair->flags & FASTPATH_NO_SYN) && (tcp[13] & SYN))
		return false;
	f->header = tcp[12] >> 4 >= 5 ? (uint64_t)(tcp[12] >> 4) * 4 : 0;
	f->flags = tcp[13];
	return count_segments(f, f->header);
}

/* A GSO packet of UDP may be that of a tunnel, whose segments are something else: the kernel has
 * counted the headers of all segments, which tells. */
static inline bool is_plain_udp(struct facts *f, const struct addrs *a)
{
	struct __sk_buff *skb = f->skb;
	uint16_t udp[4] __attribute__((aligned(8)));

	if (load(skb, f->head, udp, sizeof(udp)))
		return false;
	if (udp[3] == 0 || swap16(udp[2]) != f->l4 || !count_segments(f, sizeof(udp)))
		return false;
	f->csum = udp[3];
	f->partial = fold(sum_bytes(a->are, a->n) + udp[2] + (UDP << 8)) == f->csum;
	return f->count == 1 ||
	       (f->partial && skb->wire_len == skb->len + (f->count - 1) * (f->head + sizeof(udp)));
}

/* The translator looks at the checksum of an echo, so it is summed up here as well.  PSEUDO: the
 * sum of the IPv6 pseudo-header on its way in, PSEUDO_TO: on its way out. */
static inline bool is_plain_echo(struct facts *f, uint64_t pseudo, uint64_t pseudo_to)
{
	uint64_t room[ECHO_MAX / 8] = {0}; /* the verifier wants all that may be read written */
	uint8_t *icmp = (uint8_t *)room;
	uint64_t n = f->l4, sum, type, csum, to;

	if (n < 8 || n > ECHO_MAX || n % 4 || f->skb->gso_size)
		return false;
	if (load(f->skb, f->head, icmp, BOUNDED(n, ECHO_MAX)))
		return false;
	type = icmp[0];
	if (f->dir == 1 ? type != 128 && type != 129 : type != 8 && type != 0)
		return false;
	to = f->dir == 1 ? (type == 128 ? 8 : 0) : (type == 8 ? 128 : 129);
	sum = sum_bytes(icmp, BOUNDED(n, ECHO_MAX));
	if (fold(sum + pseudo) != 0xffff)
		return false;
	csum = *(uint16_t *)(icmp + 2);
	csum = 0xffff ^ fold(sum + (0xffff ^ csum) + (0xffff ^ type) + to + pseudo_to);
	f->icmp = to | (uint64_t)icmp[1] << 8 | csum << 16;
	f->first = f->last = n;
	f->count = 1;
	return f->dir == 0 || csum != 0; /* 0 may have to be 0xffff */
}

static inline uint64_t pseudo6(const void *addrs, uint64_t n)
{
	return fold(sum_bytes(addrs, 32) + swap16((uint16_t)n) + (ICMP6 << 8));
}

/* May only fill F: the packet is untouched until it is translated. */
static inline bool is_plain(struct facts *f, const struct fastpath_pair *pair,
			    const struct addrs *a)
{
	if (f->ttl <= 1)
		return false;
	switch (f->proto) {
	case TCP:
		return is_plain_tcp(f, pair);
	case UDP:
		return is_plain_udp(f, a);
	case ICMP4:
		return f->dir == 0 && is_plain_echo(f, 0, pseudo6(a->v6, f->l4));
	case ICMP6:
		return f->dir == 1 && is_plain_echo(f, pseudo6(a->v6, f->l4), 0);
	default:
		return false;
	}
}

static inline bool wants_df(uint64_t l4)
{
	return HEAD4 + l4 > DF_ABOVE;
}

/* Does the last segment of a GSO packet need another DF than the others? */
static inline bool is_mixed(const struct facts *f)
{
	return f->dir == 1 && wants_df(f->first) != wants_df(f->last);
}

static inline bool fits(const struct facts *f, const struct fastpath_pair *pair)
{
	uint64_t most = pair->most, most_free = pair->most_free;

	/* or clang computes the offset of either, which the verifier does not trust */
	__asm__ volatile("" : "+r"(most), "+r"(most_free));
	if (f->dir == 0)
		return f->first <= (f->df ? most : most_free);
	if (f->first > most || HEAD4 + f->l4 > IP_MAX)
		return false;
	return !is_mixed(f) || (f->proto == TCP && !(f->flags & CWR));
}

/* Is the decision about PAIR still in force? */
static inline bool is_current(const struct shared *s, const struct fastpath_pair *pair)
{
	if (pair->generation != s->control->generation)
		return false;
	if (pair->lease && s->lease->generation != pair->lease_generation)
		return false;
	return !(s->control->flags & FASTPATH_WATCH) ||
	       now_ns() - s->control->alive < FASTPATH_ALIVE;
}

/* False: PAIR is not current. */
static inline bool find_shared(struct shared *s, const struct fastpath_pair *pair)
{
	s->control = element(0);
	s->totals = element(1 + processor());
	s->lease = element(pair->lease);
	return s->control && s->totals && s->lease && is_current(s, pair);
}

/* Is everything of PAIR that went to the daemon out again, so that no packet overtakes another? */
static inline bool is_flowing(const struct fastpath_control *control,
			      const struct fastpath_pair *pair)
{
	if (pair->passed + FASTPATH_MARGIN <= control->drained)
		return true;
	return now_ns() - pair->since > FASTPATH_FORCE;
}

/* The packet goes to the daemon, and those of PAIR behind it wait for that.  WAITS: it does so only
 * because others are there already, which may not last for ever. */
static inline int pass(struct fastpath_pair *pair, bool waits)
{
	uint64_t now = now_ns();

	if (!waits)
		pair->since = now;
	pair->passed = now;
	return TO_DAEMON;
}

static inline void count(const struct facts *f, const struct shared *s,
			 const struct fastpath_pair *pair)
{
	s->totals->packets[f->dir] += f->count;
	s->totals->bytes[f->dir] += f->head + f->l4;
	if (f->proto == UDP)
		s->totals->udp += f->count;
	if (!pair->lease)
		return;
	__sync_fetch_and_add(&s->lease->packets[f->dir], f->count);
	__sync_fetch_and_add(&s->lease->bytes[f->dir], f->head + f->l4);
}

/* The header of a packet, or of a part of a GSO packet, with L4 bytes behind it. */
static inline long put_header4(const struct facts *f, const struct fastpath_key4 *to, uint64_t l4,
			       bool df, uint64_t id)
{
	uint64_t src = *(uint32_t *)to->src, dst = *(uint32_t *)to->dst;
	uint64_t proto = f->proto == ICMP6 ? ICMP4 : f->proto;
	uint64_t first = 0x45 | f->tos << 8 | (uint64_t)swap16((uint16_t)(HEAD4 + l4)) << 16;
	uint64_t second = swap16((uint16_t)id) | (df ? DF << 16 : 0);
	uint64_t third = (f->ttl - 1) | proto << 8;
	uint64_t sum = fold(first + second + third + src + dst);
	uint64_t header[3];

	header[0] = first | second << 32;
	header[1] = third | (0xffff ^ sum) << 16 | src << 32;
	header[2] = dst;
	return store(f->skb, 0, header, HEAD4, 0);
}

static inline long put_header6(const struct facts *f, const struct fastpath_4to6 *to)
{
	uint64_t proto = f->proto == ICMP4 ? ICMP6 : f->proto;
	uint64_t header = 0x60 | f->tos >> 4 | (f->tos & 0xf) << 12 |
			  (uint64_t)swap16((uint16_t)f->l4) << 32 | proto << 48 |
			  (uint64_t)(f->ttl - 1) << 56;

	if (store(f->skb, 0, &header, 8, 0))
		return -1;
	return store(f->skb, 8, &to->to, 32, 0);
}

/* The kernel's helper goes by whether some checksum of the packet is partial: in a tunnel that may
 * be an inner one, while the one here is whole. */
static inline long put_udp_checksum(const struct facts *f, uint64_t at, uint64_t change)
{
	uint64_t csum;

	if (f->partial)
		return change_checksum(f->skb, at, 0, change,
				       BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0);
	csum = 0xffff ^ fold((0xffff ^ f->csum) + change);
	csum = csum ? csum : 0xffff;
	return store(f->skb, at, &csum, 2, 0);
}

static inline long put_l4(const struct facts *f, uint64_t head, const struct fastpath_pair *pair)
{
	uint64_t icmp = f->icmp;

	if (f->proto == TCP)
		return change_checksum(f->skb, head + 16, 0, pair->csum, BPF_F_PSEUDO_HDR);
	if (f->proto == UDP)
		return put_udp_checksum(f, head + 6, pair->csum);
	return store(f->skb, head, &icmp, 4, 0);
}

/* Adds to the sum of the pseudo-header, which is all that the checksum of a GSO packet has, a
 * length of TO bytes instead of FROM, and WITH. */
static inline long exchange_len(const struct facts *f, uint64_t from, uint64_t to, uint64_t with)
{
	uint64_t sum = fold(with + (0xffff ^ swap16((uint16_t)from)) + swap16((uint16_t)to));

	return change_checksum(f->skb, HEAD4 + 16, 0, sum, BPF_F_PSEUDO_HDR);
}

static inline long put_tcp_flags(const struct facts *f, uint64_t flags)
{
	return store(f->skb, HEAD4 + 13, &flags, 1, 0);
}

static inline long add_tcp_seq(const struct facts *f, uint64_t n)
{
	uint64_t seq = 0;

	if (load(f->skb, HEAD4 + 4, &seq, 4))
		return -1;
	seq = __builtin_bswap32((uint32_t)(__builtin_bswap32((uint32_t)seq) + n));
	return store(f->skb, HEAD4 + 4, &seq, 4, 0);
}

/* A GSO packet whose last segment is to have no DF leaves as two packets: the first by a clone.  A
 * GSO packet cannot be cut, or it is none any more: its IP header says how long it is, and IP cuts
 * it where it comes in. */
static inline int translate_mixed(const struct facts *f, struct fastpath_6to4 *to, void *room)
{
	uint64_t id = fetch_add(&to->pair.id, f->count);
	uint64_t last = f->last - f->header, l4 = f->l4 - last;

	if (!room || last < 1 || last > DF_ABOVE ||
	    load(f->skb, HEAD4 + l4, room, BOUNDED(last, ROOM_MAX)))
		return DROP;
	if (f->count == 2 && change_tail(f->skb, HEAD4 + l4, 0))
		return DROP;
	if (put_header4(f, &to->to, l4, true, id) || put_tcp_flags(f, f->flags & ~(FIN | PSH)) ||
	    exchange_len(f, f->l4, l4, to->pair.csum) ||
	    clone_redirect(f->skb, f->skb->ifindex, BPF_F_INGRESS))
		return DROP;
	if (change_tail(f->skb, HEAD4 + f->last, 0) ||
	    store(f->skb, HEAD4 + f->header, room, BOUNDED(last, ROOM_MAX), 0) ||
	    put_header4(f, &to->to, f->last, false, id + f->count - 1) ||
	    put_tcp_flags(f, f->flags) || add_tcp_seq(f, l4 - f->header) ||
	    exchange_len(f, l4, f->last, 0))
		return DROP;
	return (int)redirect(f->skb->ifindex, BPF_F_INGRESS);
}

static inline int translate_6to4(const struct facts *f, struct fastpath_6to4 *to)
{
	uint64_t id;

	if (is_mixed(f))
		return translate_mixed(f, to, room_of_processor());
	id = fetch_add(&to->pair.id, f->count);
	if (put_header4(f, &to->to, f->l4, wants_df(f->first), id) || put_l4(f, HEAD4, &to->pair))
		return DROP;
	return (int)redirect(f->skb->ifindex, BPF_F_INGRESS);
}

static inline int translate_4to6(const struct facts *f, struct fastpath_4to6 *to)
{
	if (put_header6(f, to) || put_l4(f, HEAD6, &to->pair))
		return DROP;
	return (int)redirect(f->skb->ifindex, BPF_F_INGRESS);
}

/* 0: the packet is to be translated. */
static inline int judge(struct facts *f, const struct shared *s, struct fastpath_pair *pair,
			const struct addrs *a)
{
	if (pair->flags & FASTPATH_ECN_ONLY)
		f->tos &= ECN;
	if (f->proto == UDP && !(s->control->flags & FASTPATH_UDP))
		return pass(pair, false);
	if (!f->bare || !is_plain(f, pair, a) || !fits(f, pair))
		return pass(pair, false);
	return is_flowing(s->control, pair) ? 0 : pass(pair, true);
}

static inline void read6(struct facts *f, const uint8_t *h)
{
	f->l4 = swap16(*(uint16_t *)(h + 4));
	f->proto = h[6];
	f->ttl = h[7];
	f->tos = (h[0] & 0xf) << 4 | h[1] >> 4;
	f->bare = h[0] >> 4 == 6 && HEAD6 + f->l4 == f->skb->len;
}

static inline int from6(struct __sk_buff *skb)
{
	uint8_t h[HEAD6] __attribute__((aligned(8)));
	struct facts f = {.skb = skb, .dir = 1, .head = HEAD6};
	struct fastpath_6to4 *to;
	struct shared s;

	if (load(skb, 0, h, HEAD6))
		return TO_DAEMON;
	to = map_find(&fastpath_pairs6, h + 8);
	if (!to || !find_shared(&s, &to->pair))
		return TO_DAEMON;
	read6(&f, h);
	if (judge(&f, &s, &to->pair, &(struct addrs){h + 8, 32, h + 8}))
		return TO_DAEMON;
	if (change_family(skb, ETH4, 0))
		return pass(&to->pair, false);
	count(&f, &s, &to->pair);
	return translate_6to4(&f, to);
}

static inline void read4(struct facts *f, const uint8_t *h)
{
	uint64_t frag = *(uint16_t *)(h + 6);

	f->l4 = swap16(*(uint16_t *)(h + 2)) - HEAD4;
	f->proto = h[9];
	f->ttl = h[8];
	f->tos = h[1];
	f->df = frag == DF;
	f->bare = h[0] == 0x45 && HEAD4 + f->l4 == f->skb->len && !(frag & ~DF) &&
		  fold(sum_bytes(h, HEAD4)) == 0xffff;
}

static inline int from4(struct __sk_buff *skb)
{
	uint8_t h[24] __attribute__((aligned(8)));
	struct facts f = {.skb = skb, .dir = 0, .head = HEAD4};
	struct fastpath_4to6 *to;
	struct shared s;

	if (load(skb, 0, h, HEAD4))
		return TO_DAEMON;
	to = map_find(&fastpath_pairs4, h + 12);
	if (!to || !find_shared(&s, &to->pair))
		return TO_DAEMON;
	read4(&f, h);
	if (judge(&f, &s, &to->pair, &(struct addrs){h + 12, 8, &to->to}))
		return TO_DAEMON;
	if (change_family(skb, ETH6, 0))
		return pass(&to->pair, false);
	count(&f, &s, &to->pair);
	return translate_4to6(&f, to);
}

__attribute__((section("tc"))) int fastpath(struct __sk_buff *skb)
{
	if (skb->protocol == ETH6)
		return from6(skb);
	if (skb->protocol == ETH4)
		return from4(skb);
	return TO_DAEMON;
}
