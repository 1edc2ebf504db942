/* seccomp_calls - the system calls that the daemon and the keeper may use.
 *
 * No include guard: each inclusion defines CALL.  CALL(NAME, WHO, CHECK): WHO is DAEMON, KEEPER or
 * BOTH.  The daemon may also use the calls of the keeper, because a new keeper inherits its filter.
 * CHECK says which arguments are allowed.
 *
 * The comments "seccomp: WHO: NAMES" beside the functions say what each call is for; a test
 * compares them with this table.  The names that only some architectures have, such as the calls
 * with 64-bit times of 32-bit ones, are variants of the others. */

/* The packet path comes first, since the kernel compares in this order. */
CALL(read, BOTH, ANY)
CALL(write, BOTH, ANY)
CALL(writev, BOTH, ANY)
#ifdef __NR_ppoll
CALL(ppoll, BOTH, ANY)
#endif
#ifdef __NR_ppoll_time64
CALL(ppoll_time64, BOTH, ANY)
#endif
#ifdef __NR_clock_gettime
CALL(clock_gettime, BOTH, ANY)
#endif
#ifdef __NR_clock_gettime64
CALL(clock_gettime64, BOTH, ANY)
#endif
CALL(bpf, DAEMON, BPF)

/* Descriptors. */
CALL(close, BOTH, ANY)
#ifdef __NR_close_range
CALL(close_range, KEEPER, ANY)
#endif
#ifdef __NR_dup2
CALL(dup2, DAEMON, ANY)
#endif
CALL(dup3, DAEMON, ANY)
#ifdef __NR_fcntl
CALL(fcntl, BOTH, FCNTL)
#endif
#ifdef __NR_fcntl64
CALL(fcntl64, BOTH, FCNTL)
#endif
CALL(ioctl, BOTH, IOCTL)
CALL(readv, DAEMON, ANY)
CALL(pread64, BOTH, ANY)
CALL(lseek, BOTH, ANY)
#ifdef __NR__llseek
CALL(_llseek, BOTH, ANY)
#endif
#ifdef __NR_poll
CALL(poll, BOTH, ANY)
#endif
CALL(epoll_ctl, DAEMON, ANY)
#ifdef __NR_epoll_wait
CALL(epoll_wait, DAEMON, ANY)
#endif
CALL(epoll_pwait, DAEMON, ANY)

/* Files.  Landlock limits them to some directories. */
#ifdef __NR_open
CALL(open, BOTH, ANY)
#endif
CALL(openat, BOTH, ANY)
#ifdef __NR_stat
CALL(stat, BOTH, ANY)
CALL(lstat, BOTH, ANY)
#endif
#ifdef __NR_stat64
CALL(stat64, BOTH, ANY)
CALL(lstat64, BOTH, ANY)
CALL(fstat64, BOTH, ANY)
#endif
#ifdef __NR_fstat
CALL(fstat, BOTH, ANY)
#endif
#ifdef __NR_newfstatat
CALL(newfstatat, BOTH, ANY)
#endif
#ifdef __NR_fstatat64
CALL(fstatat64, BOTH, ANY)
#endif
#ifdef __NR_statx
CALL(statx, BOTH, ANY)
#endif
CALL(getcwd, DAEMON, ANY)
#ifdef __NR_readlink
CALL(readlink, DAEMON, ANY)
#endif
CALL(readlinkat, DAEMON, ANY)
CALL(faccessat, DAEMON, ANY)
#ifdef __NR_faccessat2
CALL(faccessat2, DAEMON, ANY)
#endif
#ifdef __NR_unlink
CALL(unlink, DAEMON, ANY)
#endif
CALL(unlinkat, BOTH, ANY)
#ifdef __NR_mkdir
CALL(mkdir, DAEMON, ANY)
#endif
CALL(mkdirat, DAEMON, ANY)
#ifdef __NR_chmod
CALL(chmod, DAEMON, ANY)
#endif
CALL(fchmodat, DAEMON, ANY)
#ifdef __NR_chown
CALL(chown, DAEMON, ANY)
#endif
#ifdef __NR_chown32
CALL(chown32, DAEMON, ANY)
#endif
CALL(fchownat, DAEMON, ANY)
CALL(fchmod, BOTH, ANY)
CALL(fchown, KEEPER, ANY)
#ifdef __NR_fchown32
CALL(fchown32, KEEPER, ANY)
#endif
CALL(ftruncate, BOTH, ANY)
#ifdef __NR_ftruncate64
CALL(ftruncate64, BOTH, ANY)
#endif
CALL(fsync, BOTH, ANY)
CALL(fdatasync, KEEPER, ANY)
CALL(flock, KEEPER, ANY)
#ifdef __NR_rename
CALL(rename, BOTH, ANY)
#endif
#ifdef __NR_renameat
CALL(renameat, BOTH, ANY)
#endif
CALL(renameat2, BOTH, ANY)

/* Sockets. */
#ifdef __NR_socketcall
CALL(socketcall, BOTH, SOCKETCALL)
#endif
#ifdef __NR_socket
CALL(socket, DAEMON, SOCKET)
CALL(socketpair, DAEMON, SOCKET)
CALL(connect, DAEMON, ANY)
CALL(bind, DAEMON, ANY)
CALL(listen, DAEMON, ANY)
CALL(getsockopt, DAEMON, ANY)
CALL(setsockopt, DAEMON, ANY)
CALL(sendto, BOTH, ANY)
CALL(sendmsg, BOTH, ANY)
CALL(shutdown, DAEMON, ANY)
CALL(recvfrom, BOTH, ANY)
CALL(recvmsg, BOTH, ANY)
#endif
#ifdef __NR_accept4
CALL(accept4, DAEMON, ANY)
#endif
#ifdef __NR_send
CALL(send, BOTH, ANY)
#endif
#ifdef __NR_recv
CALL(recv, BOTH, ANY)
#endif

/* The process itself. */
CALL(getpid, BOTH, ANY)
#ifdef __NR_getppid
CALL(getppid, KEEPER, ANY)
#endif
CALL(gettid, BOTH, ANY)
CALL(geteuid, DAEMON, ANY)
CALL(getegid, DAEMON, ANY)
CALL(getgroups, DAEMON, ANY)
CALL(setgroups, DAEMON, ANY)
CALL(setfsuid, DAEMON, ANY)
CALL(setfsgid, DAEMON, ANY)
#ifdef __NR_geteuid32
CALL(geteuid32, DAEMON, ANY)
CALL(getegid32, DAEMON, ANY)
CALL(getgroups32, DAEMON, ANY)
CALL(setgroups32, DAEMON, ANY)
CALL(setfsuid32, DAEMON, ANY)
CALL(setfsgid32, DAEMON, ANY)
#endif
CALL(capget, DAEMON, ANY)
CALL(getrandom, DAEMON, ANY)
CALL(sched_getaffinity, DAEMON, ANY)
CALL(sysinfo, DAEMON, ANY)
CALL(prctl, BOTH, PRCTL)
CALL(clone, DAEMON, FORK)
#ifdef __NR_clone3
CALL(clone3, DAEMON, ABSENT)
#endif
#ifdef __NR_fork
CALL(fork, DAEMON, ANY)
#endif
CALL(wait4, DAEMON, ANY)
CALL(kill, DAEMON, END_ONE)
CALL(set_robust_list, KEEPER, ANY)
CALL(exit, BOTH, ANY)
CALL(exit_group, BOTH, ANY)
CALL(tgkill, BOTH, ABORT)
CALL(rt_sigaction, BOTH, ANY)
CALL(rt_sigprocmask, BOTH, ANY)
CALL(rt_sigreturn, BOTH, ANY)
#ifdef __NR_sigreturn
CALL(sigreturn, BOTH, ANY)
#endif
CALL(restart_syscall, BOTH, ANY)
#ifdef __NR_nanosleep
CALL(nanosleep, DAEMON, ANY)
#endif
#ifdef __NR_clock_nanosleep
CALL(clock_nanosleep, DAEMON, ANY)
#endif
#ifdef __NR_clock_nanosleep_time64
CALL(clock_nanosleep_time64, DAEMON, ANY)
#endif
#ifdef __NR_gettimeofday
CALL(gettimeofday, BOTH, ANY)
#endif
#ifdef __NR_time
CALL(time, BOTH, ANY)
#endif

/* Memory. */
CALL(brk, BOTH, ANY)
#ifdef __NR_mmap2
CALL(mmap2, BOTH, NO_EXEC)
#else
CALL(mmap, BOTH, MMAP)
#endif
CALL(munmap, BOTH, ANY)
CALL(mremap, DAEMON, ANY)
CALL(madvise, BOTH, ANY)
CALL(mprotect, DAEMON, NO_EXEC)

/* A new keeper enters its own sandbox. */
CALL(seccomp, KEEPER, ANY)
CALL(landlock_create_ruleset, KEEPER, ANY)
CALL(landlock_add_rule, KEEPER, ANY)
CALL(landlock_restrict_self, KEEPER, ANY)
