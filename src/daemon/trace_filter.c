/* trace_filter - parses the arguments of `trace` and matches packets against them. */
#include <string.h>

#include "conf/conf.h"
#include "daemon/trace.h"
#include "lib/wire.h"

static const char *const directions[DIRS] = {[DIR_4TO6] = "4to6", [DIR_6TO4] = "6to4"};

static bool refuse_word(struct answer *a, const char *word)
{
	answer_add(a,
		   "usage trace: %.60s is not a filter (an address, a prefix, 6to4, 4to6, or a "
		   "reason:",
		   word);
	for (int i = 0; i < REASON_COUNT; i++)
		answer_add(a, " %s", reason_table[i].name);
	answer_add(a, ")\n");
	return false;
}

static int find_reason(const char *word)
{
	for (int i = 0; i < REASON_COUNT; i++)
		if (strcmp(word, reason_table[i].name) == 0)
			return i;
	return -1;
}

static int find_direction(const char *word)
{
	for (int i = 0; i < DIRS; i++)
		if (strcmp(word, directions[i]) == 0)
			return i;
	return -1;
}

/* Stores VALUE in AT.  Two different values would match no packet, so they are refused. */
static bool set_once(int *at, int value, const char *what, struct answer *a)
{
	if (*at >= 0 && *at != value) {
		answer_add(a, "usage trace: more than one %s given, but a packet has only one\n",
			   what);
		return false;
	}
	*at = value;
	return true;
}

/* No name of a reason contains a dot, colon or slash, or begins with a digit. */
static bool looks_like_address(const char *word)
{
	return strpbrk(word, ".:/") || (*word >= '0' && *word <= '9');
}

static bool add_net(struct trace_filter *f, const char *word, struct answer *a)
{
	char why[CONF_LINE];
	struct prefix p;

	if (!looks_like_address(word))
		return refuse_word(a, word);
	if (!conf_scan_prefix(word, &p, why)) {
		answer_add(a, "usage trace: %s\n", why);
		return false;
	}
	if (f->nets == TRACE_NETS) {
		answer_add(a, "usage trace: more than %d addresses\n", TRACE_NETS);
		return false;
	}
	f->net[f->nets].family = p.family;
	f->net[f->nets].len = p.len;
	if (p.family == 4)
		put32(f->net[f->nets].addr, p.addr4);
	else
		memcpy(f->net[f->nets].addr, p.addr6.b, sizeof(p.addr6.b));
	f->nets++;
	return true;
}

bool trace_filter_read(struct trace_filter *f, char *const *word, unsigned n, struct answer *a)
{
	bool ok = true;

	*f = (struct trace_filter){.why = -1, .dir = -1};
	for (unsigned i = 0; ok && i < n; i++) {
		int why = find_reason(word[i]), dir = find_direction(word[i]);

		if (why >= 0)
			ok = set_once(&f->why, why, "reason", a);
		else if (dir >= 0)
			ok = set_once(&f->dir, dir, "direction", a);
		else
			ok = add_net(f, word[i], a);
	}
	return ok;
}

/* Returns true if net number I contains ADDR, which is of FAMILY. */
static bool holds(const struct trace_filter *f, unsigned i, unsigned family, const uint8_t *addr)
{
	unsigned bytes = f->net[i].len / 8u, bits = f->net[i].len % 8u;
	const uint8_t *net = f->net[i].addr;

	if (f->net[i].family != family || memcmp(net, addr, bytes) != 0)
		return false;
	return bits == 0 || (net[bytes] ^ addr[bytes]) >> (8 - bits) == 0;
}

static bool side_fits(const struct trace_filter *f, unsigned i, const struct trace_side *s)
{
	return s->family && (holds(f, i, s->family, s->src) || holds(f, i, s->family, s->dst));
}

bool trace_filter_wants(const struct trace_filter *f, const struct trace_packet *p)
{
	if ((f->why >= 0 && f->why != (int)p->why) || (f->dir >= 0 && f->dir != (int)p->dir))
		return false;
	for (unsigned i = 0; i < f->nets; i++)
		if (!side_fits(f, i, &p->before) && !(p->has_after && side_fits(f, i, &p->after)))
			return false;
	return true;
}

bool trace_filter_wants_pair(const struct trace_filter *f, enum report_dir dir,
			     const struct fastpath_key4 *v4, const struct fastpath_key6 *v6)
{
	if ((f->why >= 0 && f->why != REASON_OK) || (f->dir >= 0 && f->dir != (int)dir))
		return false;
	for (unsigned i = 0; i < f->nets; i++)
		if (!holds(f, i, 4, v4->src) && !holds(f, i, 4, v4->dst) &&
		    !holds(f, i, 6, v6->src) && !holds(f, i, 6, v6->dst))
			return false;
	return true;
}
