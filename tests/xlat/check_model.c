/* check_model - compares the translator with a slow model of the rules, on random configurations
 * and packets.
 *
 * NAT64D_MODEL_PACKETS sets the number of packets, NAT64D_MODEL_SEED the first seed.  After every
 * BLOCK packets, a new configuration is made with the next seed.  To reproduce a difference, use
 * the seed in its message and BLOCK packets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/facts.h"
#include "support/generated.h"
#include "support/run.h"

#define BLOCK   200
#define PACKETS SHORTENED(300000)

static struct bench {
	struct generated g;
	struct xlat_out out;
	struct model_out want;
	uint8_t in[GENERATE_MAX], got[MODEL_BYTES], scratch_bytes[XLAT_SCRATCH];
	struct arena scratch;
	size_t len;
	uint64_t seed;
	unsigned number;
	unsigned long seen[REASON_COUNT][2], outputs, answers;
} bench;

static void bench_open(struct bench *b, uint64_t seed)
{
	b->seed = seed;
	generated_open(&b->g, seed);
	b->scratch = (struct arena){b->scratch_bytes, XLAT_SCRATCH, 0};
	b->out.scratch = &b->scratch;
}

/* --- reporting a difference ----------------------------------------------------------------- */

static void print_hex(const char *what, const uint8_t *p, size_t n)
{
	fprintf(stderr, "# %s (%zu bytes):", what, n);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", p[i]);
	fprintf(stderr, "\n");
}

static void print_conf(const struct model *m)
{
	const struct xlat_conf *c = m->conf;

	fprintf(stderr,
		"# mtu %u offlink %u udp %d wkpf-strict %d tos-ignore %d %d icmp-errors %d mss %d "
		"node-id %d leases %u draining %d\n# own4 %08x",
		m->mtu, c->offlink_mtu, (int)c->udp_zero, c->wkpf_strict, c->tos_ignore_4to6,
		c->tos_ignore_6to4, (int)c->icmp_errors, c->mss_clamp, c->node_id, m->leases,
		m->draining, c->own4);
	for (unsigned i = 0; i < m->pools; i++)
		fprintf(stderr, ", pool %08x/%u", m->pool[i].addr, m->pool[i].len);
	if (c->has_icmp_source)
		fprintf(stderr, ", icmp-source %08x/%u", c->icmp_source.addr, c->icmp_source.len);
	fprintf(stderr, "\n");
	print_hex("own6", c->own6.b, 16);
	for (unsigned i = 0; i < m->prefixes; i++) {
		fprintf(stderr, "# /%u ", m->prefix[i].len);
		print_hex("prefix", m->prefix[i].addr.b, 16);
	}
	for (unsigned i = 0; i < m->pools; i++) {
		fprintf(stderr, "# /%u ", m->from[i].len);
		print_hex("from", m->from[i].addr.b, 16);
	}
	for (unsigned i = 0; i < m->allows; i++) {
		fprintf(stderr, "# /%u ", m->allow[i].len);
		print_hex("allow", m->allow[i].addr.b, 16);
	}
	for (unsigned i = 0; i < m->denies; i++)
		fprintf(stderr, "# deny %08x/%u\n", m->deny[i].addr, m->deny[i].len);
	for (unsigned i = 0; i < m->maps; i++) {
		fprintf(stderr, "# %08x/%u /%u ", m->map[i].p4.addr, m->map[i].p4.len,
			m->map[i].p6.len);
		print_hex("map", m->map[i].p6.addr.b, 16);
	}
}

static void print_case(const struct bench *b, const uint8_t *in)
{
	fprintf(stderr, "# NAT64D_MODEL_SEED=%llu NAT64D_MODEL_PACKETS=%d, packet %u\n",
		(unsigned long long)b->seed, BLOCK, b->number);
	print_conf(&b->g.model);
	print_hex("packet", in, b->len);
}

/* --- comparing ------------------------------------------------------------------------------- */

static size_t output_bytes(const struct output *o, uint8_t *to)
{
	memcpy(to, o->head, o->head_len);
	if (o->body.len)
		memcpy(to + o->head_len, o->body.p, o->body.len);
	return o->len;
}

static bool output_differs(struct bench *b, unsigned i)
{
	size_t from = i ? b->want.end[i - 1] : 0, n = b->want.end[i] - from;
	size_t len = output_bytes(&b->out.output[i], b->got);
	const char *bad = facts_fault(&b->out.output[i]);

	if (bad)
		fprintf(stderr, "# %s\n", bad);
	if (!bad && len == n && memcmp(b->got, b->want.bytes + from, n) == 0)
		return false;
	fprintf(stderr, "# output %u differs\n", i);
	print_hex("translator", b->got, len);
	print_hex("model     ", b->want.bytes + from, n);
	return true;
}

static bool differs(struct bench *b, enum reason why, const uint8_t *packet)
{
	if (why != b->want.why) {
		fprintf(stderr, "# translator: %s, model: %s\n", reason_table[why].name,
			reason_table[b->want.why].name);
		return true;
	}
	if (b->out.outputs != b->want.outputs || b->out.suppressed != b->want.suppressed ||
	    (b->out.record != NULL) != b->want.record ||
	    (b->out.outputs && (b->out.answers > 0) != b->want.is_answer)) {
		fprintf(stderr, "# translator: %u outputs, answers %u, suppressed %u, record %d\n",
			b->out.outputs, b->out.answers, b->out.suppressed, b->out.record != NULL);
		fprintf(stderr, "# model:      %u outputs, answer %d, suppressed %d, record %d\n",
			b->want.outputs, b->want.is_answer, b->want.suppressed, b->want.record);
		return true;
	}
	if (why != REASON_OK && why != REASON_SELF_ECHO && memcmp(packet, b->in, b->len) != 0) {
		fprintf(stderr, "# a refused packet was changed\n");
		return true;
	}
	for (unsigned i = 0; i < b->out.outputs; i++)
		if (output_differs(b, i))
			return true;
	return false;
}

/* Marks leases as stored, like the daemon. */
static void put_on_record(struct bench *b)
{
	if (!b->out.record)
		return;
	pool_record(b->out.record, (int32_t)(b->g.now / 1000));
}

static bool send_one(struct bench *b)
{
	uint8_t *room =
		malloc(XLAT_HEADROOM +
		       b->len); /* exact size, so that a sanitizer detects an access beyond it */
	uint8_t chosen[20] = {0};
	enum reason why;
	bool bad;

	ck_assert_ptr_nonnull(room);
	memset(room, 0xa5, XLAT_HEADROOM);
	memcpy(room + XLAT_HEADROOM, b->in, b->len);
	b->scratch.used = 0;
	why = xlat_packet(&b->g.x, room + XLAT_HEADROOM, b->len, NULL, b->g.now, &b->out);
	put_on_record(b);
	if (b->out.outputs && output_bytes(&b->out.output[0], b->got) >= 20)
		memcpy(chosen, b->got, 20);
	model_packet(&b->g.model, b->in, b->len, (int32_t)(b->g.now / 1000), chosen, &b->want);
	bad = differs(b, why, room + XLAT_HEADROOM);
	b->seen[why][b->in[0] >> 4 == 6]++;
	b->outputs += b->out.outputs;
	b->answers += b->out.answers;
	free(room);
	return !bad;
}

static void run_block(struct bench *b, uint64_t seed)
{
	bench_open(b, seed);
	for (b->number = 0; b->number < BLOCK; b->number++) {
		generated_pass_time(&b->g);
		b->len = generate_packet(&b->g.model, generate_below(2) ? 4 : 6, b->in);
		if (send_one(b))
			continue;
		print_case(b, b->in);
		ck_abort_msg("translator and model differ: see above");
	}
	generated_close(&b->g);
}

static uint64_t from_env(const char *name, uint64_t other)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : other;
}

static void print_seen(const struct bench *b, unsigned long packets)
{
	fprintf(stderr, "# %lu packets, %lu outputs, of these %lu answers\n", packets, b->outputs,
		b->answers);
	for (int why = 0; why < REASON_COUNT; why++)
		fprintf(stderr, "# %-24s %8lu 4->6 %8lu 6->4\n", reason_table[why].name,
			b->seen[why][0], b->seen[why][1]);
}

/* Fails if the random packets never reached some rule. */
static void check_all_seen(const struct bench *b)
{
	for (int why = 0; why < REASON_COUNT; why++)
		ck_assert_msg(why == REASON_BAD_OFFLOAD || /* only for GSO packets, which the model
							      does not have */
				      b->seen[why][0] + b->seen[why][1] > 0,
			      "no packet was %s", reason_table[why].name);
}

START_TEST(test_model)
{
	uint64_t seed = from_env("NAT64D_MODEL_SEED", 1);
	unsigned long packets = (unsigned long)from_env("NAT64D_MODEL_PACKETS", PACKETS);

	for (unsigned long n = 0; n < packets; n += BLOCK)
		run_block(&bench, seed++);
	if (getenv("NAT64D_MODEL_PACKETS"))
		print_seen(&bench, packets);
	if (packets >= PACKETS)
		check_all_seen(&bench);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	TCase *tc = tcase_create("model");

	tcase_set_timeout(tc, 0);
	tcase_add_test(tc, test_model);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
