/* conf_rights - lets root read a map-file only with the rights of the users who control its
 * path. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_impl.h"

#define NO_GROUP 65534 /* used instead of root's group */

/* seccomp: daemon: newfstatat */
static bool is_foreign(const char *path, struct stat *st)
{
	if (lstat(path, st) < 0)
		return false;
	if (st->st_uid == 0 && S_ISLNK(st->st_mode) && stat(path, st) < 0)
		return false;
	return st->st_uid != 0;
}

/* Finds the first part of PATH that root does not own.  Its owner can change everything after it,
 * and no other user can change what comes before it. */
static bool find_owner(const char *path, struct stat *st)
{
	char step[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(step))
		return false;
	for (size_t i = 1; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		memcpy(step, path, i);
		step[i] = '\0';
		if (is_foreign(step, st))
			return true;
	}
	return false;
}

static bool save_groups(struct conf_rights *was)
{
	int n = getgroups(0, NULL);

	was->groups = n > 0 ? calloc((size_t)n, sizeof(gid_t)) : NULL;
	if (n < 0 || (n > 0 && !was->groups))
		return false;
	was->n = n > 0 ? getgroups(n, was->groups) : 0;
	return was->n >= 0;
}

/* Some containers do not allow setgroups(); the user is changed nevertheless. */
/* seccomp: daemon: geteuid, getegid, getgroups, setgroups, setfsuid, setfsgid */
void conf_rights_lower(struct conf_rights *was, const char *path)
{
	struct stat st;

	*was = (struct conf_rights){.lowered = false};
	if (geteuid() != 0 || !find_owner(path, &st))
		return;
	was->lowered = true;
	was->regrouped = save_groups(was) && setgroups(0, NULL) == 0;
	was->gid = setfsgid(st.st_gid ? st.st_gid : NO_GROUP);
	was->uid = setfsuid(st.st_uid);
}

void conf_rights_restore(struct conf_rights *was)
{
	int error = errno;

	if (was->lowered) {
		setfsuid((uid_t)was->uid);
		setfsgid((gid_t)was->gid);
		if (was->regrouped)
			(void)!setgroups((size_t)was->n, was->groups);
	}
	free(was->groups);
	errno = error;
}
