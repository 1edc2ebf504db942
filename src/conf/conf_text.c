/* conf_text - what counts as a number, an address or a prefix: nothing that could be read in two
 * ways. */
#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "conf_text.h"

enum scan {
	SCAN_OK,
	SCAN_BAD,
	SCAN_ZEROS, /* an octet like 010: decimal to some readers, octal to others */
};

/* An address up to its slash or its end, in a buffer that no valid one overflows. */
struct half {
	char s[INET6_ADDRSTRLEN];
	const char *len; /* behind the slash, or NULL */
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

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits only, no sign, no leading zero, nothing behind. */
static bool scan_number(const char *s, unsigned max, unsigned *out)
{
	unsigned v = 0;

	if (!is_digit(*s) || (s[0] == '0' && s[1]))
		return false;
	for (; is_digit(*s); s++) {
		unsigned digit = (unsigned)(*s - '0');

		if (v > (UINT_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*out = v;
	return !*s && v <= max;
}

static bool scan_octet(const char **s, unsigned *out, bool *zeros)
{
	const char *start = *s;
	unsigned v = 0;

	while (is_digit(**s) && v <= 255)
		v = v * 10 + (unsigned)(*(*s)++ - '0');
	if (*s - start > 1 && *start == '0')
		*zeros = true;
	*out = v;
	return *s > start && v <= 255;
}

static enum scan scan_addr4(const char *s, uint32_t *out)
{
	bool zeros = false;
	uint32_t addr = 0;
	unsigned octet;

	for (int i = 0; i < 4; i++) {
		if (i > 0 && *s++ != '.')
			return SCAN_BAD;
		if (!scan_octet(&s, &octet, &zeros))
			return SCAN_BAD;
		addr = addr << 8 | octet;
	}
	if (*s)
		return SCAN_BAD;
	*out = addr;
	return zeros ? SCAN_ZEROS : SCAN_OK;
}

static bool scan_addr6(const char *s, struct ip6 *out)
{
	return inet_pton(AF_INET6, s, out->b) == 1;
}

bool conf_is_addr4(const char *s)
{
	struct half h;
	uint32_t a;

	return half_split(&h, s) && scan_addr4(h.s, &a) == SCAN_OK;
}

bool conf_is_addr6(const char *s)
{
	struct half h;
	struct ip6 a;

	return half_split(&h, s) && scan_addr6(h.s, &a);
}

bool conf_parse_number(struct conf_reader *r, const char *s, unsigned min, unsigned max,
		       unsigned *out)
{
	unsigned v;

	if (scan_number(s, max, &v) && v >= min) {
		*out = v;
		return true;
	}
	conf_error(r, WORD " is not a plain number from %u to %u", s, min, max);
	return false;
}

bool conf_parse_bool(struct conf_reader *r, const char *s, bool *out)
{
	static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(s, words[i]) == 0) {
			*out = i % 2;
			return true;
		}
	}
	conf_error(r, WORD " is neither yes nor no", s);
	return false;
}

bool conf_path_fits(struct conf_reader *r, const char *s)
{
	char text[CONF_SHORT];

	if (strlen(s) < PATH_MAX)
		return true;
	conf_error(r, "%s is too long (a path has at most %d characters)", conf_short(text, s),
		   PATH_MAX - 1);
	return false;
}

static void complain4(struct conf_reader *r, const char *s, const char *kind)
{
	char text[ADDR_TEXT];
	struct half h;
	uint32_t a;

	if (conf_is_addr6(s))
		conf_error(r, WORD " is IPv6, but an IPv4 %s belongs here", s, kind);
	else if (half_split(&h, s) && scan_addr4(h.s, &a) == SCAN_ZEROS)
		conf_error(r,
			   WORD " has leading zeros, which some read as octal (did you mean %s?)",
			   s, addr_text4(text, a));
	else
		conf_error(r, WORD " is not an IPv4 %s (like 192.0.2.%s)", s, kind,
			   strcmp(kind, "prefix") == 0 ? "0/24" : "1");
}

static void complain6(struct conf_reader *r, const char *s, const char *kind)
{
	if (conf_is_addr4(s))
		conf_error(r, WORD " is IPv4, but an IPv6 %s belongs here", s, kind);
	else
		conf_error(r, WORD " is not an IPv6 %s (like 2001:db8::%s)", s, kind,
			   strcmp(kind, "prefix") == 0 ? "/96" : "1");
}

/* An address with a length where one without belongs. */
static bool complain_length(struct conf_reader *r, const char *s)
{
	struct half h;

	if (!half_split(&h, s) || !h.len)
		return false;
	conf_error(r, WORD " must be an address without a length (did you mean %s?)", s, h.s);
	return true;
}

bool conf_parse_addr4(struct conf_reader *r, const char *s, uint32_t *out)
{
	if (scan_addr4(s, out) == SCAN_OK)
		return true;
	if (!conf_is_addr4(s) || !complain_length(r, s))
		complain4(r, s, "address");
	return false;
}

bool conf_parse_addr6(struct conf_reader *r, const char *s, struct ip6 *out)
{
	if (scan_addr6(s, out))
		return true;
	if (!conf_is_addr6(s) || !complain_length(r, s))
		complain6(r, s, "address");
	return false;
}

static bool parse_length(struct conf_reader *r, const char *s, const struct half *h, unsigned max,
			 const struct conf_want *want, uint8_t *out)
{
	unsigned len = max;

	if (!h->len && !want->bare) {
		conf_error(r, WORD " lacks its length (for example %s/%u)", s, h->s,
			   want->example ? want->example : max);
		return false;
	}
	if (h->len && !scan_number(h->len, max, &len)) {
		conf_error(r, WORD ": the length must be a plain number from 0 to %u", s, max);
		return false;
	}
	*out = (uint8_t)len;
	return true;
}

static void complain_host_bits(struct conf_reader *r, const char *s, const char *right)
{
	conf_error(r, WORD " has host bits set (did you mean %s?)", s, right);
}

bool conf_parse_prefix4(struct conf_reader *r, const char *s, const struct conf_want *want,
			struct prefix4 *out)
{
	char text[ADDR_TEXT];
	struct prefix4 clean;
	struct half h;

	if (!half_split(&h, s) || scan_addr4(h.s, &out->addr) != SCAN_OK) {
		complain4(r, s, want->bare ? "address" : "prefix");
		return false;
	}
	if (!parse_length(r, s, &h, 32, want, &out->len))
		return false;
	clean = (struct prefix4){out->addr & addr_mask4(out->len), out->len};
	if (want->host_bits || clean.addr == out->addr)
		return true;
	complain_host_bits(r, s, addr_text_prefix4(text, &clean));
	return false;
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

	if (p->len < 8) {
		conf_error(r, WORD " has more than 16 million addresses (/8 is the largest pool)",
			   s);
		return false;
	}
	if (addr_passes4(p->addr) && addr_passes4(last) && !addr_in4(link_local.addr, p))
		return true;
	conf_error(r, WORD " has addresses that may never be routed (for example %s)", s, example);
	return false;
}

bool conf_parse_prefix6(struct conf_reader *r, const char *s, const struct conf_want *want,
			struct prefix6 *out)
{
	char text[ADDR_TEXT];
	struct prefix6 clean;
	struct half h;

	if (!half_split(&h, s) || !scan_addr6(h.s, &out->addr)) {
		complain6(r, s, want->bare ? "address" : "prefix");
		return false;
	}
	if (!parse_length(r, s, &h, 128, want, &out->len))
		return false;
	clean = *out;
	addr_clean6(&clean.addr, clean.len);
	if (want->host_bits || ip6_equal(&clean.addr, &out->addr))
		return true;
	complain_host_bits(r, s, addr_text_prefix6(text, &clean));
	return false;
}

bool conf_parse_either(struct conf_reader *r, const char *s, const struct conf_want *want,
		       struct prefix *out)
{
	struct prefix4 p4;
	struct prefix6 p6;

	memset(out, 0, sizeof(*out));
	if (strchr(s, ':')) {
		if (!conf_parse_prefix6(r, s, want, &p6))
			return false;
		out->family = 6;
		out->len = p6.len;
		out->addr6 = p6.addr;
		return true;
	}
	if (!is_digit(*s)) {
		conf_error(r,
			   WORD " is no address of either family (like 192.0.2.%s or 2001:db8::%s)",
			   s, want->host_bits ? "1/24" : "0/24", want->host_bits ? "1/64" : "/64");
		return false;
	}
	if (!conf_parse_prefix4(r, s, want, &p4))
		return false;
	out->family = 4;
	out->len = p4.len;
	out->addr4 = p4.addr;
	return true;
}

static void say_nothing(void *arg, bool error, const char *line)
{
	(void)arg;
	(void)error;
	(void)line;
}

bool conf_scan_either(const char *s, struct prefix *out)
{
	static const struct conf_want want = {.bare = true, .host_bits = true};
	struct conf_diag diag = {.say = say_nothing};
	struct conf none = {.path = (char[]){""}};
	struct conf_reader r = {.diag = &diag, .file = "", .conf = &none};

	return conf_parse_either(&r, s, &want, out);
}
