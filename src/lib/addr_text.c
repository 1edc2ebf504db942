/* addr_text - formats addresses and prefixes for configurations and messages. */
#include "lib/addr_text.h"

#include <arpa/inet.h>
#include <stdio.h>

static char *put_octet(char *p, unsigned n)
{
	if (n >= 100)
		*p++ = (char)('0' + n / 100);
	if (n >= 10)
		*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

/* snprintf() takes eight times as long, and there may be millions of leases. */
char *addr_text4(char buf[ADDR_TEXT], uint32_t a)
{
	char *p = buf;

	for (int shift = 24; shift >= 0; shift -= 8) {
		p = put_octet(p, a >> shift & 0xff);
		*p++ = shift > 0 ? '.' : '\0';
	}
	return buf;
}

char *addr_text6(char buf[ADDR_TEXT], const struct ip6 *a)
{
	if (!inet_ntop(AF_INET6, a->b, buf, ADDR_TEXT))
		buf[0] = '\0';
	return buf;
}

char *addr_text_prefix4(char buf[ADDR_TEXT], const struct prefix4 *p)
{
	char addr[ADDR_TEXT];

	snprintf(buf, ADDR_TEXT, "%.45s/%u", addr_text4(addr, p->addr), p->len);
	return buf;
}

char *addr_text_prefix6(char buf[ADDR_TEXT], const struct prefix6 *p)
{
	char addr[ADDR_TEXT];

	snprintf(buf, ADDR_TEXT, "%.45s/%u", addr_text6(addr, &p->addr), p->len);
	return buf;
}

char *addr_text_prefix(char buf[ADDR_TEXT], const struct prefix *a)
{
	const struct prefix4 p4 = {a->addr4, a->len};
	const struct prefix6 p6 = {a->addr6, a->len};

	return a->family == 4 ? addr_text_prefix4(buf, &p4) : addr_text_prefix6(buf, &p6);
}
