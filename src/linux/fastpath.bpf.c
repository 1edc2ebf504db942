/* fastpath - the eBPF program on the egress of our own TUN device.  For known pairs of addresses it
 * repeats what the daemon has decided, and redirects the translated packet to the device's ingress.
 *
 * It is only a cache: it knows no prefixes, maps, leases or rules.  A packet either becomes exactly
 * what the daemon would make of it (except for the IPv4 Identification), or reaches the daemon
 * unchanged.  The program never answers packets.  It only drops a packet that it has partly
 * rewritten and cannot complete for lack of memory.
 *
 * fastpath_code.h contains the code that clang generates from this file, so that a build needs no
 * clang; `make fastpath-code` updates it.  The verifier of Linux 6.1 checks a program more strictly
 * without CAP_PERFMON; because of it, the stack is only written in units of 8 bytes.  Little-endian
 * only. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/fastpath.h"

#define inline __attribute__((always_inline)) inline

#define TO_DAEMON (-1) /* TC_ACT_UNSPEC: other programs on the device see the packet, too */
#define DROP      2    /* TC_ACT_SHOT: for a packet that is partly rewritten */

#define ETH4 0x0008 /* network byte order */
#define ETH6 0xdd86

#define TCP    6
#define UDP    17
#define ICMP4  1
#define ICMP6  58
#define HEAD4  20
#define HEAD6  40
#define IP_MAX 65535

#define DF_ABOVE FASTPATH_DF_ABOVE
#define DF       0x0040 /* network byte order */
#define FIN      0x01
#define SYN      0x02
#define PSH      0x08
#define CWR      0x80
#define ECN      0x03

#define ECHO_MAX 128 /* maximum bytes of an ICMP message that is summed here; a power of 2 */

/* The helper functions of the kernel, by their numbers in linux/bpf.h. */
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

/* The loader inserts the descriptors of the maps. */
extern char fastpath_shared, fastpath_pairs4, fastpath_pairs6, fastpath_scratch, fastpath_flows;

/* The contents of a packet's headers, and the decision about it.  It is in a map with one element
 * per CPU, because the stack is small, and because the verifier easily loses track of values on the
 * stack. */
struct facts {
	uint64_t busy;  /* not 0 while this CPU translates a packet */
	uint64_t dir;   /* 0: 4->6, 1: 6->4 */
	uint64_t head;  /* bytes of the IP header */
	uint64_t l4;    /* bytes after the IP header */
	uint64_t first; /* the same for the first segment of a GSO packet */
	uint64_t last;  /* the same for the last segment */
	uint64_t count; /* number of packets on the wire */
	uint64_t bytes; /* total bytes on the wire, including all headers */
	uint64_t proto; /* of the payload */
	uint64_t tos;
	uint64_t ttl;
	uint64_t df;      /* IPv4: DF is set */
	uint64_t bare;    /* no options, not a fragment, and the length is correct */
	uint64_t header;  /* bytes of the TCP header */
	uint64_t flags;   /* TCP flags */
	uint64_t icmp;    /* for an echo: the first four bytes of the translated message */
	uint64_t csum;    /* UDP checksum */
	uint64_t partial; /* UDP: the checksum field contains only the pseudo-header sum */

	/* from the table of pairs */
	uint64_t tag;
	uint64_t to[4];  /* the translated addresses */
	uint64_t change; /* the amount by which they change a checksum */
	uint64_t most, most_free;
	uint64_t pair_flags;
	uint64_t lease, lease_generation;

	uint64_t ip[5];  /* the received IP header; its addresses are the key of the table */
	uint64_t out[5]; /* the translated IP header */
	uint8_t l4_header[24];
	uint8_t room[FASTPATH_ROOM]; /* an echo message, or the payload of a segment */
};

_Static_assert(sizeof(struct facts) <= FASTPATH_SCRATCH, "what the loader allocates");

/* The elements of the shared memory that concern a packet. */
struct shared {
	struct fastpath_control *control;
	struct fastpath_totals *totals; /* of this CPU */
	struct fastpath_lease *lease;   /* valid only if the pair has a lease */
};

static inline uint16_t swap16(uint16_t v)
{
	return __builtin_bswap16(v);
}

/* Limits N, which is from 1 to MAX (a power of 2), in a way that the verifier recognizes.  It may
 * have lost an earlier check when the value was stored on the stack. */
#define BOUNDED(n, max)                                                                \
	({                                                                             \
		uint64_t bounded_ = (n)-1;                                             \
		__asm__ volatile("%0 &= %1\n%0 += 1" : "+r"(bounded_) : "i"((max)-1)); \
		bounded_;                                                              \
	})

/* The verifier requires constant offsets into a map, but clang likes to compute them.  This hides
 * from clang how V, a pointer or value, was computed. */
#define FIXED(v) __asm__ volatile("" : "+r"(v))

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

/* Adds N to *P and returns the old value.  The instruction belongs to BPF's third version, which
 * clang only generates together with 32-bit spills to the stack. */
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

static inline struct facts *facts_of_processor(void)
{
	uint64_t key = 0;

	return map_find(&fastpath_scratch, &key);
}

/* Determines lengths and counts for a single packet, or for the segments of a GSO packet with
 * HEADER bytes of L4 header. */
static inline bool count_segments(struct __sk_buff *skb, struct facts *f, uint64_t header)
{
	uint64_t seg = skb->gso_size, payload;

	f->first = f->last = f->l4;
	f->count = 1;
	f->bytes = f->head + f->l4;
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
	f->bytes += (f->count - 1) * (f->head + header);
	return true;
}

static inline bool is_plain_tcp(struct __sk_buff *skb, struct facts *f)
{
	uint8_t *tcp = f->l4_header;

	if (load(skb, f->head, tcp, 20))
		return false;
	f->header = tcp[12] >> 4 >= 5 ? (uint64_t)(tcp[12] >> 4) * 4 : 0;
	f->flags = tcp[13];
	if ((f->pair_flags & FASTPATH_NO_SYN) && (f->flags & SYN))
		return false;
	return count_segments(skb, f, f->header);
}

/* A UDP GSO packet may belong to a tunnel, and then its segments are different.  This is visible in
 * skb->wire_len, in which the kernel has counted the headers of all segments.  But before 6.17 the
 * kernel read a TCP header length after the outer UDP header, and counted 8 bytes if that had the
 * value 2.
 */
static inline bool is_train_of_udp(struct __sk_buff *skb, struct facts *f)
{
	if (!f->partial || load(skb, f->head + 12, f->room, 1) || (f->room[0] & 0xf0) == 0x20)
		return false;
	return skb->wire_len == skb->len + (f->count - 1) * (f->head + 8);
}

/* Returns the sum of the addresses of the received IP header. */
static inline uint64_t sum_addresses(const struct facts *f)
{
	const uint64_t *six = f->ip + 1;
	const uint8_t *four = (const uint8_t *)f->ip + 12;

	FIXED(six);
	FIXED(four);
	return f->dir == 1 ? sum_bytes(six, 32) : sum_bytes(four, 8);
}

static inline bool is_plain_udp(struct __sk_buff *skb, struct facts *f)
{
	const uint16_t *udp = (const uint16_t *)f->l4_header;

	if (load(skb, f->head, f->l4_header, 8))
		return false;
	f->csum = udp[3];
	if (f->csum == 0 || swap16(udp[2]) != f->l4 || !count_segments(skb, f, 8))
		return false;
	f->partial = fold(sum_addresses(f) + udp[2] + (UDP << 8)) == f->csum;
	return f->count == 1 || is_train_of_udp(skb, f);
}

/* Returns the sum of the IPv6 pseudo-header on the IPv6 side. */
static inline uint64_t sum_pseudo6(const struct facts *f)
{
	const uint64_t *from = f->ip + 1, *to = f->to;

	FIXED(from);
	FIXED(to);
	return fold(sum_bytes(f->dir == 1 ? from : to, 32) + swap16((uint16_t)f->l4) +
		    (ICMP6 << 8));
}

static inline uint64_t echo_as_it_leaves(const struct facts *f, uint64_t type)
{
	if (f->dir == 1)
		return type == 128 ? 8 : 0;
	return type == 8 ? 128 : 129;
}

/* The translator verifies the checksum of an echo message, so this program does, too. */
static inline bool is_plain_echo(struct __sk_buff *skb, struct facts *f)
{
	uint64_t n = f->l4, sum, type, csum, to, pseudo;

	if (n < 8 || n > ECHO_MAX || n % 4 || skb->gso_size)
		return false;
	if (load(skb, f->head, f->room, BOUNDED(n, ECHO_MAX)))
		return false;
	type = f->room[0];
	if (f->dir == 1 ? type != 128 && type != 129 : type != 8 && type != 0)
		return false;
	to = echo_as_it_leaves(f, type);
	pseudo = sum_pseudo6(f);
	sum = sum_bytes(f->room, BOUNDED(n, ECHO_MAX));
	if (fold(sum + (f->dir == 1 ? pseudo : 0)) != 0xffff)
		return false;
	csum = *(const uint16_t *)(f->room + 2);
	csum = 0xffff ^
	       fold(sum + (0xffff ^ csum) + (0xffff ^ type) + to + (f->dir == 1 ? 0 : pseudo));
	f->icmp = to | (uint64_t)f->room[1] << 8 | csum << 16;
	f->first = f->last = n;
	f->count = 1;
	f->bytes = f->head + f->l4;
	return f->dir == 0 || csum != 0; /* a checksum of 0 may have to be sent as 0xffff */
}

/* Only fills in F.  The packet is not modified before it is translated. */
static inline bool is_plain(struct __sk_buff *skb, struct facts *f)
{
	if (f->ttl <= 1)
		return false;
	if (f->proto == TCP)
		return is_plain_tcp(skb, f);
	if (f->proto == UDP)
		return is_plain_udp(skb, f);
	return f->proto == (f->dir == 1 ? ICMP6 : ICMP4) && is_plain_echo(skb, f);
}

static inline bool wants_df(uint64_t l4)
{
	return HEAD4 + l4 > DF_ABOVE;
}

/* True if the last segment of a GSO packet needs a different DF flag than the others. */
static inline bool is_mixed(const struct facts *f)
{
	return f->dir == 1 && wants_df(f->first) != wants_df(f->last);
}

static inline bool fits(const struct facts *f)
{
	uint64_t most = f->most, most_free = f->most_free;

	FIXED(most);
	FIXED(most_free);
	if (f->dir == 0)
		return f->first <= (f->df ? most : most_free);
	if (f->first > most || HEAD4 + f->l4 > IP_MAX)
		return false;
	return !is_mixed(f) || (f->proto == TCP && !(f->flags & CWR));
}

/* True if the lease of the pair is still the one for which the decision was made. */
static inline bool is_current(const struct facts *f, const struct shared *s)
{
	return f->lease == 0 || s->lease->generation == f->lease_generation;
}

static inline bool is_watched(const struct fastpath_control *control)
{
	return !(control->flags & FASTPATH_WATCH) || now_ns() - control->alive < FASTPATH_ALIVE;
}

/* Returns the waiting time of the packet's flow, or NULL if the packet does not show its flow.  The
 * flow of an echo message is given by its Identifier, which follows type, code and checksum. */
static inline struct fastpath_wait *find_flow(struct __sk_buff *skb, struct facts *f)
{
	bool ports = f->proto == TCP || f->proto == UDP;
	uint64_t key;

	if (!f->bare || (!ports && f->proto != ICMP4 && f->proto != ICMP6))
		return 0;
	if (load(skb, f->head + (ports ? 0 : 4), f->room, 4))
		return 0;
	key = ports ? *(const uint32_t *)f->room : *(const uint16_t *)f->room;
	key = (f->tag ^ (key << 8 | f->proto)) * 0x9e3779b97f4a7c15;
	key = key >> 40 & (FASTPATH_FLOWS - 1);
	return map_find(&fastpath_flows, &key);
}

/* True if all packets that went to the daemon until PASSED have left it, so that no packet
 * overtakes another.  Also true if packets have waited since SINCE for too long. */
static inline bool is_over(const struct fastpath_control *control, uint64_t passed, uint64_t since)
{
	if (passed + FASTPATH_MARGIN <= control->drained)
		return true;
	return now_ns() - since >
	       (control->flags & FASTPATH_HURRY ? FASTPATH_SOON : FASTPATH_FORCE);
}

/* Sends the packet to the daemon; later packets of the flow must wait for it. */
static inline int pass(struct fastpath_wait *w)
{
	w->passed = w->since = now_ns();
	return TO_DAEMON;
}

/* True if the packet must also go to the daemon, because earlier packets of its flow, or of all
 * flows to which it may belong, are still there.  That must not continue forever, so the flow does
 * not wait longer than the packets that it waits for. */
static inline bool waits(const struct fastpath_control *control, struct fastpath_wait *flow,
			 uint64_t passed, uint64_t since)
{
	bool flow_is_over = is_over(control, flow->passed, flow->since);

	if (flow_is_over && is_over(control, passed, since))
		return false;
	if (flow_is_over)
		flow->since = since;
	flow->passed = now_ns();
	return true;
}

static inline void count_way(const struct facts *f, const struct shared *s, int dir)
{
	uint64_t *packets = &s->totals->packets[dir], *bytes = &s->totals->bytes[dir];
	uint64_t *lease_packets = &s->lease->packets[dir], *lease_bytes = &s->lease->bytes[dir];

	FIXED(packets);
	FIXED(bytes);
	FIXED(lease_packets);
	FIXED(lease_bytes);
	*packets += f->count;
	*bytes += f->bytes;
	if (!f->lease)
		return;
	__sync_fetch_and_add(lease_packets, f->count);
	__sync_fetch_and_add(lease_bytes, f->bytes);
}

static inline void count(const struct facts *f, const struct shared *s)
{
	if (f->dir == 1)
		count_way(f, s, 1);
	else
		count_way(f, s, 0);
	if (f->proto == UDP)
		s->totals->udp += f->count;
}

/* Writes the header of a packet, or of a part of a GSO packet, followed by L4 bytes. */
static inline long put_header4(struct __sk_buff *skb, struct facts *f, uint64_t l4, bool df,
			       uint64_t id)
{
	uint64_t src = f->to[0] & 0xffffffff, dst = f->to[0] >> 32;
	uint64_t proto = f->proto == ICMP6 ? ICMP4 : f->proto;
	uint64_t first = 0x45 | f->tos << 8 | (uint64_t)swap16((uint16_t)(HEAD4 + l4)) << 16;
	uint64_t second = swap16((uint16_t)id) | (df ? DF << 16 : 0);
	uint64_t third = (f->ttl - 1) | proto << 8;
	uint64_t sum = fold(first + second + third + src + dst);

	f->out[0] = first | second << 32;
	f->out[1] = third | (0xffff ^ sum) << 16 | src << 32;
	f->out[2] = dst;
	return store(skb, 0, f->out, HEAD4, 0);
}

static inline long put_header6(struct __sk_buff *skb, struct facts *f)
{
	uint64_t proto = f->proto == ICMP4 ? ICMP6 : f->proto;

	f->out[0] = 0x60 | f->tos >> 4 | (f->tos & 0xf) << 12 |
		    (uint64_t)swap16((uint16_t)f->l4) << 32 | proto << 48 | (f->ttl - 1) << 56;
	for (int i = 0; i < 4; i++)
		f->out[1 + i] = f->to[i];
	return store(skb, 0, f->out, HEAD6, 0);
}

/* The kernel's helper checks whether any checksum of the packet is partial.  In a tunnel that may
 * be an inner one, while this one is complete. */
static inline long put_udp_checksum(struct __sk_buff *skb, const struct facts *f, uint64_t at,
				    uint64_t change)
{
	uint64_t csum;

	if (f->partial)
		return change_checksum(skb, at, 0, change, BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0);
	csum = 0xffff ^ fold((0xffff ^ f->csum) + change);
	csum = csum ? csum : 0xffff;
	return store(skb, at, &csum, 2, 0);
}

static inline long put_l4(struct __sk_buff *skb, const struct facts *f, uint64_t head)
{
	uint64_t icmp = f->icmp;

	if (f->proto == TCP)
		return change_checksum(skb, head + 16, 0, f->change, BPF_F_PSEUDO_HDR);
	if (f->proto == UDP)
		return put_udp_checksum(skb, f, head + 6, f->change);
	return store(skb, head, &icmp, 4, 0);
}

/* The checksum of a GSO packet only contains the pseudo-header sum.  Replaces the length FROM in it
 * by TO, and adds WITH. */
static inline long exchange_len(struct __sk_buff *skb, uint64_t from, uint64_t to, uint64_t with)
{
	uint64_t sum = fold(with + (0xffff ^ swap16((uint16_t)from)) + swap16((uint16_t)to));

	return change_checksum(skb, HEAD4 + 16, 0, sum, BPF_F_PSEUDO_HDR);
}

static inline long put_tcp_flags(struct __sk_buff *skb, uint64_t flags)
{
	return store(skb, HEAD4 + 13, &flags, 1, 0);
}

static inline long add_tcp_seq(struct __sk_buff *skb, uint64_t n)
{
	uint64_t seq = 0;

	if (load(skb, HEAD4 + 4, &seq, 4))
		return -1;
	seq = __builtin_bswap32((uint32_t)(__builtin_bswap32((uint32_t)seq) + n));
	return store(skb, HEAD4 + 4, &seq, 4, 0);
}

/* If the last segment of a GSO packet must not have DF set, it is sent separately: a clone of the
 * packet carries all other segments.  A GSO packet cannot be shortened without losing its GSO
 * state.  Instead its IP header gets the smaller length, and the IP layer trims it on input. */
static inline long translate_mixed(struct __sk_buff *skb, struct facts *f, uint64_t id)
{
	uint64_t last = f->last - f->header, l4 = f->l4 - last;

	if (last < 1 || last > DF_ABOVE ||
	    load(skb, HEAD4 + l4, f->room, BOUNDED(last, FASTPATH_ROOM)))
		return -1;
	if (f->count == 2 && change_tail(skb, HEAD4 + l4, 0))
		return -1;
	if (put_header4(skb, f, l4, true, id) || put_tcp_flags(skb, f->flags & ~(FIN | PSH)) ||
	    exchange_len(skb, f->l4, l4, f->change) ||
	    clone_redirect(skb, skb->ifindex, BPF_F_INGRESS))
		return -1;
	return change_tail(skb, HEAD4 + f->last, 0) ||
	       store(skb, HEAD4 + f->header, f->room, BOUNDED(last, FASTPATH_ROOM), 0) ||
	       put_header4(skb, f, f->last, false, id + f->count - 1) ||
	       put_tcp_flags(skb, f->flags) || add_tcp_seq(skb, l4 - f->header) ||
	       exchange_len(skb, l4, f->last, 0);
}

static inline long translate_6to4(struct __sk_buff *skb, struct facts *f,
				  struct fastpath_pair *pair)
{
	uint64_t id = fetch_add(&pair->id, f->count);

	if (is_mixed(f))
		return translate_mixed(skb, f, id);
	return put_header4(skb, f, f->l4, wants_df(f->first), id) || put_l4(skb, f, HEAD4);
}

static inline long translate_4to6(struct __sk_buff *skb, struct facts *f)
{
	return put_header6(skb, f) || put_l4(skb, f, HEAD6);
}

/* Copies the values of PAIR and the N words at TO to F.  False if PAIR is no longer valid, or if
 * the kernel has reused its memory for another pair.  In the latter case its tag, or the one at
 * TAG_BEHIND at the end of the value, is different. */
static inline bool read_pair(struct facts *f, const struct fastpath_control *control,
			     const struct fastpath_pair *pair, const void *to, int n,
			     const uint64_t *tag_behind)
{
	const volatile uint64_t *from = to;

	f->change = pair->csum;
	f->most = pair->most;
	f->most_free = pair->most_free;
	f->pair_flags = pair->flags;
	f->lease = pair->lease;
	f->lease_generation = pair->lease_generation;
	for (int i = 0; i < n; i++)
		f->to[i] = from[i];
	__asm__ volatile("" : : : "memory");
	return *(const volatile uint64_t *)&pair->tag == f->tag &&
	       *(const volatile uint64_t *)tag_behind == f->tag &&
	       *(const volatile uint32_t *)&pair->generation == control->generation;
}

/* Reads an IPv6 header.  Returns the pair of its addresses, or NULL if there is no valid one. */
static inline struct fastpath_pair *open6(struct __sk_buff *skb, struct facts *f,
					  const struct fastpath_control *control)
{
	const uint8_t *h = (const uint8_t *)f->ip;
	struct fastpath_6to4 *v;

	if (load(skb, 0, f->ip, HEAD6) || !(v = map_find(&fastpath_pairs6, f->ip + 1)))
		return 0;
	f->tag = fastpath_tag6(f->ip + 1, control->secret);
	if (!read_pair(f, control, &v->pair, &v->to, 1, &v->tag))
		return 0;
	f->dir = 1;
	f->head = HEAD6;
	f->l4 = swap16(*(const uint16_t *)(h + 4));
	f->proto = h[6];
	f->ttl = h[7];
	f->tos = (h[0] & 0xf) << 4 | h[1] >> 4;
	f->df = 0;
	f->bare = h[0] >> 4 == 6 && HEAD6 + f->l4 == skb->len;
	return &v->pair;
}

static inline struct fastpath_pair *open4(struct __sk_buff *skb, struct facts *f,
					  const struct fastpath_control *control)
{
	const uint8_t *h = (const uint8_t *)f->ip;
	struct fastpath_4to6 *v;
	uint64_t frag;

	if (load(skb, 0, f->ip, HEAD4) || !(v = map_find(&fastpath_pairs4, h + 12)))
		return 0;
	f->tag = fastpath_tag4((const uint32_t *)(h + 12), control->secret);
	if (!read_pair(f, control, &v->pair, &v->to, 4, &v->tag))
		return 0;
	f->dir = 0;
	f->head = HEAD4;
	f->l4 = swap16(*(const uint16_t *)(h + 2)) - HEAD4;
	f->proto = h[9];
	f->ttl = h[8];
	f->tos = h[1];
	frag = *(const uint16_t *)(h + 6);
	f->df = frag == DF;
	f->bare = h[0] == 0x45 && HEAD4 + f->l4 == skb->len && !(frag & ~DF) &&
		  fold(sum_bytes(h, HEAD4)) == 0xffff;
	return &v->pair;
}

/* Returns true if the packet is to be translated.  Otherwise records that it goes to the daemon. */
static inline bool judge(struct __sk_buff *skb, struct facts *f, const struct shared *s,
			 struct fastpath_pair *pair)
{
	struct fastpath_wait *flow = find_flow(skb, f);

	if (!flow) {
		pass(&pair->wait);
		return false;
	}
	if (f->pair_flags & FASTPATH_ECN_ONLY)
		f->tos &= ECN;
	if (!is_watched(s->control) || !is_plain(skb, f) || !fits(f)) {
		pass(flow);
		return false;
	}
	if (waits(s->control, flow, pair->wait.passed, pair->wait.since))
		return false;
	return f->proto != UDP ||
	       !waits(s->control, flow, s->control->udp_since, s->control->udp_since);
}

static inline int translate(struct __sk_buff *skb, struct facts *f, const struct shared *s,
			    struct fastpath_pair *pair)
{
	if (change_family(skb, f->dir == 1 ? ETH4 : ETH6, 0))
		return pass(&pair->wait);
	skb->mark = 0; /* as in packets that the daemon writes */
	if (f->dir == 1 ? translate_6to4(skb, f, pair) : translate_4to6(skb, f))
		return DROP;
	count(f, s);
	return (int)redirect(skb->ifindex, BPF_F_INGRESS);
}

static inline int run(struct __sk_buff *skb, struct facts *f)
{
	struct fastpath_pair *pair;
	struct shared s;

	s.control = element(0);
	s.totals = element(1 + processor());
	if (!s.control || !s.totals)
		return TO_DAEMON;
	pair = skb->protocol == ETH6 ? open6(skb, f, s.control) : open4(skb, f, s.control);
	if (!pair)
		return TO_DAEMON;
	s.lease = element(f->lease);
	if (!s.lease || !is_current(f, &s) || !judge(skb, f, &s, pair))
		return TO_DAEMON;
	return translate(skb, f, &s, pair);
}

/* UDP that only the daemon translates is not examined any further. */
static inline bool is_for_daemon(struct __sk_buff *skb)
{
	const struct fastpath_control *control = element(0);
	uint64_t proto = 0;

	if (skb->protocol != ETH6 && skb->protocol != ETH4)
		return true;
	if (!control || (control->flags & FASTPATH_UDP))
		return !control;
	return load(skb, skb->protocol == ETH6 ? 6 : 9, &proto, 1) || proto == UDP;
}

/* With PREEMPT_RT, the kernel may interrupt the processing of a packet for another one on the same
 * CPU.  The second one then goes to the daemon. */
__attribute__((section("tc"))) int fastpath(struct __sk_buff *skb)
{
	struct facts *f;
	int verdict = TO_DAEMON;

	if (is_for_daemon(skb))
		return TO_DAEMON;
	f = facts_of_processor();
	if (!f)
		return TO_DAEMON;
	if (fetch_add(&f->busy, 1) == 0)
		verdict = run(skb, f);
	fetch_add(&f->busy, (uint64_t)-1);
	return verdict;
}
