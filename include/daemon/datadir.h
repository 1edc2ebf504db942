/* datadir - data-dir: creates it where it is missing, and checks that the user of the daemon can
 * use it. */
#ifndef NAT64D_DATADIR_H
#define NAT64D_DATADIR_H

#include "conf/conf.h"
#include "lease/leasefile.h"
#include "daemon/service.h"

/* Prepares data-dir as root, before privileges are dropped: creates DIR for USER if only its last
 * component is missing, and makes USER the owner of DATADIR_TAYGA.  Each directory on the path must
 * belong to root, must be writable only by root and must not be a symbolic link.  Errors are not
 * reported here, but when DIR is opened. */
void datadir_prepare(const char *dir, const struct service_user *user);
#define DATADIR_TAYGA "/var/spool/tayga"

/* Returns true if a daemon of USER, prepared by root, could keep leases in DIR.  Otherwise returns
 * false with one line about the problem in ERR, which calls the directory NAME.  Root tries it as
 * USER; other users only check that DIR exists. */
bool datadir_usable(const char *dir, const char *name, const struct service_user *user, char *err,
		    size_t err_size);

/* Returns true if a daemon of USER could read the secret of the pool from the file PATH.  Otherwise
 * returns false with one line about the problem in ERR, which calls the file NAME.  Root tries it
 * as USER; other users cannot find out about a file that they may not read themselves. */
bool datadir_key_usable(const char *path, const char *name, const struct service_user *user,
			char *err, size_t err_size);

/* Sets LINE to WHAT, preceded by the file and line of pool-key in C. */
void datadir_say_key(char line[CONF_LINE], const struct conf *c, const char *what);

/* Logs a problem with data-dir, preceded by the file and line that configure it.  Always returns
 * -1.
 */
int datadir_complain(const struct conf *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
