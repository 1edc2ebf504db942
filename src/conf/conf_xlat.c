/* conf_xlat - the directives about translation: the choices that the RFCs leave to the operator. */
#include <string.h>
#include <strings.h>

#include "conf_text.h"
#include "lib/wire.h"

#define RATE_MAX 1000000 /* twice this value, the burst, must not overflow */
#define NET_RATE 50      /* second argument of icmp-rate if left out */
#define MSS_MIN  536     /* [9293-3.7.1] */
#define MSS_MAX  65495   /* longest IPv4 packet without its minimum headers */

static bool add_translatable(struct conf_reader *r, const char *s)
{
	static const struct conf_want want = {.family = 4, .length = LENGTH_OR_NOT};
	struct conf *c = r->conf;
	struct prefix a;

	return conf_parse_addr(r, s, &want, &a) &&
	       conf_append4(r, &c->translatable, &c->translatables,
			    &(struct prefix4){a.addr4, a.len});
}

/* yes and no may appear only once and alone; networks may be on several lines. */
bool conf_set_translatable(struct conf_reader *r, char **arg)
{
	unsigned first = conf_first(r, "translatable"), all = 0;
	bool networks = conf_is_addr(arg[0], 4) || strchr(arg[0], '/'), ok = true;

	if (first != r->line && (!networks || r->conf->translatables == 0))
		return conf_error(
			r, "conflicts with line %u (give either yes or no once, or networks)",
			first);
	if (!networks && !arg[1]) {
		ok = conf_parse_word(r, arg[0], &conf_yes_no, &all);
		r->conf->xlat.translatable_all = all;
		return ok;
	}
	for (; *arg; arg++)
		ok &= add_translatable(r, *arg);
	return ok;
}

void conf_print_translatable(const struct conf_out *out)
{
	const struct conf *c = out->conf;
	char text[ADDR_TEXT];

	if (c->translatables == 0)
		conf_put(out, "%s", conf_word(&conf_yes_no, c->xlat.translatable_all));
	for (size_t i = 0; i < c->translatables; i++)
		conf_put(out, "%s", addr_text_prefix4(text, &c->translatable[i]));
}

/* With the Well-Known Prefix or a pool the default is no.  Otherwise this is a network of
 * IPv4-translatable hosts [6052-3.3], which has its own prefix and needs no pool. */
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

	if (!conf_first(r, "translatable"))
		c->xlat.translatable_all = translatable_default(c);
	if (c->translatables == 0)
		return;
	c->translatable_table = lpm_new(32);
	for (size_t i = 0; i < c->translatables && c->translatable_table; i++) {
		put32(key, c->translatable[i].addr);
		lpm_add(c->translatable_table, key, c->translatable[i].len, (uint32_t)i);
	}
	if (!c->translatable_table || lpm_seal(c->translatable_table) < 0)
		r->no_memory = true;
	c->xlat.translatable = c->translatable_table;
}

static const struct conf_words tos_words = {"neither copy nor ignore",
					    {{"copy", 0}, {"ignore", 1}}};
static const struct conf_words tos_directions = {"neither 4to6 nor 6to4",
						 {{"4to6", 0}, {"6to4", 1}}};

static bool *tos_of(struct conf_reader *r, unsigned direction)
{
	struct xlat_conf *x = &r->conf->xlat;

	return direction == 0 ? &x->tos_ignore_4to6 : &x->tos_ignore_6to4;
}

/* Returns true, after an error message, if another line has set a direction from FIRST to LAST
 * differently. */
static bool tos_contradicts(struct conf_reader *r, unsigned first, unsigned last, bool ignore)
{
	for (unsigned i = first; i <= last; i++) {
		if (!r->tos_at[i] || *tos_of(r, i) == ignore)
			continue;
		conf_error(r, "%s for %s contradicts line %u (each direction has one setting)",
			   conf_word(&tos_words, ignore), conf_word(&tos_directions, i),
			   r->tos_at[i]);
		return true;
	}
	return false;
}

bool conf_set_tos(struct conf_reader *r, char **arg)
{
	unsigned first = 0, last = 1, ignore = 0;
	bool ok = conf_parse_word(r, arg[0], &tos_words, &ignore);

	if (arg[1]) {
		ok = conf_parse_word(r, arg[1], &tos_directions, &first) && ok;
		last = first;
	}
	if (!ok || tos_contradicts(r, first, last, ignore))
		return false;
	for (unsigned i = first; i <= last; i++) {
		*tos_of(r, i) = ignore;
		r->tos_at[i] = r->line;
	}
	return true;
}

void conf_print_tos(const struct conf_out *out)
{
	const struct xlat_conf *x = &out->conf->xlat;

	if (x->tos_ignore_4to6 == x->tos_ignore_6to4) {
		conf_put(out, "%s", conf_word(&tos_words, x->tos_ignore_4to6));
		return;
	}
	conf_put(out, "%s 4to6", conf_word(&tos_words, x->tos_ignore_4to6));
	conf_put(out, "%s 6to4", conf_word(&tos_words, x->tos_ignore_6to4));
}

bool conf_set_mss_clamp(struct conf_reader *r, char **arg)
{
	int *clamp = &r->conf->xlat.mss_clamp;
	unsigned bytes;

	if (strcasecmp(arg[0], "auto") == 0)
		*clamp = MSS_AUTO;
	else if (strcasecmp(arg[0], "off") == 0)
		*clamp = MSS_OFF;
	else if (arg[0][0] < '0' || arg[0][0] > '9')
		return conf_error(r, "%s is not auto, off or a number of bytes", arg[0]);
	else if (conf_parse_number(r, arg[0], MSS_MIN, MSS_MAX, &bytes))
		*clamp = (int)bytes;
	else
		return false;
	return true;
}

void conf_print_mss_clamp(const struct conf_out *out)
{
	int clamp = out->conf->xlat.mss_clamp;

	if (clamp == MSS_AUTO || clamp == MSS_OFF)
		conf_put(out, "%s", clamp == MSS_AUTO ? "auto" : "off");
	else
		conf_put(out, "%d", clamp);
}

bool conf_take_icmp_source_pool(struct conf_reader *r, const char *s, const struct prefix *a)
{
	struct xlat_conf *x = &r->conf->xlat;

	x->icmp_source = (struct prefix4){a->addr4, a->len};
	x->has_icmp_source = conf_check_pool4(r, s, &x->icmp_source, "192.168.254.0/28");
	return x->has_icmp_source;
}

void conf_print_icmp_source_pool(const struct conf_out *out)
{
	const struct xlat_conf *x = &out->conf->xlat;
	char text[ADDR_TEXT];

	if (x->has_icmp_source)
		conf_put(out, "%s", addr_text_prefix4(text, &x->icmp_source));
}

bool conf_set_icmp_rate(struct conf_reader *r, char **arg)
{
	unsigned all, net = 0;
	bool ok = conf_parse_number(r, arg[0], 0, RATE_MAX, &all);

	if (arg[1])
		ok = conf_parse_number(r, arg[1], 0, RATE_MAX, &net) && ok;
	else if (ok)
		net = all < NET_RATE ? all : NET_RATE;
	if (!ok)
		return false;
	if (net > all)
		conf_warn(r, "a limit of %u to one network has no effect with a total limit of %u",
			  net, all);
	r->conf->icmp_rate = (struct ratelimit_conf){
		.all_rate = all,
		.all_burst = 2 * all,
		.net_rate = net,
		.net_burst = 2 * net,
	};
	return true;
}

/* The rate has an effect only with icmp-errors limit. */
void conf_print_icmp_rate(const struct conf_out *out)
{
	const struct ratelimit_conf *rate = &out->conf->icmp_rate;

	if (out->conf->xlat.icmp_errors == ICMP_ERRORS_LIMIT)
		conf_put(out, "%u %u", rate->all_rate, rate->net_rate);
}
