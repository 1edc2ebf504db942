/* addr_text - formats addresses and prefixes for configurations and messages. */
#ifndef NAT64D_ADDR_TEXT_H
#define NAT64D_ADDR_TEXT_H

#include "lib/addr.h"

/* Each returns BUF. */
#define ADDR_TEXT 64

char *addr_text4(char buf[ADDR_TEXT], uint32_t a);
char *addr_text6(char buf[ADDR_TEXT], const struct ip6 *a);
char *addr_text_prefix4(char buf[ADDR_TEXT], const struct prefix4 *p);
char *addr_text_prefix6(char buf[ADDR_TEXT], const struct prefix6 *p);
char *addr_text_prefix(char buf[ADDR_TEXT], const struct prefix *a);

#endif
