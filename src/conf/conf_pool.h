/* conf_pool - what the two files about dynamic pools share. */
#ifndef NAT64D_CONF_POOL_H
#define NAT64D_CONF_POOL_H

#include "conf_text.h"

/* Reads the words at ARG, which ends with NULL, into P: what they leave out stays.  False: not
 * accepted, which has been said. */
bool conf_set_pool_words(struct conf_reader *r, char **arg, struct pool_conf *p);

/* Is S the first of such words: from, lease or share? */
bool conf_is_pool_word(const char *s);

/* The words `lease' and `share' of P, which has them, as a line has them.  Each returns BUF. */
#define CONF_LEASE_TEXT 40
#define CONF_SHARE_TEXT 32
char *conf_lease_text(char buf[CONF_LEASE_TEXT], const struct pool_conf *p);
char *conf_share_text(char buf[CONF_SHARE_TEXT], const struct pool_conf *p);

#endif
