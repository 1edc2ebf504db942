/* faulty - makes allocations and requests of nat64d fail, and its clocks jump, as a file says that
 * the test writes.
 *
 * The linker sends the daemon's own calls here (--wrap), so this works in static programs and under
 * the sanitizers, too.  FAULTS names the file; it holds a struct faults and is shared with the test
 * (tests/netns/faults.py). */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct faults {
	int64_t calls;       /* allocations so far */
	int64_t first, last; /* those that fail; 0: none */
	int64_t wall_us;     /* added to the time of day */
	int64_t boot_us;     /* added to the time since the start of the machine, in which
				CLOCK_MONOTONIC did not advance: the machine was suspended */
	int64_t requests;    /* requests to the kernel by netlink that will fail */
	int64_t reads;       /* reads of the device that will fail */
	int64_t read_error;  /* with this errno */
};

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
FILE *__real_open_memstream(char **text, size_t *len);
FILE *__real_fdopen(int fd, const char *mode);
int __real_fclose(FILE *file);
int __real_clock_gettime(clockid_t which, struct timespec *t);
ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __real_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
FILE *__wrap_open_memstream(char **text, size_t *len);
FILE *__wrap_fdopen(int fd, const char *mode);
int __wrap_fclose(FILE *file);
int __wrap_clock_gettime(clockid_t which, struct timespec *t);
time_t __wrap_time(time_t *out);
ssize_t __wrap_read(int fd, void *buf, size_t size);
ssize_t __wrap_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);

static struct faults *faults(void)
{
	static struct faults none, *known;
	const char *path = getenv("FAULTS");
	void *shared;
	int fd;

	if (known)
		return known;
	known = &none;
	fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return known;
	shared = mmap(NULL, sizeof(none), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (shared != MAP_FAILED)
		known = shared;
	return known;
}

static int fails(void)
{
	struct faults *f = faults();
	int64_t call = ++f->calls;

	if (call < f->first || call > f->last)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

FILE *__wrap_fdopen(int fd, const char *mode)
{
	return fails() ? NULL : __real_fdopen(fd, mode);
}

/* The memory stream that is open, and its text. */
static FILE *stream;
static char **stream_text;

FILE *__wrap_open_memstream(char **text, size_t *len)
{
	if (fails())
		return NULL;
	stream_text = text;
	stream = __real_open_memstream(text, len);
	return stream;
}

/* Without memory for the final text, glibc sets it to NULL and reports success. */
int __wrap_fclose(FILE *file)
{
	int rc = __real_fclose(file);

	if (file != stream)
		return rc;
	stream = NULL;
	if (!fails())
		return rc;
	free(*stream_text);
	*stream_text = NULL;
	return 0;
}

int __wrap_clock_gettime(clockid_t which, struct timespec *t)
{
	int rc = __real_clock_gettime(which, t);
	int64_t add = which == CLOCK_REALTIME   ? faults()->wall_us
		      : which == CLOCK_BOOTTIME ? faults()->boot_us
						: 0;
	int64_t us = (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000 + add;

	t->tv_sec = (time_t)(us / 1000000);
	t->tv_nsec = (long)(us % 1000000) * 1000;
	return rc;
}

time_t __wrap_time(time_t *out)
{
	struct timespec t;

	__wrap_clock_gettime(CLOCK_REALTIME, &t);
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

ssize_t __wrap_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len)
{
	if (!to || to->sa_family != AF_NETLINK || faults()->requests == 0)
		return __real_sendto(fd, buf, len, flags, to, to_len);
	faults()->requests--;
	errno = ENOBUFS;
	return -1;
}

static int is_device(int fd)
{
	struct ifreq ifr;

	return ioctl(fd, (IOCTL_REQUEST)TUNGETIFF, &ifr) == 0;
}

/* A packet that is in the device is lost, so that the daemon does not read it next. */
ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	ssize_t n = __real_read(fd, buf, size);

	if (n <= 0 || faults()->reads == 0 || !is_device(fd))
		return n;
	faults()->reads--;
	errno = (int)faults()->read_error;
	return -1;
}
