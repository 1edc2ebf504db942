/* command_health - answers `health`: one line or JSON object for each check. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "lib/addr_text.h"
#include "xlat/explain.h"

#define POOLS_SHOWN  16 /* maximum number of pools with free addresses that are listed */
#define STRANGERS    8  /* number of unknown hosts to try for each prefix */
#define ALLOWS_TRIED 64 /* maximum number of allow prefixes to try */

struct health {
	struct daemon *d;
	struct answer text;
	bool json;
	unsigned failed;
};

static void check(struct health *h, bool ok, const char *name, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void check(struct health *h, bool ok, const char *name, const char *format, ...)
{
	char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	h->failed += !ok;
	if (!h->json) {
		answer_add(&h->text, "%-4s  %s: %s\n", ok ? "ok" : "FAIL", name, text);
		return;
	}
	answer_add(&h->text, "{\"check\": \"%s\", \"ok\": %s, \"text\": ", name,
		   ok ? "true" : "false");
	answer_json(&h->text, text);
	answer_add(&h->text, "}\n");
}

/* A refused reload is not a failure, because the previous configuration stays in effect. */
static void check_daemon(struct health *h)
{
	const struct daemon *d = h->d;
	long long up = (long long)(clock_ms() - d->started) / 1000;

	if (d->reload.any && !d->reload.ok)
		check(h, true, "daemon", "up for %lld s; its last reload was refused: %.300s", up,
		      d->reload.error);
	else
		check(h, true, "daemon", "up for %lld s", up);
}

static void check_link(struct health *h)
{
	struct tun *t = h->d->tun;

	check(h, tun_is_up(t), "link", "%s is %s, MTU %u", tun_name(t),
	      tun_is_up(t) ? "up" : "down", tun_mtu(t));
}

/* --- pools -------------------------------------------------------------------------------- */

/* Returns a host inside P that most likely is unknown; a different one for each N. */
static struct ip6 stranger(const struct prefix6 *p, uint32_t n)
{
	uint32_t random = 2654435769U * (n + 1);
	struct ip6 a = p->addr;

	for (unsigned i = p->len; i < 128; i++) {
		random = random * 1664525 + 1013904223;
		if (random >> 31)
			a.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
	return a;
}

/* Tries some unknown hosts inside P that range number RANGE of the configuration serves.  Returns
 * true if one of them would get a lease. */
static bool has_room_in(const struct daemon *d, size_t range, const struct prefix6 *p)
{
	const struct pool *pool = d->active->pool;
	uint32_t ignored;

	for (uint32_t i = 0; i < STRANGERS; i++) {
		struct ip6 host = stranger(p, i);
		enum pool_fit fit = pool_fits(pool, &host, d->active->conf->pool[range].range.addr);

		if (fit != POOL_NOT_ALLOWED && fit != POOL_OF_OTHERS &&
		    pool_would_assign(pool, &host, daemon_seconds(d), &ignored))
			return true;
	}
	return false;
}

/* Hosts that may get a lease of ONE are inside its FROM and also inside an allowed prefix. */
static bool has_room(const struct daemon *d, const struct one_pool *one)
{
	const struct conf *c = d->active->conf;
	const struct prefix6 *from = &c->pool[one->first].from;

	if (one->used < one->size)
		return true;
	if (c->allows == 0)
		return has_room_in(d, one->first, from);
	for (size_t i = 0; i < c->allows && i < ALLOWS_TRIED; i++) {
		const struct prefix6 *longer = c->allow[i].len > from->len ? &c->allow[i] : from;
		const struct prefix6 *other = longer == from ? &c->allow[i] : from;

		if (addr_in6(&longer->addr, other) && has_room_in(d, one->first, longer))
			return true;
	}
	return false;
}

static void check_pool(struct health *h, const struct one_pool *one, bool room)
{
	const struct prefix6 *from = &h->d->active->conf->pool[one->first].from;
	char text[ADDR_TEXT];

	check(h, room, "pool", "%zu of %zu addresses%s%s leased%s", one->used, one->size,
	      from->len ? " for " : "", from->len ? addr_text_prefix6(text, from) : "",
	      room ? "" : ", and no lease can be ended yet: new hosts get none");
}

/* Checks the pools in the order of the configuration, except those that stand by.  If there are
 * many, lists only the full ones. */
static void check_pools(struct health *h)
{
	struct active *a = h->d->active;
	size_t n = command_pools(h->d), left_out = 0, own = 0;

	if (n == 0)
		return;
	daemon_count_pools(a);
	for (size_t i = 0; i < a->ones; i++)
		own += !a->one[i].standby;
	for (size_t i = 0; i < n; i++) {
		const struct one_pool *one = &a->one[a->one_of[i]];
		bool room;

		if (one->first != i || one->standby)
			continue;
		room = has_room(h->d, one);
		if (room && own > POOLS_SHOWN)
			left_out++;
		else
			check_pool(h, one, room);
	}
	if (left_out)
		check(h, true, "pool", "%zu of %zu pools have room", left_out, own);
	check(h, !h->d->xlat.draining, "drain",
	      h->d->xlat.draining ? "on: new hosts get no lease" : "off");
}

static void check_lease_file(struct health *h)
{
	const struct daemon *d = h->d;
	int trouble = d->leases.file ? leasefile_trouble(d->leases.file) : 0;

	if (!d->leases.file && d->active->pool)
		check(h, true, "lease-file", "not used: a restart loses all leases");
	else if (d->leases.file)
		check(h, !trouble, "lease-file", "%.400s/" LEASEFILE_NAME "%s%s",
		      d->active->conf->data_dir, trouble ? ": " : " is written",
		      trouble ? leasefile_strerror(trouble) : "");
}

static void check_fast_path(struct health *h)
{
	const struct daemon *d = h->d;

	check(h, true, "fast-path", "%s%s%s", d->fast ? "on" : "off", d->fast_off[0] ? ": " : "",
	      d->fast_off);
}

/* --- target ------------------------------------------------------------------------------- */

/* Returns a host that may use the translator: one that has sent recently, a mapped one, or any host
 * that is allowed and has a pool, in this order. */
static struct ip6 some_host(const struct daemon *d)
{
	static const struct ip6 example = {{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	const struct conf *c = d->active->conf;
	const struct lease *l = d->active->pool ? pool_next(d->active->pool, NULL) : NULL;

	if (l)
		return l->host;
	if (map_count(c->maps))
		return map_at(c->maps, 0)->p6.addr;
	if (c->pools > 0 && c->pool[0].from.len > 0)
		return stranger(&c->pool[0].from, 0);
	return c->allows > 0 ? stranger(&c->allow[0], 0) : example;
}

/* Explains a packet to TARGET as hosts address it through prefix number I. */
static void ask(const struct health *h, const struct prefix *target, size_t i, struct sample *s,
		struct xlat_explanation *e)
{
	s->dst6 = target->addr6;
	if (target->family == 4)
		addr_embed(&s->dst6, map_prefix_at(h->d->active->conf->maps, i), target->addr4);
	xlat_explain(&h->d->xlat, s, daemon_pool_clock(h->d), e);
}

/* It is sufficient that one prefix leads to TARGET. */
static void check_target(struct health *h, const struct prefix *target)
{
	struct sample s = {.family = 6, .proto = PROTO_ICMPV6, .src6 = some_host(h->d)};
	size_t n = target->family == 4 ? map_prefix_count(h->d->active->conf->maps) : 1;
	char from[ADDR_TEXT], to[ADDR_TEXT];
	struct xlat_explanation e = {.why = REASON_NO_MAP_DST};

	for (size_t i = 0; i < n && e.why != REASON_OK; i++)
		ask(h, target, i, &s, &e);
	if (n == 0)
		check(h, false, "target", "no translation prefix can represent this address");
	else
		check(h, e.why == REASON_OK, "target", "a ping from %s to %s %s: %s",
		      addr_text6(from, &s.src6), addr_text6(to, &s.dst6),
		      e.why == REASON_OK ? "passes" : "does not pass", reason_table[e.why].text);
}

/* --- arguments ---------------------------------------------------------------------------- */

/* Parses the target that R asks about, if any.  False if it is wrong; A then has the reason. */
static bool read_target(const struct control_request *r, struct prefix *out, struct answer *a)
{
	static const char option[] = "--target", usage[] = "usage health [--target ADDRESS]\n";
	const char *word = r->words > 1 ? r->word[1] : NULL;
	size_t n = sizeof(option) - 1;

	out->family = 0;
	if (!word)
		return true;
	if (strcmp(word, option) == 0 && r->words == 3)
		word = r->word[2];
	else if (strncmp(word, option, n) == 0 && word[n] == '=' && r->words == 2)
		word += n + 1;
	else {
		answer_add(a, "%s", usage);
		return false;
	}
	if (!strchr(word, '/') && conf_scan_either(word, out))
		return true;
	answer_add(a,
		   "usage health: %.60s is not an address (like 192.0.2.1 or 64:ff9b::192.0.2.1)\n",
		   word);
	return false;
}

void command_health(void *arg, const struct control_request *r, struct answer *a)
{
	struct health h = {.d = arg, .json = r->json};
	struct prefix target;

	if (!read_target(r, &target, a))
		return;
	check_daemon(&h);
	check_link(&h);
	check_pools(&h);
	check_lease_file(&h);
	check_fast_path(&h);
	if (target.family)
		check_target(&h, &target);
	if (h.failed == 0)
		answer_add(a, "ok\n");
	else
		answer_add(a, "error %u check%s failed\n", h.failed, h.failed > 1 ? "s" : "");
	answer_add(a, "%s", h.text.text ? h.text.text : "");
	answer_free(&h.text);
}
