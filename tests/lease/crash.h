/* crash - a layer between src/lease and the kernel.  It counts each call that changes the disk, or
 * opens, reads or closes a file there, makes one of them fail or be the last one of its process,
 * and records what a power cut would leave.
 *
 * The daemon and its keeper run by turns: the keeper runs only while the daemon waits for it, and
 * until it waits itself.  The order of all calls is therefore the same in each run. */
#ifndef NAT64D_TESTS_CRASH_H
#define NAT64D_TESTS_CRASH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum crash_role {
	CRASH_NOBODY,
	CRASH_DAEMON,
	CRASH_KEEPER
};

enum crash_kind {
	CRASH_NONE,
	CRASH_ENOSPC,
	CRASH_EIO,
	CRASH_EROFS,
	CRASH_SHORT, /* a write writes half, the next one fails with ENOSPC; other calls succeed */
	CRASH_FULL,  /* from this call on, calls that need space fail with ENOSPC, until
			crash_heal() */
	CRASH_KILL,  /* the process is killed after it */
	CRASH_KILL_BEFORE,
	CRASH_KINDS,
};

enum crash_what {
	CRASH_OPEN,
	CRASH_CREATE,
	CRASH_CLOSE,
	CRASH_WRITE,
	CRASH_READ,
	CRASH_SYNC,
	CRASH_SYNC_DIR,
	CRASH_TRUNCATE,
	CRASH_RENAME,
	CRASH_LINK,
	CRASH_UNLINK,
	CRASH_WHATS,
};

#define CRASH_CALLS    4096
#define CRASH_ARENA    (1 << 21)
#define CRASH_PROMISES 6

/* A call, as far as it had an effect. */
struct crash_call {
	enum crash_what what;
	enum crash_role role;
	bool failed;
	unsigned node;  /* the file */
	size_t at, len; /* CRASH_WRITE: offset and length; CRASH_TRUNCATE: new size in AT */
	size_t data;    /* CRASH_WRITE: offset in the arena */
	char name[32], to[32];
	/* what the program under test had promised before this call */
	unsigned promise[CRASH_PROMISES];
};

/* Shared by all processes of a run. */
struct crash {
	unsigned calls;       /* number of calls so far */
	unsigned at;          /* this call (counted from 1)... */
	enum crash_kind kind; /* ... fails in this way */
	bool full;            /* CRASH_FULL is in force */
	bool half;            /* CRASH_SHORT: the next write fails */
	bool hit;             /* the call took place */
	int turn;             /* whose turn it is: an enum crash_role */
	bool dead[3];         /* indexed by role */
	pid_t keeper;
	int64_t ms, wall;
	unsigned promise[CRASH_PROMISES]; /* numbers that the test keeps up to date */
	ino_t ino[256];                   /* of each file since the start of the run */
	unsigned nodes;
	size_t used;       /* of the arena */
	char failure[512]; /* what is wrong; "": nothing */
	struct crash_call call[CRASH_CALLS + 1];
	char arena[CRASH_ARENA];
};
extern struct crash *crash;

void crash_new(void); /* once in a process */

/* Starts a run in this process, which is the daemon: call number AT of its will be of KIND. */
void crash_begin(unsigned at, enum crash_kind kind);

void crash_heal(void);         /* no call fails from now on */
void crash_grant(void);        /* lets the keeper run until it waits */
bool crash_keeper_ended(void); /* it makes no call any more */
bool crash_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* returns false */
const char *crash_text(unsigned call);                                       /* describes it */

int crash_openat(int dir, const char *name, int flags, ...);
int crash_close(int fd);
ssize_t crash_write(int fd, const void *buf, size_t len);
ssize_t crash_pread(int fd, void *buf, size_t len, off_t at);
int crash_fsync(int fd);
int crash_fdatasync(int fd);
int crash_ftruncate(int fd, off_t len);
int crash_renameat(int from_dir, const char *from, int to_dir, const char *to);
int crash_linkat(int from_dir, const char *from, int to_dir, const char *to, int flags);
int crash_unlinkat(int dir, const char *name, int flags);
pid_t crash_fork(void);
int crash_poll(struct pollfd *p, nfds_t n, int ms);
pid_t crash_waitpid(pid_t pid, int *status, int flags);
pid_t crash_getppid(void);
_Noreturn void crash_exit(int status);
int64_t crash_ms(void);
int64_t crash_wall(void);

#endif
