/* conf_format - addresses and prefixes as text, as a configuration and messages have them. */
#ifndef NAT64D_CONF_FORMAT_H
#define NAT64D_CONF_FORMAT_H

#include "lib/addr.h"

/* Each returns BUF. */
#define CONF_TEXT 64

char *conf_format_addr4(char buf[CONF_TEXT], uint32_t a);
char *conf_format_addr6(char buf[CONF_TEXT], const struct ip6 *a);
char *conf_format_prefix4(char buf[CONF_TEXT], const struct prefix4 *p);
char *conf_format_prefix6(char buf[CONF_TEXT], const struct prefix6 *p);
char *conf_format_either(char buf[CONF_TEXT], const struct prefix *a);

#endif
