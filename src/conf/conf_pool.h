/* conf_pool - what the two files about dynamic pools share. */
#ifndef NAT64D_CONF_POOL_H
#define NAT64D_CONF_POOL_H

#include "conf_text.h"

/* Reads the words of ARG, which ends with NULL, into P; settings without a word stay unchanged.
 * Returns false if it has reported an error. */
bool conf_set_pool_words(struct conf_reader *r, char **arg, struct pool_conf *p);

/* Returns true if S is one of the keywords from, lease, share and standby. */
bool conf_is_pool_word(const char *s);

/* Format the `lease` and `share` settings of P, which must be present, as in the file.  Each
 * returns BUF. */
#define CONF_LEASE_TEXT 40
#define CONF_SHARE_TEXT 32
char *conf_lease_text(char buf[CONF_LEASE_TEXT], const struct pool_conf *p);
char *conf_share_text(char buf[CONF_SHARE_TEXT], const struct pool_conf *p);

#endif
