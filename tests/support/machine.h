/* machine - skips tests that need something that the machine lacks, such as a terminal, or real
 * root rights in a container.  A skipped test reports the reason instead of passing silently. */
#ifndef NAT64D_TESTS_MACHINE_H
#define NAT64D_TESTS_MACHINE_H

#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Reports one skipped test point; TAP takes the text after the # as the reason. */
#define LEAVE_OUT(suite, name, why) machine_leave_out(suite, name " # SKIP " why)

START_TEST(left_out)
{
}
END_TEST

static inline void machine_leave_out(Suite *suite, const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_test(t, left_out);
	suite_add_tcase(suite, t);
}

static inline bool machine_has_terminals(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;

	if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
		slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave >= 0)
		close(slave);
	if (master >= 0)
		close(master);
	return slave >= 0;
}

/* Returns true if TRY succeeds.  It runs in a child, so its effects disappear. */
static inline bool machine_may(bool (*try)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(try() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Mounts a separate file system at PATH. */
static inline bool machine_mount(const char *path, const char *options)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	return mount("tmpfs", path, "tmpfs", 0, options) == 0;
}

static inline bool machine_mounts(void)
{
	return machine_mount("/tmp", "size=128k");
}

/* Root in a container may lack rights: to change file owners, to change the user, to write where a
 * directory's mode forbids it.  For other users this returns false. */
static inline bool machine_root_is_root(void)
{
	char dir[] = "/tmp/check_root.XXXXXX";
	bool all;

	if (geteuid() != 0)
		return true;
	if (!mkdtemp(dir))
		return false;
	all = chmod(dir, 0) == 0 && access(dir, W_OK) == 0 && chown(dir, 1234, 2345) == 0 &&
	      chmod(dir, 0700) == 0 && chown(dir, 0, 0) == 0;
	rmdir(dir);
	return all && seteuid(65534) == 0;
}

/* Makes PATH immutable, or mutable again.  Only root can do this, and not on every file system. */
static inline bool machine_set_immutable(const char *path, bool on)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), flags;
	bool done = false;

	if (fd >= 0 && ioctl(fd, (IOCTL_REQUEST)FS_IOC_GETFLAGS, &flags) == 0) {
		flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
		done = ioctl(fd, (IOCTL_REQUEST)FS_IOC_SETFLAGS, &flags) == 0;
	}
	close(fd);
	return done;
}

static inline bool machine_sets_immutable(void)
{
	char dir[] = "/tmp/check_root.XXXXXX";
	bool done = mkdtemp(dir) && machine_set_immutable(dir, true);

	machine_set_immutable(dir, false);
	rmdir(dir);
	return done;
}

#endif
