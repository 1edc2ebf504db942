/* conf_text - parses numbers, addresses and prefixes, and accepts only unambiguous forms. */
#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf_text.h"
#include "lib/wire.h"

/* The part of an address before its slash, in a buffer that is large enough for every valid one. */
struct half {
	char s[INET6_ADDRSTRLEN];
	const char *len; /* the text after the slash, or NULL */
};

static bool half_split(struct half *h, const char *s)
{
	size_t n = strcspn(s, "/");

	h->len = s[n] ? s + n + 1 : NULL;
	if (n >= sizeof(h->s))
		return false;
	memcpy(h->s, s, n);
	h->s[n] = '\0';
	return true;
}

/* Accepts digits only: no sign, no leading zero, nothing after them. */
static bool scan_number(const char *s, unsigned max, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	*out = (unsigned)v;
	return isdigit((unsigned char)*s) && !(s[0] == '0' && s[1]) && !*end && v <= max;
}

/* Reads S as an address of the family of OUT.  Rejects an octet like 010, which some programs read
 * as decimal and others as octal. */
static bool scan_addr(const char *s, struct prefix *out)
{
	uint8_t four[4];

	if (out->family == 6)
		return inet_pton(AF_INET6, s, out->addr6.b) == 1;
	if (inet_pton(AF_INET, s, four) != 1)
		return false;
	out->addr4 = get32(four);
	return true;
}

/* Removes the leading zeros of each number in S. */
static void cut_zeros(char *s)
{
	char *out = s, before = '.';

	for (; *s; s++)
		if (*s != '0' || isdigit((unsigned char)before) || !isdigit((unsigned char)s[1]))
			before = *out++ = *s;
	*out = '\0';
}

bool conf_is_addr(const char *s, uint8_t family)
{
	struct prefix a = {.family = family};
	struct half h;

	return half_split(&h, s) && scan_addr(h.s, &a);
}

bool conf_parse_number(struct conf_reader *r, const char *s, unsigned min, unsigned max,
		       unsigned *out)
{
	unsigned v;

	if (scan_number(s, max, &v) && v >= min) {
		*out = v;
		return true;
	}
	return conf_error(r, "%s is not a plain number from %u to %u", s, min, max);
}

bool conf_parse_word(struct conf_reader *r, const char *s, const struct conf_words *words,
		     unsigned *out)
{
	for (const struct conf_word *w = words->at; w->word; w++) {
		if (strcasecmp(s, w->word) == 0) {
			*out = w->value;
			return true;
		}
	}
	return conf_error(r, "%s is %s", s, words->neither);
}

const char *conf_word(const struct conf_words *words, unsigned value)
{
	const struct conf_word *w = words->at;

	while (w->value != value)
		w++;
	return w->word;
}

bool conf_path_fits(struct conf_reader *r, const char *s)
{
	char text[CONF_SHORT];

	if (strlen(s) < PATH_MAX)
		return true;
	return conf_error(r, "%s is too long (a path has at most %d characters)",
			  conf_short(text, s), PATH_MAX - 1);
}

/* Reports that S is no address (or no prefix, if PREFIX) of FAMILY. */
static bool complain(struct conf_reader *r, const char *s, uint8_t family, bool prefix)
{
	static const char *const likes[2][2] = {{"192.0.2.1", "192.0.2.0/24"},
						{"2001:db8::1", "2001:db8::/96"}};
	const char *kind = prefix ? "prefix" : "address";
	uint8_t other = family == 4 ? 6 : 4;
	struct half h;

	if (conf_is_addr(s, other))
		return conf_error(r, "%s is IPv%u, but an IPv%u %s is required here", s, other,
				  family, kind);
	if (family == 4 && half_split(&h, s)) {
		cut_zeros(h.s);
		if (conf_is_addr(h.s, 4))
			return conf_error(r,
					  "%s has leading zeros, which some programs read as octal "
					  "(did you mean %s?)",
					  s, h.s);
	}
	return conf_error(r, "%s is not an IPv%u %s (for example %s)", s, family, kind,
			  likes[family == 6][prefix]);
}

static bool is_clean(const struct prefix *a, struct prefix *clean)
{
	*clean = *a;
	clean->addr4 &= addr_mask4(a->family == 4 ? a->len : 0);
	addr_clean6(&clean->addr6, a->len);
	return clean->addr4 == a->addr4 && ip6_equal(&clean->addr6, &a->addr6);
}

bool conf_parse_addr(struct conf_reader *r, const char *s, const struct conf_want *want,
		     struct prefix *out)
{
	uint8_t family = want->family ? want->family : strchr(s, ':') ? 6 : 4;
	unsigned max = family == 4 ? 32 : 128, len = max;
	char text[ADDR_TEXT];
	struct prefix clean;
	struct half h;

	*out = (struct prefix){.family = family};
	if (!want->family && family == 4 && !isdigit((unsigned char)*s))
		return conf_error(r,
				  "%s is not an IPv4 or IPv6 address (for example 192.0.2.%s or "
				  "2001:db8::%s)",
				  s, want->host_bits ? "1/24" : "0/24",
				  want->host_bits ? "1/64" : "/64");
	if (!half_split(&h, s) || !scan_addr(h.s, out))
		return complain(r, s, family, want->length == LENGTH_NEEDED);
	if (h.len && want->length == LENGTH_NONE)
		return conf_error(r, "%s must be an address without a length (did you mean %s?)", s,
				  h.s);
	if (!h.len && want->length == LENGTH_NEEDED)
		return conf_error(r, "%s has no length (for example %s/%u)", s, h.s, want->example);
	if (h.len && !scan_number(h.len, max, &len))
		return conf_error(r, "%s: the length must be a plain number from 0 to %u", s, max);
	out->len = (uint8_t)len;
	if (want->host_bits || is_clean(out, &clean))
		return true;
	return conf_error(r, "%s has host bits set (did you mean %s?)", s,
			  addr_text_prefix(text, &clean));
}

bool conf_parse_hosts(struct conf_reader *r, const char *s, struct prefix6 *out)
{
	static const struct conf_want want = {.family = 6, .length = LENGTH_OR_NOT};
	struct prefix a;
	struct ip6 last;

	if (!conf_parse_addr(r, s, &want, &a))
		return false;
	*out = (struct prefix6){a.addr6, a.len};
	last = a.addr6;
	for (unsigned i = a.len; i < 128; i++)
		last.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	/* For a length below 8, neither end is routable, but addresses between them are. */
	return a.len < 8 || addr_passes6(&a.addr6) || addr_passes6(&last) ||
	       conf_error(r, "%s has no routable address (use for example 2001:db8:1::/48)", s);
}

static const struct prefix4 link_local = {0xa9fe0000, 16};

bool conf_is_link_local4(const struct prefix4 *p)
{
	return p->len >= link_local.len && addr_in4(p->addr, &link_local);
}

bool conf_check_pool4(struct conf_reader *r, const char *s, const struct prefix4 *p,
		      const char *example)
{
	uint32_t last = p->addr | ~addr_mask4(p->len);

	if (p->len < 8)
		return conf_error(
			r, "%s has more than 16 million addresses (/8 is the largest pool)", s);
	if (addr_passes4(p->addr) && addr_passes4(last) && !addr_in4(link_local.addr, p))
		return true;
	return conf_error(r, "%s has addresses that are not routable (use for example %s)", s,
			  example);
}

/* Reads S, which must meet WANT; reports errors to DIAG. */
static bool scan(const char *s, const struct conf_want *want, struct prefix *out,
		 struct conf_diag *diag)
{
	struct conf none = {.path = (char[]){""}};
	struct conf_reader r = {.diag = diag, .file = "", .conf = &none};

	return conf_parse_addr(&r, s, want, out);
}

static void say_nothing(void *arg, bool error, const char *line)
{
	(void)arg;
	(void)error;
	(void)line;
}

bool conf_scan_either(const char *s, struct prefix *out)
{
	static const struct conf_want want = {.length = LENGTH_OR_NOT, .host_bits = true};

	return scan(s, &want, out, &(struct conf_diag){.say = say_nothing});
}

struct complaint {
	struct conf_diag diag;
	char *text;
};

static void keep_text(void *arg, bool error, const char *line)
{
	struct complaint *c = arg;

	(void)error;
	(void)line;
	snprintf(c->text, CONF_LINE, "%s", c->diag.text);
}

bool conf_scan_prefix(const char *s, struct prefix *out, char why[CONF_LINE])
{
	static const struct conf_want want = {.length = LENGTH_OR_NOT};
	struct complaint c = {.diag.say = keep_text, .text = why};

	c.diag.arg = &c;
	return scan(s, &want, out, &c.diag);
}
