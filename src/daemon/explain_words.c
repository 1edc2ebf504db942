/* explain_words - parses the arguments of `explain`. */
#include "daemon/explain_words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "lib/addr_text.h"
#include "lib/wire.h"

static bool read_address(const char *word, struct prefix *out, struct answer *a)
{
	if (!conf_scan_either(word, out)) {
		answer_add(
			a,
			"usage explain: %.60s is not an address (like 192.0.2.1 or 2001:db8::1)\n",
			word);
		return false;
	}
	if (!strchr(word, '/'))
		return true;
	answer_add(a, "usage explain: %.60s is a prefix; give one address\n", word);
	return false;
}

/* Both addresses must be of one family.  If they are not, suggests the IPv6 form of the IPv4
 * address. */
static bool same_family(const struct prefix *src, const struct prefix *dst,
			const struct prefix6 *hint, struct answer *a)
{
	const struct prefix *four = src->family == 4 ? src : dst;
	char text[ADDR_TEXT];
	struct ip6 six;

	if (src->family == dst->family)
		return true;
	answer_add(a, "usage explain: give both addresses as in the packet that arrives, both IPv4 "
		      "or both IPv6");
	if (hint) {
		addr_embed(&six, hint, four->addr4);
		answer_add(a, " (for IPv6 hosts the %s is %s)",
			   four == src ? "source" : "destination", addr_text6(text, &six));
	}
	answer_add(a, "\n");
	return false;
}

static bool read_number(const char *word, uint8_t *out)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	*out = (uint8_t)n;
	return word[0] >= '0' && word[0] <= '9' && !*end && n <= UINT8_MAX;
}

static bool read_protocol(const char *word, struct sample *out, struct answer *a)
{
	bool icmp = strcasecmp(word, "icmp") == 0 || strcasecmp(word, "icmpv6") == 0;

	if (icmp)
		out->proto = out->family == 4 ? PROTO_ICMP : PROTO_ICMPV6;
	else if (strcasecmp(word, "tcp") == 0)
		out->proto = PROTO_TCP;
	else if (strcasecmp(word, "udp") == 0)
		out->proto = PROTO_UDP;
	else if (!read_number(word, &out->proto)) {
		answer_add(a,
			   "usage explain: %.60s is not a protocol (tcp, udp, icmp or a number "
			   "from 0 to 255)\n",
			   word);
		return false;
	}
	return true;
}

bool explain_parse(const struct control_request *r, const struct prefix6 *hint, struct sample *out,
		   struct answer *a)
{
	struct prefix src, dst;

	if (!read_address(r->word[1], &src, a) || !read_address(r->word[2], &dst, a) ||
	    !same_family(&src, &dst, hint, a))
		return false;
	*out = (struct sample){
		.family = src.family,
		.proto = PROTO_TCP,
		.src4 = src.addr4,
		.dst4 = dst.addr4,
		.src6 = src.addr6,
		.dst6 = dst.addr6,
	};
	return r->words < 4 || read_protocol(r->word[3], out, a);
}
