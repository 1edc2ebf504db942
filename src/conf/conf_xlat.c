/* conf_xlat - the directives about the translation itself: what RFCs leave to the operator. */
#include <string.h>
#include <strings.h>

#include "conf_text.h"
#include "lib/wire.h"

#define RATE_MAX 1000000 /* a burst of twice as many must not overflow */
#define NET_RATE 50      /* of icmp-rate, left out */
#define MSS_MIN  536     /* [9293-3.7.1] */
#define MSS_MAX  65495   /* behind the least headers of the longest IPv4 packet */

static void add_translatable(struct conf_reader *r, const char *s)
{
	static const struct conf_want want = {.bare = true};
	struct conf *c = r->conf;
	struct prefix4 p, *bigger;

	if (!conf_parse_prefix4(r, s, &want, &p))
		return;
	bigger = conf_grow(r, c->translatable, c->translatables, sizeof(p));
	if (!bigger)
		return;
	c->translatable = bigger;
	c->translatable[c->translatables++] = p;
}

/* yes and no say all there is to say; networks may stand in several lines. */
void conf_set_translatable(struct conf_reader *r, char **arg, unsigned n)
{
	unsigned first = r->first[D_TRANSLATABLE];
	bool networks = conf_is_addr4(arg[0]) || strchr(arg[0], '/');

	if (first != r->line && (!networks || r->conf->translatables == 0)) {
		conf_error(r, "line %u says otherwise (either yes or no, once, or networks)",
			   first);
		return;
	}
	if (!networks && n == 1) {
		conf_parse_bool(r, arg[0], &r->conf->xlat.translatable_all);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		add_translatable(r, arg[i]);
}

/* A network of IPv4-translatable hosts [6052-3.3] has a prefix of its own and needs no pool. */
static bool translatable_default(const struct conf *c)
{
	for (size_t i = 0; i < map_prefix_count(c->maps); i++)
		if (addr_is_wkp(map_prefix_at(c->maps, i)))
			return false;
	return c->pools == 0;
}

void conf_check_translatable(struct conf_reader *r)
{
	struct conf *c = r->conf;
	uint8_t key[4];

	if (!r->first[D_TRANSLATABLE])
		c->xlat.translatable_all = translatable_default(c);
	if (c->translatables == 0)
		return;
	c->translatable_table = lpm_new(32);
	for (size_t i = 0; i < c->translatables && c->translatable_table; i++) {
		put32(key, c->translatable[i].addr);
		lpm_add(c->translatable_table, key, c->translatable[i].len, 0);
	}
	if (!c->translatable_table || lpm_seal(c->translatable_table) < 0)
		r->no_memory = true;
	c->xlat.translatable = c->translatable_table;
}

void conf_set_wkpf_strict(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	conf_parse_bool(r, arg[0], &r->conf->xlat.wkpf_strict);
}

/* Tayga goes by the first letters only; these are the words that they are the first letters of. */
static const struct {
	const char *word;
	enum udp_zero mode;
} udp_words[] = {
	{"calc", UDP_ZERO_CALC}, {"calculate", UDP_ZERO_CALC}, {"drop", UDP_ZERO_DROP},
	{"fwd", UDP_ZERO_FWD},   {"forward", UDP_ZERO_FWD},
};

void conf_set_udp_cksum_mode(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	for (size_t i = 0; i < sizeof(udp_words) / sizeof(*udp_words); i++) {
		if (strcasecmp(arg[0], udp_words[i].word) == 0) {
			r->conf->xlat.udp_zero = udp_words[i].mode;
			return;
		}
	}
	conf_error(r, WORD " is none of drop, calc, fwd", arg[0]);
}

/* Less than every IPv6 link carries [8200-5], or more than a length field can say, makes no sense.
 */
void conf_set_offlink_mtu(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	conf_parse_number(r, arg[0], 1280, 65535, &r->conf->xlat.offlink_mtu);
}

static const char *const tos_words[] = {"copy", "ignore"};
static const char *const tos_directions[] = {"4to6", "6to4"};

/* Which of the two WORDS is S?  -1, and said so, if neither. */
static int parse_either(struct conf_reader *r, const char *s, const char *const words[2])
{
	for (int i = 0; i < 2; i++)
		if (strcasecmp(s, words[i]) == 0)
			return i;
	conf_error(r, WORD " is neither %s nor %s", s, words[0], words[1]);
	return -1;
}

static bool *tos_of(struct conf_reader *r, int direction)
{
	struct xlat_conf *x = &r->conf->xlat;

	return direction == 0 ? &x->tos_ignore_4to6 : &x->tos_ignore_6to4;
}

/* Has another line said otherwise of a direction from FIRST to LAST? */
static bool tos_contradicts(struct conf_reader *r, int first, int last, int ignore)
{
	for (int i = first; i <= last; i++) {
		if (!r->tos_at[i] || *tos_of(r, i) == ignore)
			continue;
		conf_error(r, "%s for %s contradicts line %u (each direction has one)",
			   tos_words[ignore], tos_directions[i], r->tos_at[i]);
		return true;
	}
	return false;
}

void conf_set_tos(struct conf_reader *r, char **arg, unsigned n)
{
	int ignore = parse_either(r, arg[0], tos_words), first = 0, last = 1;

	if (n == 2)
		first = last = parse_either(r, arg[1], tos_directions);
	if (ignore < 0 || first < 0 || tos_contradicts(r, first, last, ignore))
		return;
	for (int i = first; i <= last; i++) {
		*tos_of(r, i) = ignore;
		r->tos_at[i] = r->line;
	}
}

void conf_set_mss_clamp(struct conf_reader *r, char **arg, unsigned n)
{
	int *clamp = &r->conf->xlat.mss_clamp;
	unsigned bytes;

	(void)n;
	if (strcasecmp(arg[0], "auto") == 0)
		*clamp = MSS_AUTO;
	else if (strcasecmp(arg[0], "off") == 0)
		*clamp = MSS_OFF;
	else if (arg[0][0] < '0' || arg[0][0] > '9')
		conf_error(r, WORD " is none of auto, off, or a number of bytes", arg[0]);
	else if (conf_parse_number(r, arg[0], MSS_MIN, MSS_MAX, &bytes))
		*clamp = (int)bytes;
}

void conf_set_icmp_source_pool(struct conf_reader *r, char **arg, unsigned n)
{
	static const struct conf_want want = {.example = 28};
	struct xlat_conf *x = &r->conf->xlat;
	struct prefix4 p;

	(void)n;
	if (!conf_parse_prefix4(r, arg[0], &want, &p) ||
	    !conf_check_pool4(r, arg[0], &p, "192.168.254.0/28"))
		return;
	x->icmp_source = p;
	x->has_icmp_source = true;
}

void conf_set_icmp_node_id(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	conf_parse_bool(r, arg[0], &r->conf->xlat.node_id);
}

void conf_set_icmp_errors(struct conf_reader *r, char **arg, unsigned n)
{
	enum icmp_errors *errors = &r->conf->xlat.icmp_errors;

	(void)n;
	if (strcasecmp(arg[0], "send") == 0)
		*errors = ICMP_ERRORS_SEND;
	else if (strcasecmp(arg[0], "limit") == 0)
		*errors = ICMP_ERRORS_LIMIT;
	else if (strcasecmp(arg[0], "never") == 0)
		*errors = ICMP_ERRORS_NEVER;
	else
		conf_error(r, WORD " is none of send, limit, never", arg[0]);
}

void conf_set_icmp_rate(struct conf_reader *r, char **arg, unsigned n)
{
	unsigned all, net = 0;
	bool ok = conf_parse_number(r, arg[0], 0, RATE_MAX, &all);

	if (n == 2)
		ok = conf_parse_number(r, arg[1], 0, RATE_MAX, &net) && ok;
	else if (ok)
		net = all < NET_RATE ? all : NET_RATE;
	if (!ok)
		return;
	if (net > all)
		conf_warn(r, "%u to one network is out of reach with %u over all", net, all);
	r->conf->icmp_rate = (struct ratelimit_conf){
		.all_rate = all,
		.all_burst = 2 * all,
		.net_rate = net,
		.net_burst = 2 * net,
	};
}
