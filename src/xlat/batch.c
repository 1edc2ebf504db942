/* batch - which GSO packet a packet joins, and in which order packets and GSO packets leave.
 *
 * A flow is found through chains hashed by its addresses and ports, the newest entry first, and of
 * all entries of a flow only the newest may grow: so its packets stay in order.  Nothing is reset
 * between bursts: a chain starts at a slot only if the entry which the slot names is held and says
 * the same of itself. */
#include "xlat/batch.h"

#include <stdlib.h>

#include "batch_impl.h"
#include "packet/gso.h"

#define SLOT_BITS 11
/* Strangers cannot aim at a chain, and chance seldom makes a longer one. */
#define CHAIN    8 /* entries looked at */
#define NONE     UINT16_MAX
#define UDP_MOST 64 /* segments that every kernel takes */

struct piece { /* payload that was merged */
	const uint8_t *p;
	uint32_t len;
	uint16_t next; /* piece of the same entry; not set in its last */
};

struct entry { /* a packet or a GSO packet to be */
	struct frame first;
	struct look look; /* of the first; its .ends become those of the GSO packet */
	uint32_t hash;
	uint32_t len;      /* of all frames, with one header */
	uint16_t segments; /* of the GSO packet, where it is one or has .look */
	uint16_t parts;
	uint16_t piece, last_piece;
	uint16_t older; /* next in its chain, or NONE */
	bool open;      /* it may grow */
	bool right;     /* its checksum was looked at */
	bool merged;
};

/* First what even an idle daemon uses; the arrays behind it are touched only as far as they fill.
 */
struct batch {
	uint64_t key[10]; /* of the hash */
	struct ipid *ipid;
	uint64_t merged;
	unsigned merge; /* enum batch_merge */
	unsigned held;  /* frames; each makes an entry or at most two pieces */
	unsigned entries, pieces;
	unsigned closed; /* entries below this one do not grow any more */
	uint16_t slot[1 << SLOT_BITS];
	struct entry entry[BATCH_PACKETS];
	struct piece piece[2 * BATCH_PACKETS];
};

_Static_assert(2 * BATCH_PACKETS < NONE, "indices of pieces");

struct batch *batch_new(const struct siphash_key *key, struct ipid *ipid)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	for (uint8_t i = 0; i < sizeof(b->key) / sizeof(*b->key); i++)
		b->key[i] = siphash(key, &i, sizeof(i));
	b->ipid = ipid;
	return b;
}

void batch_free(struct batch *b)
{
	free(b);
}

void batch_allow(struct batch *b, unsigned merge)
{
	b->merge = merge;
	b->closed = b->entries;
}

uint64_t batch_merged(const struct batch *b)
{
	return b->merged;
}

static uint64_t load32(const uint8_t *p)
{
	uint32_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Strongly universal in its upper half (pairwise multilinear: Lemire and Kaser, 2014), at a fourth
 * of the cost of SipHash, over proto, ports and addresses, which stand together in both families.
 */
static uint32_t hash_flow(const struct batch *b, const struct frame *f, const struct look *k)
{
	const uint64_t *key = b->key;
	const uint8_t *p = f->head + k->ip;
	size_t addrs = k->ip == sizeof(struct ip4_hdr) ? 8 : 32;
	uint64_t h = (key[0] + load32(p)) * (key[1] + k->proto);

	for (p -= addrs; addrs; p += 8, addrs -= 8) {
		key += 2;
		h += (key[0] + load32(p)) * (key[1] + load32(p + 4));
	}
	return (uint32_t)(h >> 32);
}

static uint32_t slot_of(uint32_t hash)
{
	return hash >> (32 - SLOT_BITS);
}

/* The newest entry in the chain of HASH, or NONE.  The slot may be left over from earlier. */
static uint16_t chain_start(const struct batch *b, uint32_t hash)
{
	uint16_t i = b->slot[slot_of(hash)];
	const struct entry *e = &b->entry[i];

	if (i >= b->entries || e->look.kind != LOOK_MERGE || slot_of(e->hash) != slot_of(hash))
		return NONE;
	return i;
}

/* The newest entry of F's flow, or NULL if that is too far down or may not grow.  Chains grow only
 * at their start, so what was too far down once will not come back. */
static struct entry *find(struct batch *b, const struct frame *f, const struct look *k,
			  uint32_t hash)
{
	uint16_t i = chain_start(b, hash);

	for (int n = 0; n < CHAIN && i != NONE && i >= b->closed; n++) {
		struct entry *e = &b->entry[i];

		if (e->hash == hash && batch_same_flow(&e->first, &e->look, f, k))
			return e->open ? e : NULL;
		i = e->older;
	}
	return NULL;
}

/* A short segment, FIN or PSH end the GSO packet; its size is SEG. */
static bool may_follow(const struct look *k, size_t seg)
{
	return k->ends == 0 && (k->payload == seg || k->payload % seg == 0);
}

static void link_entry(struct batch *b, struct entry *e, uint32_t hash)
{
	e->hash = hash;
	e->older = chain_start(b, hash);
	e->open = may_follow(&e->look, e->look.seg);
	e->right = e->first.offload.csum != CSUM_WHOLE;
	e->segments = (uint16_t)gso_segments(e->look.payload, e->look.seg);
	b->slot[slot_of(hash)] = (uint16_t)(e - b->entry);
}

/* A new entry, which may grow if HASH is given. */
static void add_entry(struct batch *b, const struct frame *f, const struct look *k,
		      const uint32_t *hash)
{
	struct entry *e = &b->entry[b->entries];

	e->first = *f;
	e->look = *k;
	e->len = (uint32_t)frame_len(f);
	e->parts = f->body_len ? 2 : 1;
	e->merged = false;
	if (hash)
		link_entry(b, e, *hash);
	else
		e->look.kind = LOOK_ALONE; /* in no chain */
	b->entries++;
}

static unsigned parts_of(const struct frame *f, const struct look *k)
{
	return (unsigned)(f->head_len > k->header) + (f->body_len > 0);
}

static bool has_room(const struct entry *e, const struct frame *f, const struct look *k)
{
	if (k->seg > e->look.seg || (k->seg < e->look.seg && k->payload > k->seg))
		return false;
	if (e->len + k->payload > IP_LEN_MAX || e->parts + parts_of(f, k) > BATCH_PARTS + 1)
		return false;
	return k->proto != PROTO_UDP || e->segments + gso_segments(k->payload, k->seg) <= UDP_MOST;
}

static bool fits(const struct entry *e, const struct frame *f, const struct look *k)
{
	return has_room(e, f, k) &&
	       batch_same_header(&e->first, f, k, (size_t)(e->len - e->look.header));
}

static void add_piece(struct batch *b, struct entry *e, const uint8_t *p, size_t len)
{
	uint16_t i = (uint16_t)b->pieces++;

	b->piece[i] = (struct piece){.p = p, .len = (uint32_t)len, .next = NONE};
	if (e->merged)
		b->piece[e->last_piece].next = i;
	else
		e->piece = i;
	e->last_piece = i;
	e->merged = true;
	e->parts++;
}

static void extend(struct batch *b, struct entry *e, const struct frame *f, const struct look *k)
{
	if (f->head_len > k->header)
		add_piece(b, e, f->head + k->header, f->head_len - k->header);
	if (f->body_len)
		add_piece(b, e, f->body, f->body_len);
	e->len += k->payload;
	e->segments = (uint16_t)(e->segments + gso_segments(k->payload, k->seg));
	e->look.ends = k->ends;
	e->open = may_follow(k, e->look.seg);
	b->merged++;
}

static bool frame_right(const struct frame *f, const struct look *k)
{
	return f->offload.csum != CSUM_WHOLE || batch_checksum_ok(f, k);
}

static bool entry_right(struct entry *e)
{
	e->right = e->right || batch_checksum_ok(&e->first, &e->look);
	return e->right;
}

/* F may be merged.  Checksums are summed only now that there is something to gain. */
static void merge(struct batch *b, const struct frame *f, const struct look *k)
{
	uint32_t hash = hash_flow(b, f, k);
	struct entry *e = find(b, f, k, hash);

	if (!e || !fits(e, f, k) || !entry_right(e)) {
		add_entry(b, f, k, &hash);
	} else if (frame_right(f, k)) {
		extend(b, e, f, k);
	} else {
		e->open = false;
		add_entry(b, f, k, NULL);
	}
}

/* F, of a known flow, may not be merged, nor be overtaken by what comes later. */
static void keep_apart(struct batch *b, const struct frame *f, const struct look *k)
{
	struct entry *e = find(b, f, k, hash_flow(b, f, k));

	if (e)
		e->open = false;
	add_entry(b, f, k, NULL);
}

static bool is_allowed(const struct batch *b, const struct look *k)
{
	return b->merge & (k->proto == PROTO_TCP ? BATCH_TCP : BATCH_UDP);
}

bool batch_add(struct batch *b, const struct frame *f)
{
	struct look k;

	if (b->held == BATCH_PACKETS)
		return false;
	b->held++;
	k = batch_look(f);
	if (k.kind == LOOK_UNKNOWN)
		b->closed = b->entries;
	if (k.kind < LOOK_ALONE || !is_allowed(b, &k))
		add_entry(b, f, &k, NULL);
	else if (k.kind == LOOK_ALONE)
		keep_apart(b, f, &k);
	else
		merge(b, f, &k);
	return true;
}

/* IPv4 packets that may be fragmented on their way need Identifications of their own; of the others
 * nobody looks at it [6864-4.1]. */
static unsigned gso_id(const struct batch *b, const struct entry *e)
{
	const struct ip4_hdr *ip = (const void *)e->first.head;

	if (e->look.ip != sizeof(*ip))
		return 0;
	if (get16(ip->frag) & IP4_DF)
		return get16(ip->id);
	return ipid_take(b->ipid, get32(ip->src), get32(ip->dst), e->segments);
}

static void finish_gso(const struct batch *b, struct entry *e)
{
	const struct look *k = &e->look;

	batch_put_headers(&e->first, k, e->len, gso_id(b, e));
	e->first.offload = (struct offload){
		.csum = CSUM_PARTIAL,
		.gso = (uint8_t)gso_type_of(k->proto, look_family(k)),
		.seg = k->seg,
		.header = k->header,
		.csum_start = k->ip,
		.csum_offset = (uint16_t)gso_csum_at(k->proto),
	};
}

static unsigned count_segments(const struct entry *e)
{
	const struct offload *o = &e->first.offload;

	return o->gso && e->len > o->header ? (unsigned)gso_segments(e->len - o->header, o->seg)
					    : 1;
}

static void fill_parts(const struct batch *b, const struct entry *e, struct batch_out *out)
{
	const struct frame *f = &e->first;
	struct span *s = out->part;

	*s++ = (struct span){f->head, f->head_len};
	if (f->body_len)
		*s++ = (struct span){f->body, f->body_len};
	for (uint16_t i = e->piece; s < out->part + e->parts; i = b->piece[i].next)
		*s++ = (struct span){b->piece[i].p, b->piece[i].len};
}

void batch_flush(struct batch *b, void (*send)(void *arg, const struct batch_out *out), void *arg)
{
	struct batch_out out;

	for (struct entry *e = b->entry; e < b->entry + b->entries; e++) {
		if (e->merged)
			finish_gso(b, e);
		out.offload = e->first.offload;
		out.parts = e->parts;
		out.segments = count_segments(e);
		out.len = e->len;
		fill_parts(b, e, &out);
		send(arg, &out);
	}
	b->held = b->entries = b->pieces = b->closed = 0;
}
