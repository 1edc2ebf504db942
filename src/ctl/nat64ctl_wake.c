/* nat64ctl_wake - restores a control socket that was removed: creates its directory as root, and
 * then makes the daemon create the socket by SIGHUP. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/path.h"
#include "nat64ctl.h"

#define TRIES  50
#define NAP_MS 100

static bool is_heard(const struct ctl *c)
{
	struct ctl_reply r;
	bool heard;

	ctl_ask(c, "setup", &r);
	heard = r.status != CTL_NOBODY;
	ctl_free(&r);
	return heard;
}

/* Reads the effective user and group ID.  The owner of /proc/PID does not show them if the process
 * protects its memory. */
static bool find_owner(pid_t pid, unsigned *uid, unsigned *gid)
{
	char path[64], line[256];
	bool has_uid = false, has_gid = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		has_uid |= sscanf(line, "Uid: %*u %u", uid) == 1;
		has_gid |= sscanf(line, "Gid: %*u %u", gid) == 1;
	}
	if (f)
		fclose(f);
	return has_uid && has_gid;
}

/* Makes DIR writable in the mount namespace NS, where its parent may be read-only. */
static int make_writable(int ns, const char *dir)
{
	if (setns(ns, CLONE_NEWNS) < 0 || mount(dir, dir, NULL, MS_BIND, NULL) < 0)
		return 1;
	return mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV, NULL) < 0;
}

/* The daemon of a unit has its own mount namespace, in which the new directory must be made
 * writable, too. */
static void let_daemon_write(pid_t pid, const char *dir)
{
	struct stat mine, its;
	char path[64];
	pid_t child;
	int ns;

	snprintf(path, sizeof(path), "/proc/%ld/ns/mnt", (long)pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return;
	if (fstat(ns, &its) == 0 && stat("/proc/self/ns/mnt", &mine) == 0 &&
	    !same_file(&mine, &its)) {
		child = fork();
		if (child == 0)
			_exit(make_writable(ns, dir));
		if (child > 0)
			waitpid(child, NULL, 0);
	}
	close(ns);
}

static void make_directory(const struct ctl *c)
{
	unsigned uid, gid;
	char dir[128];

	if (!path_directory(dir, sizeof(dir), c->path) || !find_owner(c->wake, &uid, &gid) ||
	    mkdir(dir, 0750) < 0)
		return;
	if (lchown(dir, uid, gid) < 0 || chmod(dir, 0750) < 0)
		ctl_complain("warning: %s: cannot make the user of nat64d its owner", dir);
	let_daemon_write(c->wake, dir);
}

void ctl_wake(const struct ctl *c)
{
	const struct timespec nap = {.tv_nsec = NAP_MS * 1000000};

	if (is_heard(c))
		return;
	make_directory(c);
	if (kill(c->wake, SIGHUP) < 0)
		return;
	for (int i = 0; i < TRIES && !is_heard(c); i++)
		nanosleep(&nap, NULL);
}
