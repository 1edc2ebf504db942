/* action - the actions of nat64d other than running: --mktun, --rmtun, --rmfilter, --test, --print,
 * --prepare. */
#ifndef NAT64D_ACTION_H
#define NAT64D_ACTION_H

#include "conf/conf.h"
#include "daemon/options.h"
#include "daemon/service.h"

/* Performs the action of O with the configuration C, as USER, and returns the exit status. */
int action_run(const struct options *o, const struct conf *c, const struct service_user *user);

#endif
