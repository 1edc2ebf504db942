/* fuzz_wire - compares the packets before and after a batch, byte for byte. */
#include "fuzz_wire.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz_check.h"
#include "support/facts.h"

#define MOST 4096 /* packets on the wire */

struct packets {
	size_t n;
	struct {
		uint8_t *bytes;
		size_t len;
		bool gone;
	} at[MOST];
};

struct wire {
	struct batch *batch;
	struct ipid ipid;
	unsigned held;
	uint8_t *copy[BATCH_PACKETS];
	struct packets want, got;
};

struct wire *wire_new(void)
{
	struct wire *w = calloc(1, sizeof(*w));

	EXPECT(w != NULL);
	w->batch = batch_new(&(struct siphash_key){3, 4}, &w->ipid);
	EXPECT(w->batch != NULL);
	return w;
}

void wire_free(struct wire *w)
{
	wire_flush(w);
	batch_free(w->batch);
	free(w);
}

void wire_allow(struct wire *w, unsigned merge)
{
	batch_allow(w->batch, merge);
}

static void put(struct packets *to, uint8_t *bytes, size_t len)
{
	EXPECT(to->n < MOST);
	to->at[to->n].gone = false;
	to->at[to->n].bytes = bytes;
	to->at[to->n++].len = len;
}

static void put_segments(struct packets *to, const struct output *o)
{
	uint8_t *flat = fuzz_flatten(o);
	struct gso_packet t;
	size_t n, len;

	if (o->offload.csum != CSUM_PARTIAL) {
		put(to, flat, o->len);
		return;
	}
	t = output_gso(o);
	t.l4 = flat + o->ip;
	for (size_t off = 0; off == 0 || off < t.payload; off += n) {
		uint8_t *bytes;

		n = o->offload.gso ? min_size(t.payload - off, o->offload.seg) : t.payload;
		bytes = fuzz_cut(&t, flat, off, n, &len);
		put(to, bytes, len);
		if (n == 0)
			break;
	}
	free(flat);
}

/* The copy ends exactly where the output does, so that a sanitizer detects an access beyond it. */
static void copy(struct wire *w, const struct output *from, struct output *o)
{
	uint8_t *bytes = fuzz_bytes(OFFLOAD_HDR + from->head_len + from->body.len);

	*o = *from;
	o->head = bytes + OFFLOAD_HDR;
	memcpy(o->head, from->head, from->head_len);
	if (from->body.len)
		memcpy(o->head + o->head_len, from->body.p, from->body.len);
	o->body.p = o->head + o->head_len;
	w->copy[w->held++] = bytes;
}

void wire_add(struct wire *w, const struct output *o)
{
	struct output mine;

	if (w->held == BATCH_PACKETS || w->want.n > MOST - 100)
		wire_flush(w);
	copy(w, o, &mine);
	put_segments(&w->want, &mine);
	EXPECT(batch_add(w->batch, &mine));
}

/* Returns true if X and Y are equal, except for the number of an IPv4 packet. */
static bool same_bytes(const uint8_t *x, const uint8_t *y, size_t len)
{
	if (x[0] >> 4 != 4)
		return memcmp(x, y, len) == 0;
	return memcmp(x, y, 4) == 0 && memcmp(x + 6, y + 6, 4) == 0 &&
	       memcmp(x + 12, y + 12, len - 12) == 0;
}

static bool same_flow(const uint8_t *x, size_t x_len, const uint8_t *y, size_t y_len)
{
	struct facts a = facts_ip(x, x_len), b = facts_ip(y, y_len);
	size_t addrs = a.family == 4 ? 12 : 8;

	if (a.family != b.family || a.proto != b.proto || a.ip != b.ip || a.fragment || b.fragment)
		return false;
	if (memcmp(x + addrs, y + addrs, a.family == 4 ? 8 : 32) != 0)
		return false;
	return x_len >= a.ip + 4 && y_len >= b.ip + 4 && memcmp(x + a.ip, y + b.ip, 4) == 0;
}

/* The packet was to be sent, and no earlier one of its flow is still missing. */
static void match(struct packets *want, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < want->n; i++) {
		if (want->at[i].gone)
			continue;
		if (want->at[i].len == len && same_bytes(want->at[i].bytes, bytes, len)) {
			want->at[i].gone = true;
			return;
		}
		EXPECT(!same_flow(want->at[i].bytes, want->at[i].len, bytes, len));
	}
	fuzz_expect(false, "the packet was to be sent", __FILE__, __LINE__);
}

static void drop(struct packets *p)
{
	while (p->n > 0)
		free(p->at[--p->n].bytes);
}

void wire_flush(struct wire *w)
{
	const struct output *o;
	unsigned left = 0;

	while ((o = batch_next(w->batch))) {
		EXPECT(facts_fault(o) == NULL && o->len <= IP_LEN_MAX + 40);
		put_segments(&w->got, o);
		left++;
	}
	EXPECT(left <= w->held && w->got.n == w->want.n);
	for (size_t i = 0; i < w->got.n; i++)
		match(&w->want, w->got.at[i].bytes, w->got.at[i].len);
	drop(&w->want);
	drop(&w->got);
	while (w->held > 0)
		free(w->copy[--w->held]);
}
