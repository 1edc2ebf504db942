/* rig - a translator under test. */
#include "rig.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire.h"
#include "support/facts.h"

static const struct siphash_key key = {0x0123456789abcdef, 0x0f1e2d3c4b5a6978};

static char *split(char *text)
{
	char *slash = strchr(text, '/');

	if (slash)
		*slash++ = 0;
	return slash;
}

static uint32_t parse4(const char *text)
{
	uint8_t b[4];

	ck_assert_msg(inet_pton(AF_INET, text, b) == 1, "setup: %s", text);
	return get32(b);
}

static struct prefix4 parse_prefix4(char *text)
{
	char *len = split(text);

	return (struct prefix4){parse4(text), (uint8_t)(len ? atoi(len) : 32)};
}

static struct prefix6 parse_prefix6(char *text)
{
	struct prefix6 p = {.len = 128};
	char *len = split(text);

	ck_assert_msg(inet_pton(AF_INET6, text, &p.addr) == 1, "setup: %s", text);
	if (len)
		p.len = (uint8_t)atoi(len);
	return p;
}

static void set_udp(struct rig *r, const char *how)
{
	r->conf.udp_zero = strcmp(how, "calc") == 0   ? UDP_ZERO_CALC
			   : strcmp(how, "drop") == 0 ? UDP_ZERO_DROP
						      : UDP_ZERO_FWD;
}

static void add_map(struct rig *r, char *a, char *b)
{
	struct map m = {parse_prefix4(a), parse_prefix6(b)};
	size_t other;

	ck_assert_int_eq(map_add(r->maps, &m, &other), MAP_ADDED);
}

static void add_prefix(struct rig *r, char *a)
{
	struct prefix6 p = parse_prefix6(a);

	ck_assert(map_add_prefix(r->maps, &p));
}

static void add_pool(struct rig *r, char *a, char *from)
{
	ck_assert_uint_lt(r->pools, RIG_POOLS);
	r->pool[r->pools] = pool_plain(parse_prefix4(a));
	if (*from)
		r->pool[r->pools].from = parse_prefix6(from);
	r->pools++;
}

static void open_pool(struct rig *r)
{
	struct prefix4 own = {r->conf.own4, 32};

	if (r->pools == 0)
		return;
	r->x.pool = pool_new(r->pool, r->pools, &key);
	ck_assert_ptr_nonnull(r->x.pool);
	pool_set_allow(r->x.pool, r->conf.allow);
	pool_reserve(r->x.pool, &own);
}

static void add_allow(struct rig *r, char *a)
{
	struct prefix6 p = parse_prefix6(a);

	if (!r->allow)
		r->allow = lpm_new(128);
	lpm_add(r->allow, p.addr.b, p.len, r->allows++);
	r->conf.allow = r->allow;
}

static void add_deny(struct rig *r, char *a)
{
	struct prefix4 p = parse_prefix4(a);
	uint8_t addr[4];

	put32(addr, p.addr);
	if (!r->deny)
		r->deny = lpm_new(32);
	lpm_add(r->deny, addr, p.len, r->denies++);
	r->conf.deny = r->deny;
}

static void set_source(struct rig *r, char *a)
{
	r->conf.icmp_source = parse_prefix4(a);
	r->conf.has_icmp_source = true;
}

static void set_translatable(struct rig *r, char *a)
{
	uint8_t addr[4];
	struct prefix4 p;

	r->says_translatable = true;
	r->conf.translatable_all = strcmp(a, "yes") == 0;
	if (a[0] < '0' || a[0] > '9')
		return;
	p = parse_prefix4(a);
	put32(addr, p.addr);
	if (!r->translatable)
		r->translatable = lpm_new(32);
	lpm_add(r->translatable, addr, p.len, r->translatables++);
	r->conf.translatable = r->translatable;
}

static void add_route6(struct rig *r, char *a, const char *where)
{
	struct prefix6 p = parse_prefix6(a);

	if (!r->routes6)
		r->routes6 = lpm_new(128);
	lpm_add(r->routes6, p.addr.b, p.len, strcmp(where, "here") == 0);
	r->x.routes6 = r->routes6;
}

static void seal(struct rig *r)
{
	bool wkp = false;

	ck_assert_int_eq(map_seal(r->maps), 0);
	ck_assert(!r->translatable || lpm_seal(r->translatable) == 0);
	ck_assert(!r->routes6 || lpm_seal(r->routes6) == 0);
	ck_assert(!r->allow || lpm_seal(r->allow) == 0);
	ck_assert(!r->deny || lpm_seal(r->deny) == 0);
	for (size_t i = 0; i < map_prefix_count(r->maps); i++)
		wkp = wkp || addr_is_wkp(map_prefix_at(r->maps, i));
	if (!r->says_translatable)
		r->conf.translatable_all = !r->pools && !wkp;
}

static void set_errors(struct rig *r, const char *how)
{
	r->conf.icmp_errors = strcmp(how, "send") == 0    ? ICMP_ERRORS_SEND
			      : strcmp(how, "never") == 0 ? ICMP_ERRORS_NEVER
							  : ICMP_ERRORS_LIMIT;
}

/* Handles the words for choices that RFCs leave to the operator; returns false for other words. */
static bool choice(struct rig *r, const char *name, char *a)
{
	if (strcmp(name, "source") == 0)
		set_source(r, a);
	else if (strcmp(name, "nodeid") == 0)
		r->conf.node_id = strcmp(a, "yes") == 0;
	else if (strcmp(name, "tos") == 0)
		*(strcmp(a, "4to6") == 0 ? &r->conf.tos_ignore_4to6 : &r->conf.tos_ignore_6to4) =
			true;
	else if (strcmp(name, "translatable") == 0)
		set_translatable(r, a);
	else if (strcmp(name, "allow") == 0)
		add_allow(r, a);
	else if (strcmp(name, "deny") == 0)
		add_deny(r, a);
	else if (strcmp(name, "errors") == 0)
		set_errors(r, a);
	else if (strcmp(name, "mss") == 0)
		r->conf.mss_clamp = strcmp(a, "auto") == 0 ? MSS_AUTO : atoi(a);
	else
		return false;
	return true;
}

static void set_rate(struct rig *r, const char *net, const char *all)
{
	r->rate.net_rate = r->rate.net_burst = (uint32_t)atoi(net);
	if (*all)
		r->rate.all_rate = r->rate.all_burst = (uint32_t)atoi(all);
}

static void directive(struct rig *r, char *name, char *a, char *b)
{
	if (strcmp(name, "prefix") == 0)
		add_prefix(r, a);
	else if (strcmp(name, "map") == 0)
		add_map(r, a, b);
	else if (strcmp(name, "pool") == 0)
		add_pool(r, a, b);
	else if (strcmp(name, "own4") == 0)
		r->conf.own4 = parse4(a);
	else if (strcmp(name, "own6") == 0)
		r->conf.own6 = parse_prefix6(a).addr;
	else if (strcmp(name, "mtu") == 0)
		r->x.mtu = (unsigned)atoi(a);
	else if (strcmp(name, "offlink") == 0)
		r->conf.offlink_mtu = (unsigned)atoi(a);
	else if (strcmp(name, "udp") == 0)
		set_udp(r, a);
	else if (strcmp(name, "wkpf") == 0)
		r->conf.wkpf_strict = strcmp(a, "no") != 0;
	else if (strcmp(name, "rate") == 0)
		set_rate(r, a, b);
	else if (strcmp(name, "route6") == 0)
		add_route6(r, a, b);
	else if (!choice(r, name, a))
		ck_abort_msg("setup: %s", name);
}

void rig_open(struct rig *r, const char *setup)
{
	char *text = strdup(setup ? setup : RIG_SETUP), *save, *one;
	char name[64], a[128], b[128] = "";

	memset(r, 0, sizeof(*r));
	r->conf.wkpf_strict = true;
	r->conf.offlink_mtu = 1280;
	r->rate = (struct ratelimit_conf){1000000, 1000000, 100000, 100000};
	r->x.conf = &r->conf;
	r->x.mtu = 1500;
	r->x.ipid.key = key;
	r->scratch = (struct arena){malloc(XLAT_SCRATCH), XLAT_SCRATCH, 0};
	r->out.scratch = &r->scratch;
	r->maps = map_table_new();
	r->x.maps = r->maps;
	r->now = 1000000;
	for (one = strtok_r(text, ";", &save); one; one = strtok_r(NULL, ";", &save), *b = '\0')
		if (sscanf(one, "%63s %127s %127s", name, a, b) > 0)
			directive(r, name, a, b);
	free(text);
	seal(r);
	open_pool(r);
	r->x.ratelimit = ratelimit_new(&r->rate, &key);
	r->input.b = malloc(CRAFT_MAX);
	ck_assert(r->x.ratelimit && r->input.b && r->scratch.bytes);
}

void rig_close(struct rig *r)
{
	map_table_free(r->maps);
	if (r->x.pool)
		pool_free(r->x.pool);
	ratelimit_free(r->x.ratelimit);
	lpm_free(r->translatable);
	lpm_free(r->routes6);
	lpm_free(r->allow);
	lpm_free(r->deny);
	free(r->room);
	free(r->scratch.bytes);
	free(r->input.b);
}

static enum reason check_facts(const struct xlat_out *out, enum reason why)
{
	for (unsigned i = 0; i < out->outputs; i++) {
		const char *bad = facts_fault(&out->output[i]);

		ck_assert_msg(!bad, "output %u: %s", i, bad);
	}
	return why;
}

enum reason rig_send(struct rig *r, const uint8_t *bytes, size_t len)
{
	return rig_send_offload(r, bytes, len, NULL);
}

enum reason rig_send_offload(struct rig *r, const uint8_t *bytes, size_t len,
			     const struct offload *o)
{
	free(r->room);
	r->room = malloc(XLAT_HEADROOM + len);
	ck_assert_ptr_nonnull(r->room);
	r->packet = r->room + XLAT_HEADROOM;
	memset(r->room, 0xa5, XLAT_HEADROOM);
	if (len)
		memcpy(r->packet, bytes, len);
	if (bytes != r->input.b && len)
		memcpy(r->input.b, bytes, len);
	r->input.len = len;
	r->scratch.used = 0;
	return check_facts(&r->out, xlat_packet(&r->x, r->packet, len, o, r->now, &r->out));
}

enum reason rig_send_text(struct rig *r, const char *text)
{
	struct bytes none = {r->input.b, 0};
	size_t len = craft(r->input.b, text, &none);

	return rig_send(r, r->input.b, len);
}

size_t rig_output(const struct rig *r, unsigned i, uint8_t *to)
{
	const struct output *o = &r->out.output[i];

	memcpy(to, o->head, o->head_len);
	if (o->body.len)
		memcpy(to + o->head_len, o->body.p, o->body.len);
	return o->len;
}

/* Expands "answer T C REST" to the text of the whole packet. */
static void expand_answer(const struct rig *r, const char *text, char *to, size_t size)
{
	char own[64], peer[64];
	const uint8_t *in = r->input.b;
	uint8_t own4[4];

	if (in[0] >> 4 == 4) {
		put32(own4, r->conf.own4);
		inet_ntop(AF_INET, own4, own, sizeof(own));
		inet_ntop(AF_INET, in + 12, peer, sizeof(peer));
		snprintf(to, size, "4 s=%s d=%s tos=0xc0 id=* ttl=64 | icmp %.300s cut=548 | in",
			 own, peer, text + strlen("answer "));
		return;
	}
	inet_ntop(AF_INET6, &r->conf.own6, own, sizeof(own));
	inet_ntop(AF_INET6, in + 8, peer, sizeof(peer));
	snprintf(to, size, "6 s=%s d=%s hop=64 | icmp %.300s cut=1232 | in", own, peer,
		 text + strlen("answer "));
}

/* If the text of the IPv4 packet WANT has "id=*", copies the Identification from GOT to it; for an
 * answer also DF. */
static void adopt_id(uint8_t *want, const uint8_t *got, bool answer)
{
	memcpy(want + 4, got + 4, 2);
	if (answer)
		memcpy(want + 6, got + 6, 2);
	craft_seal4(want);
}

static char message[600];

static const char *output_differs(struct rig *r, unsigned i, const char *text)
{
	static uint8_t want[CRAFT_MAX], got[CRAFT_MAX];
	char expanded[600];
	size_t len, n, at;

	if (strncmp(text, "answer", 6) == 0) {
		expand_answer(r, text, expanded, sizeof(expanded));
		text = expanded;
	}
	n = craft(want, text, &r->input);
	len = rig_output(r, i, got);
	if (want[0] >> 4 == 4 && strstr(text, "id=*") && len >= 20)
		adopt_id(want, got, r->out.answers > 0);
	for (at = 0; at < len && at < n && want[at] == got[at];)
		at++;
	if (len == n && at == n)
		return NULL;
	snprintf(message, sizeof(message),
		 "output %u: byte %zu is %02x, not %02x; %zu bytes, should be %zu; %.300s", i, at,
		 at < len ? got[at] : 0, at < n ? want[at] : 0, len, n, text);
	return message;
}

static const char *outputs_differ(struct rig *r, const char *text)
{
	char one[2000];
	unsigned n = 0;
	const char *bad;

	while (text && *text) {
		size_t len;

		text += strspn(text, " ");
		len = strcspn(text, ";");
		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		text += len + (text[len] == ';');
		if (n >= r->out.outputs)
			return "fewer packets than expected";
		bad = output_differs(r, n++, one);
		if (bad)
			return bad;
	}
	return n == r->out.outputs ? NULL : "more packets than expected";
}

const char *rig_differs(struct rig *r, enum reason got, enum reason want, const char *text)
{
	if (got != want) {
		snprintf(message, sizeof(message), "reason is %s, not %s", reason_table[got].name,
			 reason_table[want].name);
		return message;
	}
	if (got != REASON_OK && got != REASON_SELF_ECHO &&
	    memcmp(r->packet, r->input.b, r->input.len) != 0)
		return "a refused packet was changed";
	if (r->out.outputs && (r->out.answers > 0) != (got != REASON_OK))
		return "answers is wrong";
	return text && strcmp(text, "*") == 0 ? NULL : outputs_differ(r, text);
}

void rig_expect(struct rig *r, const char *in, enum reason why, const char *out)
{
	const char *bad = rig_differs(r, rig_send_text(r, in), why, out);

	ck_assert_msg(!bad, "%s: %s", in, bad);
}

void rig_expect_trailing(const char *in, const char *out)
{
	static struct rig r;
	static uint8_t b[CRAFT_MAX];
	const char *bad;
	size_t len;

	rig_open(&r, NULL);
	len = craft(b, in, NULL);
	memset(b + len, 0xff, 100);
	bad = rig_differs(&r, rig_send(&r, b, len + 100), REASON_OK, out);
	ck_assert_msg(!bad, "trailing bytes: %s: %s", in, bad);
	rig_close(&r);
}

void rig_expect_truncated(const char *in, size_t header, enum reason also)
{
	static struct rig r;
	static uint8_t b[CRAFT_MAX];
	size_t len;

	rig_open(&r, NULL);
	len = craft(b, in, NULL);
	for (size_t n = 0; n < len; n++) {
		enum reason why = rig_send(&r, b, n);

		ck_assert_msg(why == REASON_TOO_SHORT || (n < header && why == also),
			      "%s cut to %zu: %s", in, n, reason_table[why].name);
		ck_assert_uint_eq(r.out.outputs, 0);
	}
	rig_close(&r);
}

static const char *row_fault(const struct rig_row *row)
{
	static struct rig r;
	const char *bad;
	enum reason got;

	rig_open(&r, row->setup);
	got = rig_send_text(&r, row->in);
	bad = rig_differs(&r, got, row->why, row->out);
	rig_close(&r);
	return bad;
}

void rig_check_rows(const struct rig_row *row, int n)
{
	int i, failed = 0;

	for (i = 0; i < n; i++) {
		const char *bad = row_fault(&row[i]);

		if (!bad)
			continue;
		failed++;
		fprintf(stderr, "# %s: %s\n", row[i].name, bad);
	}
	ck_assert_msg(!failed, "%d of %d rows failed, named above; the last: %s", failed, n,
		      message);
}
