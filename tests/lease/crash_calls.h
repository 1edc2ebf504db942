/* crash_calls - included before each file of src/lease when it is compiled for check_crashpoints:
 * replaces the calls that change or wait for the disk by those of crash.h, and those by which the
 * two processes run, wait and look at the clock. */
#ifndef NAT64D_TESTS_CRASH_CALLS_H
#define NAT64D_TESTS_CRASH_CALLS_H

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "crash.h"

#define open(...)      crash_openat(AT_FDCWD, __VA_ARGS__, 0)
#define openat(...)    crash_openat(__VA_ARGS__, 0)
#define close(...)     crash_close(__VA_ARGS__)
#define write(...)     crash_write(__VA_ARGS__)
#define pread(...)     crash_pread(__VA_ARGS__)
#define fsync(...)     crash_fsync(__VA_ARGS__)
#define fdatasync(...) crash_fdatasync(__VA_ARGS__)
#define ftruncate(...) crash_ftruncate(__VA_ARGS__)
#define renameat(...)  crash_renameat(__VA_ARGS__)
#define linkat(...)    crash_linkat(__VA_ARGS__)
#define unlinkat(...)  crash_unlinkat(__VA_ARGS__)

#define fork()       crash_fork()
#define poll(...)    crash_poll(__VA_ARGS__)
#define waitpid(...) crash_waitpid(__VA_ARGS__)
#define getppid()    crash_getppid()
#define _exit(...)   crash_exit(__VA_ARGS__)
#define clock_ms()   crash_ms()
#define clock_wall() crash_wall()

#endif
