/* conf_rights - with whose rights root reads a file: who can put another file, a link or a device
 * in its place must not have it read by root. */
#ifndef NAT64D_CONF_RIGHTS_H
#define NAT64D_CONF_RIGHTS_H

#include <stdbool.h>
#include <sys/types.h>

/* From lower to restore, root reads PATH with no more rights than whoever can change where it
 * leads. For anybody else than root, and on a way that is all root's, nothing changes. */
struct conf_rights {
	bool lowered, regrouped;
	int uid, gid, n;
	gid_t *groups;
};
void conf_rights_lower(struct conf_rights *was, const char *path);
void conf_rights_restore(struct conf_rights *was);

#endif
