/* sandbox_try - makes calls that the sandbox forbids, for tests.  Only in builds with
 * --enable-sandbox-test or --enable-sandbox-kill. */
#ifndef NAT64D_SANDBOX_TRY_H
#define NAT64D_SANDBOX_TRY_H

#include <stdbool.h>

/* Makes the call NAME in this process.  Returns 0 or its errno; -1: there is no such NAME. */
int sandbox_try(const char *name);

/* The same in the keeper, which calls sandbox_try_wanted() regularly.  The first must be called
 * before the keeper is forked.  Returns -2 if the keeper does not answer within two seconds. */
void sandbox_try_prepare(void);
int sandbox_try_in_keeper(const char *name);
void sandbox_try_wanted(void *arg);

#endif
