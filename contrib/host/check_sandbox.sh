# Checks the sandbox: do the daemon and its keeper have the filter of system calls and Landlock?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# boxed NAME: prints a member of `sandbox' in the status of the daemon.
boxed()
{
	member "$1" "$box"
}

# is_open PROCESS: succeeds if the kernel shows that the process has no filter, or may gain rights by exec.
is_open()
{
	shown=$(grep -E "^(Seccomp|NoNewPrivs):" "/proc/$1/status" 2>/dev/null)
	[ -n "$shown" ] || return 1 # it has ended
	case $shown in
	NoNewPrivs:[[:space:]]1"$newline"Seccomp:[[:space:]]2) return 1 ;;
	esac
}

# open_process: prints the first process, of the daemon and its keeper, that is outside the filter.
open_process()
{
	# shellcheck disable=SC2013 # numbers
	for process in $daemon $(cat "/proc/$daemon/task/$daemon/children" 2>/dev/null); do
		! is_open "$process" || { echo "$process" && return; }
	done
}

# unit_forbids: succeeds if the unit forbids the calls that the sandbox begins with.
unit_forbids()
{
	[ -n "$unit" ] || return 1
	calls=$(unit_is SystemCallFilter)
	case $calls in
	'') return 1 ;;
	'~'*) echo "${calls#?}" | has -w seccomp ;;
	*) ! echo "$calls" | has -w seccomp ;;
	esac
}

# allow_it: prints the command that lets the daemon begin its sandbox.
allow_it()
{
	if unit_forbids; then
		let_unit SystemCallFilter=@sandbox sandbox
	else
		echo "edit what starts nat64d: allow the system calls seccomp, landlock_create_ruleset, landlock_add_rule and landlock_restrict_self, then: $(restart_command)"
	fi
}

# check_landlock: reports that there is no Landlock.  The lease file and the configuration are safe from other users anyway.
check_landlock()
{
	lsm=$(cat /sys/kernel/security/lsm 2>/dev/null)
	if [ -n "$lsm" ] && ! echo "$lsm" | has -w landlock; then
		finding ok sandbox "seccomp; without Landlock, which this kernel has not enabled" \
			"edit the kernel command line: lsm=landlock,$(plain "$lsm"), then boot"
	else
		finding ok sandbox "seccomp; without Landlock, which this kernel or container does not offer"
	fi
}

check_sandbox()
{
	box=$(told_object sandbox)
	wanted=$(values sandbox)
	if [ -z "$daemon" ] || [ -z "$(boxed seccomp)" ]; then
		finding skip sandbox "not checked: $unknown"
	elif [ "$(boxed mode)" != "${wanted:-auto}" ]; then
		finding WARN sandbox "$(boxed mode), not ${wanted:-auto}: the daemon was started before $conf was changed" "$(restart_command)"
	elif [ "$wanted" = off ]; then
		finding ok sandbox "off, as $conf has it"
	elif [ "$(boxed seccomp)" != true ]; then
		finding WARN sandbox "no filter of system calls: this kernel or container refuses it" "$(allow_it)"
	elif [ "$(boxed helper)" = false ]; then
		finding WARN sandbox "the keeper, which writes the lease file, has no filter of system calls" "$(restart_command)"
	elif [ -n "$(open_process)" ]; then
		finding WARN sandbox "the kernel shows no filter of system calls for process $(open_process)" "$(restart_command)"
	elif [ "$(boxed landlock)" = 0 ]; then
		check_landlock
	else
		finding ok sandbox "seccomp and Landlock (ABI $(boxed landlock)) limit the daemon and its keeper"
	fi
}
