# Queries to the daemon through nat64ctl: where and how it runs, and what it would do with a packet.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

own_space= # the inode of this network namespace

# ask_daemon WORD...: prints the answer from $socket, one line of JSON; prints nothing if no daemon answers within 3 s.
ask_daemon()
{
	nat64ctl=$(dirname "$nat64d")/nat64ctl
	[ -x "$nat64ctl" ] || nat64ctl=nat64ctl
	if have timeout; then
		timeout 3 "$nat64ctl" -s "$socket" --json "$@" 2>/dev/null
	else
		"$nat64ctl" -s "$socket" --json "$@" 2>/dev/null
	fi
}

# member NAME TEXT: prints a text or number from TEXT, which is JSON.  The name must be unique there.
member()
{
	set -f
	IFS='{},'
	for part in $2; do
		case $part in
		*"\"$1\": "*)
			part=${part##*"\"$1\": "}
			part=${part#\"}
			printf '%s\n' "${part%%\"*}"
			break
			;;
		esac
	done
	unset IFS
	set +f
}

# told_value NAME: prints a text or number from `told' (the status of the daemon).
told_value()
{
	member "$1" "$told"
}

# told_object NAME: prints the text between the braces of an object in `told'.
told_object()
{
	set -f
	IFS='{}'
	here=
	for part in $told; do
		[ -z "$here" ] || { printf '%s\n' "$part" && break; }
		case $part in
		*"\"$1\": ") here=yes ;;
		esac
	done
	unset IFS
	set +f
}

# likely_socket: prints the control socket that the daemon of this configuration probably has; its process is not known yet.
likely_socket()
{
	place=$(values control)
	case $place,$unit in
	,nat64d.service) echo /run/nat64d/control ;;
	,nat64d@*.service) echo "/run/nat64d-$(basename "$conf" .conf)/control" ;;
	*) printf '%s\n' "$place" ;;
	esac
}

# socket_of PROCESS: prints the control socket of that daemon, empty if it has none.  The configuration names it; the default
# is in RUNTIME_DIRECTORY of the process.
socket_of()
{
	place=$(values control)
	[ -n "$place" ] || place=$(tr '\0' '\n' <"/proc/$1/environ" |
		sed -n 's|^RUNTIME_DIRECTORY=\(/[^:]*\).*|\1/control|p' | sed -n 1p)
	[ "$place" = off ] || printf '%s\n' "$place"
}

# holds PROCESS: succeeds if the process has the device open, in this network namespace.
holds()
{
	grep -qs "^iff:[[:space:]]*$device\$" "/proc/$1/fdinfo/"* && is_here "$1"
}

# is_here PROCESS: succeeds if it is in this network namespace.
is_here()
{
	own_space=${own_space:-$(stat -L -c %i /proc/self/ns/net)}
	[ "$(stat -L -c %i "/proc/$1/ns/net" 2>/dev/null)" = "$own_space" ]
}

# ask_where_it_runs: sets `daemon' to the process ID and `told' to the status, if a daemon answers that has our device.
ask_where_it_runs()
{
	daemon='' told=''
	socket=$(likely_socket)
	[ -S "$socket" ] || return 0
	told=$(ask_daemon status)
	daemon=$(told_value pid)
	case $daemon in
	'' | *[!0-9]*) daemon= ;;
	esac
	[ -n "$daemon" ] && [ "$(told_value device)" = "$device" ] && holds "$daemon" || daemon='' told=''
}

# ask_process: sets `told' for a process that was found in another way.
ask_process()
{
	told='' socket=
	[ -z "$daemon" ] || socket=$(socket_of "$daemon")
	[ -z "$socket" ] || told=$(ask_daemon status)
}

# in_effect_since: prints the time at which the daemon read its current configuration, in seconds since 1970.
in_effect_since()
{
	when=$(member time "$(told_object last_reload)")
	when=${when:-$(told_value since)}
	when=${when%Z}
	date -u -d "${when%T*} ${when#*T}" +%s 2>/dev/null
}

# refusal FROM TO: prints the daemon's reason to refuse a ping; nothing if it does not refuse it or does not answer.
refusal()
{
	[ -n "$told" ] && [ -n "$1" ] && [ -n "$2" ] || return 0
	plain "$(ask_daemon explain "$1" "$2" icmp | sed -n '/"verdict": "\(drop\|reject\)"/s/.*"reason": "\([^"]*\)", "text": "\([^"]*\)".*/: \1 (\2)/p')"
}

# peer_answer FROM TO: prints the source and destination of the answer to that ping, as the daemon receives it.
peer_answer()
{
	[ -z "$told" ] || ask_daemon explain "$1" "$2" icmp |
		sed -n 's/.*"answer": {"source": "\([^"]*\)", "destination": "\([^"]*\)"}.*/\1 \2/p'
}

# explain_command FROM TO: prints a command that shows which line of the configuration decides about the packet.
explain_command()
{
	[ -n "$told" ] && [ -n "$2" ] && echo "nat64ctl -s $(word "$socket") explain $(word "$1") $(word "$2") icmp # shows the line that decides"
}
