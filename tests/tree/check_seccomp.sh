#!/bin/sh
# check_seccomp - compares the system calls that the sandbox allows [src/linux/seccomp_calls.h] with the comments beside the
# functions that need them: `seccomp: daemon: read, write', `seccomp: keeper: fsync', `seccomp: both: brk'.
#
# A comment names the call that is usual today.  The C library may make another one instead, in particular on an old
# architecture, so variants of a call are compared as that call.
#
# Prints TAP.  $srcdir is the top of the source tree.

top=${srcdir:-.}
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

# rows: prints a line "PROCESS CALL" for each row of the table on standard input.  A row is CALL(NAME, DAEMON, CHECK).
rows()
{
	sed -n 's/^[[:space:]]*CALL(\([a-z0-9_]*\), *\([A-Z]*\),.*/\2 \1/p' | tr '[:upper:]' '[:lower:]'
}

# usual: of lines "PROCESS CALL", prints those of the usual calls, with a line for each process.
usual()
{
	awk '
		BEGIN {
			variants = "_llseek:lseek open:openat poll:ppoll epoll_wait:epoll_pwait fork:clone clone3:clone " \
				"rename:renameat2 renameat:renameat2 unlink:unlinkat mkdir:mkdirat chmod:fchmodat chown:fchownat " \
				"access:faccessat faccessat2:faccessat dup2:dup3 mmap2:mmap sigreturn:rt_sigreturn " \
				"stat:newfstatat lstat:newfstatat fstat:newfstatat fstatat64:newfstatat statx:newfstatat " \
				"gettimeofday:clock_gettime time:clock_gettime nanosleep:clock_nanosleep " \
				"socketcall:socket send:sendto recv:recvfrom accept:accept4"
			n = split(variants, pair, " ")
			for (i = 1; i <= n; i++)
				base[substr(pair[i], 1, index(pair[i], ":") - 1)] = substr(pair[i], index(pair[i], ":") + 1)
		}
		{
			name = $2
			if (name !~ /^p(read|write)v?64/ && name !~ /^fstatat64/)
				sub(/(_time64|64|32)$/, "", name)
			if (name in base)
				name = base[name]
			if ($1 == "both") {
				print "daemon", name
				print "keeper", name
			} else {
				print $1, name
			}
		}' | sort -u
}

# needed: the same, from the comments in the source on standard input.  A comment may have more lines; a semicolon or a full
# stop ends the names, and words may follow.
needed()
{
	awk '
		{
			line = $0
			while (line != "") {
				if (!inside) {
					if (!match(line, /\/\*/))
						break
					line = substr(line, RSTART + 2)
					inside = 1
					text = ""
				} else {
					sub(/^[ \t]*\*[ \t]/, "", line)
				}
				end = index(line, "*/")
				text = text " " (end ? substr(line, 1, end - 1) : line)
				if (!end)
					break
				inside = 0
				line = substr(line, end + 2)
				if (text ~ / seccomp: /)
					tell(text)
			}
		}
		function tell(text, names, who, name, i, j, n, processes) {
			sub(/.* seccomp: /, "", text)
			sub(/[;.].*/, "", text)
			names = text
			sub(/:.*/, "", text)
			sub(/^[^:]*:/, "", names)
			processes = split(text, who, /[ \t,]+/)
			n = split(names, name, /[ \t,]+/)
			for (i = 1; i <= processes; i++)
				for (j = 1; j <= n; j++)
					if (who[i] != "" && name[j] != "")
						print who[i], name[j]
		}' | sort -u
}

# The functions above must find what they look for.
found=$(printf 'CALL(read, BOTH, ANY)\n\tCALL(bpf, DAEMON, BPF)\n#define CALL(x)\n * CALL(NAME, WHO, CHECK)\nCALL(_llseek, KEEPER, ANY)\n' | rows | usual | paste -s -d , -)
[ "$found" = "daemon bpf,daemon read,keeper lseek,keeper read" ]
report $? "the table is read line by line" "$found"
found=$(printf '/* seccomp: daemon: read, write */\nx\n/* Saves.\n *\n * seccomp: keeper: fsync,\n * close; words, more */\n/* y: z */\n' |
	needed | usual | paste -s -d , -)
[ "$found" = "daemon read,daemon write,keeper close,keeper fsync" ]
report $? "and the comments, of one line or more" "$found"

rows <"$top/src/linux/seccomp_calls.h" >"$dir/rows"
find "$top/src" -name '*.c' -exec cat {} + | needed >"$dir/comments"
usual <"$dir/rows" >"$dir/allowed"
usual <"$dir/comments" >"$dir/needed"
[ "$(grep -c '^daemon ' "$dir/allowed")" -ge 20 ] && [ "$(grep -c '^keeper ' "$dir/allowed")" -ge 5 ]
report $? "the table has the calls of both processes" "$(cut -d ' ' -f 1 "$dir/allowed" | uniq -c)"
wrong=$(cat "$dir/rows" "$dir/comments" | grep -vE '^(daemon|keeper|both) [a-z0-9_]+$')
report "$([ -z "$wrong" ]; echo $?)" "there are two processes" "$wrong"
twice=$(cut -d ' ' -f 2 "$dir/rows" | sort | uniq -d)
report "$([ -z "$twice" ]; echo $?)" "no call is in it twice" "$twice"
missing=$(comm -13 "$dir/allowed" "$dir/needed")
report "$([ -z "$missing" ]; echo $?)" "each call that a comment names is allowed" "$missing"
idle=$(comm -23 "$dir/allowed" "$dir/needed")
report "$([ -z "$idle" ]; echo $?)" "each call that is allowed has a comment beside the function that needs it" "$idle"

# What a hijacked process would need to become another program or to enter another process.
harm=$(grep -E ' (execve|execveat|ptrace|process_vm_readv|process_vm_writev|mount|umount2|pivot_root|chroot|unshare|setns|setuid|setgid|setresuid|setresgid|capset|init_module|finit_module|kexec_load|memfd_create|userfaultfd|io_uring_setup|perf_event_open|keyctl|add_key|open_by_handle_at|pidfd_getfd|link|linkat|symlink|symlinkat|mknod|mknodat)$' "$dir/rows")
# A hanging keeper is killed.
harm=$harm$(grep 'CALL(t*g*kill,' "$top/src/linux/seccomp_calls.h" | grep -vE 'CALL\((kill, DAEMON, END_ONE|tgkill, BOTH, ABORT)\)')
report "$([ -z "$harm" ]; echo $?)" "no call is allowed that runs a program, changes rights or enters another process" "$harm"
finish
