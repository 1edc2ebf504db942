/* datadir - data-dir: made where it is missing, and tried as the user who is to write there. */
#ifndef NAT64D_DATADIR_H
#define NAT64D_DATADIR_H

#include "conf/conf.h"
#include "lease/leasefile.h"
#include "daemon/service.h"

/* What root does for USER before rights are given up: makes DIR if only its last part is missing,
 * and gives DATADIR_TAYGA away.  Every directory on the way must be root's, writable for nobody
 * else, and no link.  What cannot be done is left to those who open DIR to say. */
void datadir_prepare(const char *dir, const struct service_user *user);
#define DATADIR_TAYGA "/var/spool/tayga"

/* Could a daemon of USER, prepared by root, keep leases in DIR?  False with one line about what is
 * wrong in ERR, which calls the directory NAME.  Root tries it as USER; others only look whether
 * DIR is there. */
bool datadir_usable(const char *dir, const char *name, const struct service_user *user, char *err,
		    size_t err_size);

/* Could a daemon of USER read the secret of the pool in the file PATH?  False with one line about
 * what is wrong in ERR, which calls the file NAME.  Root tries it as USER; others cannot tell
 * whether he may read what they may not. */
bool datadir_key_usable(const char *path, const char *name, const struct service_user *user,
			char *err, size_t err_size);

/* LINE is WHAT behind the place of pool-key in C. */
void datadir_say_key(char line[CONF_LINE], const struct conf *c, const char *what);

/* Logs what is wrong with data-dir, behind the file and line that say so; always -1. */
int datadir_complain(const struct conf *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
