/* conf_rights - lets root read a file only with the rights of the users who control its path.
 *
 * A user who can replace the file with another file, a link or a device must not be able to make
 * root read it. */
#ifndef NAT64D_CONF_RIGHTS_H
#define NAT64D_CONF_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

/* Between conf_rights_lower() and conf_rights_restore(), root reads PATH with the rights of the
 * user who can change where PATH leads.  Nothing changes for other users, or if root owns all of
 * PATH. */
struct conf_rights {
	bool lowered, regrouped;
	int uid, gid, n;
	gid_t *groups;
};
void conf_rights_lower(struct conf_rights *was, const char *path);
void conf_rights_restore(struct conf_rights *was);

#endif
