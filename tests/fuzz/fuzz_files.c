/* fuzz_files - one directory for each process that runs a target. */
#include "fuzz_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_check.h"

#define MARK "%%\n"

static char dir[64];
static pid_t owner; /* a child of the code under test must not remove it */

void fuzz_empty(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	EXPECT(d != NULL);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

static void leave(void)
{
	if (owner != getpid())
		return;
	fuzz_empty();
	rmdir(dir);
}

const char *fuzz_dir(void)
{
	if (dir[0])
		return dir;
	snprintf(dir, sizeof(dir), "%s/nat64-fuzz.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	EXPECT(mkdtemp(dir) != NULL);
	owner = getpid();
	atexit(leave);
	return dir;
}

const char *fuzz_put(const char *name, const void *bytes, size_t len)
{
	static char path[sizeof(dir) + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fuzz_dir(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	EXPECT(fd >= 0);
	EXPECT(len == 0 || write(fd, bytes, len) == (ssize_t)len);
	close(fd);
	return path;
}

/* Returns the first mark, which is at the beginning of a line, or NULL. */
static const uint8_t *find_mark(struct span s)
{
	const uint8_t *at = s.p, *end = s.p + s.len;

	while (at < end && (at = memmem(at, (size_t)(end - at), MARK, sizeof(MARK) - 1))) {
		if (at == s.p || at[-1] == '\n')
			return at;
		at++;
	}
	return NULL;
}

void fuzz_split(const uint8_t *data, size_t size, struct span *part, unsigned most)
{
	struct span left = {data, size};

	for (unsigned i = 0; i < most; i++) {
		const uint8_t *mark = i + 1 < most ? find_mark(left) : NULL;

		part[i] = left;
		if (!mark) {
			left.len = 0;
			continue;
		}
		part[i].len = (size_t)(mark - left.p);
		left.len -= part[i].len + sizeof(MARK) - 1;
		left.p = mark + sizeof(MARK) - 1;
	}
}
