/* conf_format - addresses and prefixes as text, as a configuration and messages have them. */
#include "lib/addr_text.h"

#include <arpa/inet.h>
#include <stdio.h>

char *conf_format_addr4(char buf[CONF_TEXT], uint32_t a)
{
	snprintf(buf, CONF_TEXT, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
	return buf;
}

char *conf_format_addr6(char buf[CONF_TEXT], const struct ip6 *a)
{
	if (!inet_ntop(AF_INET6, a->b, buf, CONF_TEXT))
		buf[0] = '\0';
	return buf;
}

char *conf_format_prefix4(char buf[CONF_TEXT], const struct prefix4 *p)
{
	char addr[CONF_TEXT];

	snprintf(buf, CONF_TEXT, "%.45s/%u", conf_format_addr4(addr, p->addr), p->len);
	return buf;
}

char *conf_format_prefix6(char buf[CONF_TEXT], const struct prefix6 *p)
{
	char addr[CONF_TEXT];

	snprintf(buf, CONF_TEXT, "%.45s/%u", conf_format_addr6(addr, &p->addr), p->len);
	return buf;
}

char *conf_format_either(char buf[CONF_TEXT], const struct prefix *a)
{
	const struct prefix4 p4 = {a->addr4, a->len};
	const struct prefix6 p6 = {a->addr6, a->len};

	return a->family == 4 ? conf_format_prefix4(buf, &p4) : conf_format_prefix6(buf, &p6);
}
