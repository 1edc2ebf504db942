/* conf_pool_words - the words after the range of a `dynamic-pool`: the hosts that it serves, how
 * long leases last, how many leases a network may have, and whether it stands by. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_pool.h"

#define TIME_MAX  315360000u /* seconds: 3650 days */
#define SHARE_MAX 16777216u  /* more than the largest range has addresses */
#define TIME_TEXT 16

static const struct unit {
	char letter;
	uint32_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

/* Returns the unit that follows the N digits of S, or NULL. */
static const struct unit *unit_of(const char *s, size_t n)
{
	char letter = s[n] ? (char)tolower((unsigned char)s[n]) : 's';

	if (s[n] && s[n + 1])
		return NULL;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].letter == letter)
			return &units[i];
	return NULL;
}

static bool scan_time(const char *s, int32_t *seconds)
{
	size_t n = strspn(s, "0123456789");
	const struct unit *unit = unit_of(s, n);
	unsigned long v;

	if (n == 0 || n > 9 || *s == '0' || !unit)
		return false;
	v = strtoul(s, NULL, 10);
	*seconds = (int32_t)(v * unit->seconds);
	return v <= TIME_MAX / unit->seconds;
}

static bool parse_time(struct conf_reader *r, const char *s, int32_t *seconds)
{
	return scan_time(s, seconds) ||
	       conf_error(r,
			  "%s is not a time from 1s to 3650d (for example 300, 300s, 5m, 2h or 1d)",
			  s);
}

/* Formats SECONDS in the largest unit that divides it. */
static char *time_text(char buf[TIME_TEXT], int32_t seconds)
{
	const struct unit *unit = units;

	while ((uint32_t)seconds % unit->seconds != 0)
		unit++;
	snprintf(buf, TIME_TEXT, "%u%c", (uint32_t)seconds / unit->seconds, unit->letter);
	return buf;
}

static int32_t default_keep(int32_t guarantee)
{
	return guarantee > POOL_KEEP ? guarantee : POOL_KEEP;
}

char *conf_lease_text(char buf[CONF_LEASE_TEXT], const struct pool_conf *p)
{
	char guarantee[TIME_TEXT], keep[TIME_TEXT];
	bool two = p->keep != default_keep(p->guarantee);

	snprintf(buf, CONF_LEASE_TEXT, "lease %s%s%s", time_text(guarantee, p->guarantee),
		 two ? " " : "", two ? time_text(keep, p->keep) : "");
	return buf;
}

char *conf_share_text(char buf[CONF_SHARE_TEXT], const struct pool_conf *p)
{
	snprintf(buf, CONF_SHARE_TEXT, "share %u %u", p->share_len, p->share);
	return buf;
}

static bool set_from(struct conf_reader *r, char **arg, unsigned n, struct pool_conf *p)
{
	(void)n;
	return conf_parse_hosts(r, arg[0], &p->from);
}

static bool set_lease(struct conf_reader *r, char **arg, unsigned n, struct pool_conf *p)
{
	bool ok = parse_time(r, arg[0], &p->guarantee);

	if (n < 2) {
		p->keep = default_keep(p->guarantee);
		return ok;
	}
	if (!parse_time(r, arg[1], &p->keep) || !ok)
		return false;
	return p->keep >= p->guarantee ||
	       conf_error(
		       r,
		       "%s %s: the second time is shorter than the first (did you mean `lease %s "
		       "%s`?)",
		       arg[0], arg[1], arg[1], arg[0]);
}

static bool set_share(struct conf_reader *r, char **arg, unsigned n, struct pool_conf *p)
{
	unsigned len = 0, share = 0;
	bool ok = conf_parse_number(r, arg[0], 1, 128, &len);

	(void)n;
	ok = conf_parse_number(r, arg[1], 1, SHARE_MAX, &share) && ok;
	p->share_len = (uint8_t)len;
	p->share = share;
	return ok;
}

static bool set_standby(struct conf_reader *r, char **arg, unsigned n, struct pool_conf *p)
{
	(void)r;
	(void)arg;
	(void)n;
	p->standby = true;
	return true;
}

/* The keywords after the range, each at most once, in any order. */
static const struct pool_word {
	const char *word, *syntax;
	const char *what;  /* prefix of messages about its arguments */
	unsigned min, max; /* number of arguments */
	bool (*set)(struct conf_reader *r, char **arg, unsigned n, struct pool_conf *p);
} pool_words[] = {
	{"from", "IPV6[/LENGTH]", "dynamic-pool: from", 1, 1, set_from},
	{"lease", "TIME [TIME]", "dynamic-pool: lease", 1, 2, set_lease},
	{"share", "LENGTH LEASES", "dynamic-pool: share", 2, 2, set_share},
	{"standby", "", "dynamic-pool: standby", 0, 0, set_standby},
};

#define POOL_WORDS (sizeof(pool_words) / sizeof(*pool_words))

static const struct pool_word *find_word(const char *s)
{
	for (size_t i = 0; i < POOL_WORDS; i++)
		if (strcasecmp(s, pool_words[i].word) == 0)
			return &pool_words[i];
	return NULL;
}

bool conf_is_pool_word(const char *s)
{
	return find_word(s);
}

/* Returns how many elements of ARG belong to W; an optional argument begins with a digit. */
static unsigned count_args(const struct pool_word *w, char **arg)
{
	unsigned n = 0;

	while (n < w->max && arg[n] && !find_word(arg[n]) &&
	       (n < w->min || isdigit((unsigned char)*arg[n])))
		n++;
	return n;
}

/* Reports that ARG begins with no keyword.  Returns how many elements to skip up to the next
 * keyword, so that there is one message for all of them. */
static unsigned complain_word(struct conf_reader *r, char **arg)
{
	unsigned n = 1;

	conf_error(
		r,
		"%s is not one of from, lease, share, standby (use from IPV6[/LENGTH], lease TIME "
		"[TIME], share LENGTH LEASES or standby; a time is one word, like 2h)",
		arg[0]);
	while (arg[n] && !find_word(arg[n]))
		n++;
	return n;
}

/* GIVEN: the keyword has already appeared on this line. */
static bool set_word(struct conf_reader *r, const struct pool_word *w, char **arg, unsigned n,
		     bool given, struct pool_conf *p)
{
	const char *what = r->what;
	bool ok;

	r->what = w->what;
	if (given)
		ok = conf_error(r, "given twice on one line (give it once)");
	else if (n < w->min)
		ok = conf_error(r, "takes %s, not %u (%s %s)",
				w->max == 1        ? "one argument"
				: w->min == w->max ? "two arguments"
						   : "one or two arguments",
				n, w->word, w->syntax);
	else
		ok = w->set(r, arg, n, p);
	r->what = what;
	return ok;
}

bool conf_set_pool_words(struct conf_reader *r, char **arg, struct pool_conf *p)
{
	bool given[POOL_WORDS] = {false}, ok = true;

	for (unsigned n; *arg; arg += n) {
		const struct pool_word *w = find_word(*arg);

		if (!w) {
			n = complain_word(r, arg);
			ok = false;
			continue;
		}
		n = count_args(w, ++arg);
		ok = set_word(r, w, arg, n, given[w - pool_words], p) && ok;
		given[w - pool_words] = true;
	}
	return ok;
}
