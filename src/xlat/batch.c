/* batch - selects the GSO packet that a packet joins, and the order in which packets leave.
 *
 * A hash over addresses and ports selects a chain of entries, newest first.  Only the newest entry
 * of a flow may grow, so the packets of a flow stay in order.  Slots are not cleared between
 * bursts; a slot is valid only if its entry is in use and hashes to it. */
#include "xlat/batch.h"

#include <stdlib.h>

#include "batch_impl.h"

#define SLOT_BITS 11
/* The key prevents attackers from filling a chain, and a longer one is unlikely by chance. */
#define CHAIN    8 /* maximum entries to look at */
#define NONE     UINT16_MAX
#define UDP_MOST 64 /* segments that all kernels accept */

struct entry { /* a packet, to which others may be merged */
	struct output out;
	struct part *last; /* last part of its body */
	uint32_t hash;
	uint16_t seg;   /* payload bytes per segment, except the last */
	uint16_t older; /* next entry of its chain, or NONE */
	uint8_t ends;   /* TCP flags of the last segment */
	bool chained;
	bool open;  /* may still grow */
	bool right; /* checksum verified */
	bool merged;
};

/* The members that every burst uses come first; the large arrays after them are touched only as far
 * as they are filled. */
struct batch {
	uint64_t key[10]; /* of the hash */
	struct ipid *ipid;
	uint64_t merged;
	unsigned merge; /* enum batch_merge */
	unsigned held;  /* packets; each uses one entry, or at most two parts */
	unsigned entries, parts;
	unsigned given;  /* entries already returned */
	unsigned closed; /* entries with a lower index no longer grow */
	uint16_t slot[1 << SLOT_BITS];
	struct entry entry[BATCH_PACKETS];
	struct part part[2 * BATCH_PACKETS];
};

_Static_assert(BATCH_PACKETS < NONE, "indices of entries");

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

/* Strongly universal in its upper half (pairwise multilinear: Lemire and Kaser, 2014), at a quarter
 * of the cost of SipHash.  Covers protocol, ports and addresses, which are adjacent in both
 * families. */
static uint32_t hash_flow(const struct batch *b, const struct output *o)
{
	const uint64_t *key = b->key;
	const uint8_t *p = o->head + o->ip;
	size_t addrs = o->family == 4 ? 8 : 32;
	uint64_t h = (key[0] + load32(p)) * (key[1] + o->proto);

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

/* Returns the newest entry in the chain of HASH, or NONE.  The slot may be stale. */
static uint16_t chain_start(const struct batch *b, uint32_t hash)
{
	uint16_t i = b->slot[slot_of(hash)];
	const struct entry *e = &b->entry[i];

	if (i >= b->entries || !e->chained || slot_of(e->hash) != slot_of(hash))
		return NONE;
	return i;
}

/* Returns the newest entry of O's flow, or NULL if it is too far down the chain or must not grow.
 * Chains grow only at their start, so an entry that was too far down is never found again. */
static struct entry *find(struct batch *b, const struct output *o, uint32_t hash)
{
	uint16_t i = chain_start(b, hash);

	for (int n = 0; n < CHAIN && i != NONE && i >= b->closed; n++) {
		struct entry *e = &b->entry[i];

		if (e->hash == hash && batch_same_flow(&e->out, o))
			return e->open ? e : NULL;
		i = e->older;
	}
	return NULL;
}

static uint32_t seg_of(const struct output *o)
{
	return o->offload.gso ? o->offload.seg : output_payload(o);
}

/* Makes O the last segment of E.  A short segment, FIN or PSH ends a GSO packet. */
static void set_end(struct entry *e, const struct output *o)
{
	uint32_t payload = output_payload(o);

	e->ends = batch_ends(o);
	e->open = e->ends == 0 && (payload == e->seg || payload % e->seg == 0);
}

static void link_entry(struct batch *b, struct entry *e, uint32_t hash)
{
	e->hash = hash;
	e->older = chain_start(b, hash);
	e->chained = true;
	e->seg = (uint16_t)seg_of(&e->out);
	e->right = e->out.offload.csum != CSUM_WHOLE;
	set_end(e, &e->out);
	b->slot[slot_of(hash)] = (uint16_t)(e - b->entry);
}

/* Adds an entry, which may grow if HASH is not NULL. */
static void add_entry(struct batch *b, const struct output *o, const uint32_t *hash)
{
	struct entry *e = &b->entry[b->entries];

	e->out = *o;
	e->last = &e->out.body;
	e->chained = e->merged = false;
	if (hash)
		link_entry(b, e, *hash);
	b->entries++;
}

static unsigned payload_parts(const struct output *o)
{
	return o->head_len > (uint32_t)o->ip + o->l4 ? o->parts : o->parts - 1u;
}

static bool has_room(const struct entry *e, const struct output *o)
{
	uint32_t seg = seg_of(o), payload = output_payload(o);

	if (seg > e->seg || (seg < e->seg && payload > seg))
		return false;
	if (e->out.len + payload > IP_LEN_MAX || e->out.parts + payload_parts(o) > OUTPUT_PARTS)
		return false;
	return o->proto != PROTO_UDP || e->out.segments + o->segments <= UDP_MOST;
}

static bool fits(const struct entry *e, const struct output *o)
{
	return has_room(e, o) && batch_same_header(&e->out, o, output_payload(&e->out));
}

static void add_part(struct batch *b, struct entry *e, const uint8_t *p, uint32_t len)
{
	if (e->last->len > 0) {
		struct part *next = &b->part[b->parts++];

		e->last->next = next;
		e->last = next;
	}
	*e->last = (struct part){.p = p, .len = len};
	e->out.parts++;
	e->out.len += len;
}

static void extend(struct batch *b, struct entry *e, const struct output *o)
{
	uint32_t header = (uint32_t)o->ip + o->l4;

	if (o->head_len > header)
		add_part(b, e, o->head + header, o->head_len - header);
	if (o->body.len)
		add_part(b, e, o->body.p, o->body.len);
	e->out.segments = (uint16_t)(e->out.segments + o->segments);
	e->merged = true;
	set_end(e, o);
	b->merged++;
}

static bool is_right(const struct output *o)
{
	return o->offload.csum != CSUM_WHOLE || batch_checksum_ok(o);
}

static bool entry_right(struct entry *e)
{
	e->right = e->right || batch_checksum_ok(&e->out);
	return e->right;
}

/* Merges O if possible.  Verifies a complete checksum only if merging depends on it. */
static void merge(struct batch *b, const struct output *o)
{
	uint32_t hash = hash_flow(b, o);
	struct entry *e = find(b, o, hash);

	if (!e || !fits(e, o) || !entry_right(e)) {
		add_entry(b, o, &hash);
	} else if (is_right(o)) {
		extend(b, e, o);
	} else {
		e->open = false;
		add_entry(b, o, NULL);
	}
}

/* Adds O, which belongs to a known flow and must not be merged; later packets of the flow must not
 * overtake it. */
static void keep_apart(struct batch *b, const struct output *o)
{
	struct entry *e = find(b, o, hash_flow(b, o));

	if (e)
		e->open = false;
	add_entry(b, o, NULL);
}

static bool is_allowed(const struct batch *b, const struct output *o)
{
	return b->merge & (o->proto == PROTO_TCP ? BATCH_TCP : BATCH_UDP);
}

bool batch_add(struct batch *b, const struct output *o)
{
	enum merge_kind kind;

	if (b->held == BATCH_PACKETS)
		return false;
	b->held++;
	kind = batch_kind(o);
	if (kind == MERGE_UNKNOWN)
		b->closed = b->entries;
	if (kind < MERGE_NEVER || !is_allowed(b, o))
		add_entry(b, o, NULL);
	else if (kind == MERGE_NEVER)
		keep_apart(b, o);
	else
		merge(b, o);
	return true;
}

/* IPv4 packets that routers may fragment need distinct Identifications; for other packets the value
 * has no meaning [6864-4.1]. */
static unsigned gso_id(const struct batch *b, const struct output *o)
{
	const struct ip4_hdr *ip = (const void *)o->head;

	if (o->family != 4)
		return 0;
	if (get16(ip->frag) & IP4_DF)
		return get16(ip->id);
	return ipid_take(b->ipid, get32(ip->src), get32(ip->dst), o->segments);
}

const struct output *batch_next(struct batch *b)
{
	struct entry *e = &b->entry[b->given];

	if (b->given == b->entries) {
		b->held = b->entries = b->parts = b->given = b->closed = 0;
		return NULL;
	}
	b->given++;
	if (e->merged) {
		batch_put_headers(&e->out, e->ends, gso_id(b, &e->out));
		output_leave(&e->out, e->seg, 0);
	}
	return &e->out;
}
