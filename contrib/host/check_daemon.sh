# Questions that the daemon answers itself, through nat64ctl: where and how it runs, and what it would do to a packet.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# ask_daemon WORD...: what it answers at $socket, in one line of JSON; nothing if there is none, or it is stuck.
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

# told_value NAME: a text or number in `told', its status, where it is the only one of that name.
told_value()
{
	printf '%s\n' "$told" | sed -n "s/.*\"$1\": \"\{0,1\}\([^\",}]*\).*/\1/p"
}

# told_object NAME: what is between its braces.
told_object()
{
	printf '%s\n' "$told" | sed -n "s/.*\"$1\": {\([^}]*\)}.*/\1/p"
}

# likely_socket: where the daemon of this configuration is asked, before its process is known.
likely_socket()
{
	place=$(values control)
	case $place,$unit in
	,nat64d.service) echo /run/nat64d/control ;;
	,nat64d@*.service) echo "/run/nat64d-$(basename "$conf" .conf)/control" ;;
	*) printf '%s\n' "$place" ;;
	esac
}

# socket_of PROCESS: where that daemon is asked, empty if nowhere: in the directory that it was given at its start, unless the
# configuration names another place.
socket_of()
{
	place=$(values control)
	[ -n "$place" ] || place=$(tr '\0' '\n' <"/proc/$1/environ" |
		sed -n 's|^RUNTIME_DIRECTORY=\(/[^:]*\).*|\1/control|p' | sed -n 1p)
	[ "$place" = off ] || printf '%s\n' "$place"
}

# holds PROCESS: does it hold the device, in this network namespace?
holds()
{
	grep -qs "^iff:[[:space:]]*$device\$" "/proc/$1/fdinfo/"* &&
		[ "$(stat -L -c %i "/proc/$1/ns/net" 2>/dev/null)" = "$(stat -L -c %i /proc/self/ns/net)" ]
}

# ask_where_it_runs: `daemon' is its process, if one answers that has our device; `told' is its status then.
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

# ask_process: the same of a process that was found otherwise.
ask_process()
{
	told='' socket=
	[ -z "$daemon" ] || socket=$(socket_of "$daemon")
	[ -z "$socket" ] || told=$(ask_daemon status)
}

# in_effect_since: when the daemon has read the configuration by which it goes.
in_effect_since()
{
	when=$(told_object last_reload | sed -n 's/.*"time": "\([^"]*\)Z".*/\1/p')
	date -u -d "$(printf '%s\n' "${when:-$(told_value since)}" | tr TZ '  ')" +%s 2>/dev/null
}

# refusal FROM TO: why the daemon refuses a ping, in its own words; nothing if it does not, or cannot be asked.
refusal()
{
	[ -n "$told" ] && [ -n "$1" ] && [ -n "$2" ] || return 0
	plain "$(ask_daemon explain "$1" "$2" icmp | sed -n '/"verdict": "\(drop\|reject\)"/s/.*"reason": "\([^"]*\)", "text": "\([^"]*\)".*/: \1 (\2)/p')"
}

# peer_answer FROM TO: the addresses of the answer to that ping, as they come to the daemon.
peer_answer()
{
	[ -z "$told" ] || ask_daemon explain "$1" "$2" icmp |
		sed -n 's/.*"answer": {"source": "\([^"]*\)", "destination": "\([^"]*\)"}.*/\1 \2/p'
}

# explain_command FROM TO: for a reader who wants to know more.
explain_command()
{
	[ -n "$told" ] && [ -n "$2" ] && echo "nat64ctl -s $(word "$socket") explain $(word "$1") $(word "$2") icmp # decided by which line?"
}
