#!/usr/bin/env bash
# Completion of nat64ctl with the real bash-completion: commands, options, and addresses from a running daemon.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need sed
top=$here/../..
[ -r /usr/share/bash-completion/bash_completion ] || skip_all "needs bash-completion"
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# offered WORD...: what is offered for the last of the words of a command line that begins with nat64ctl; one line each.
# Colons separate words on a real command line, and bash-completion puts them together again.
offered() {
	in_router bash --norc -c '
		ctl=$1 socket=$2 file=$3
		shift 3
		. /usr/share/bash-completion/bash_completion
		. "$file"
		line="$ctl -s $socket $*"
		COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9 COMP_KEY=9
		COMP_WORDS=("$ctl" -s "$socket")
		for word in "$@"; do
			while [[ $word == *:* ]]; do
				[ -z "${word%%:*}" ] || COMP_WORDS+=("${word%%:*}")
				rest=${word#"${word%%:*}"}
				word=${rest#"${rest%%[!:]*}"}
				COMP_WORDS+=("${rest%"$word"}")
				[ -n "$word" ] || continue 2
			done
			COMP_WORDS+=("$word")
		done
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_nat64ctl
		printf "%s\n" "${COMPREPLY[@]}"' bash "$NAT64CTL" "$SOCKET" "$top/contrib/nat64d.bash-completion" "$@" | sort
}
list() { offered "$@" | paste -sd ' '; }

config 'tun-setup yes' >"$T/conf"
start_nat64d || finish
same "without hosts: no address" "--json" "$(list release "")"
in_client ping -6 -n -c 1 -I 2001:db8:2::7 $GOOGLE >/dev/null
in_client ping -6 -n -c 1 -I 2001:db8:2::8 $GOOGLE >/dev/null
seven=$(ctl who 2001:db8:2::7 | awk 'NR == 2 { print $1 }')
eight=$(ctl who 2001:db8:2::8 | awk 'NR == 2 { print $1 }')
same "a command" "reload" "$(list rel | tr ' ' '\n' | grep -x reload)"
same "commands that begin alike" "trace" "$(list tr)"
same "hosts by their IPv4 addresses" "$(printf '%s\n' "$seven" "$eight" | sort | paste -sd ' ')" "$(list release 192.)"
same "hosts by their IPv6 addresses, behind the last colon" "7 8" "$(list pin 2001:db8:2::)"
same "an IPv6 address that is begun" "7" "$(list who 2001:db8:2::7)"
same "pin: what is leased" 2 "$(offered pin 192. | wc -l)"
ctl pin "$seven" >/dev/null
same "unpin: what is pinned, and nothing else" "$seven" "$(list unpin 192.)"
same "explain: protocols" "tcp" "$(list explain "$seven" 8.8.8.8 t)"
same "trace: reasons" "ttl-exceeded ttl-zero" "$(list trace ttl)"
same "trace: directions" "4to6 6to4" "$(offered trace '' | grep -E '^.to.$' | paste -sd ' ')"
same "leases --sort" "age bytes idle packets" "$(list leases --sort "")"
same "import" "--json --known --recover --replace" "$(list import "")"
same "networks --sort" "unconfirmed used" "$(list networks --sort "")"
same "networks: those there are, behind the last colon" "/48 /64" "$(list networks 2001:db8:2::/)"
same "drain" "--json off on" "$(list drain "")"
same "promote: the pools" "192.168.255.0/24" "$(list promote 192)"
stops "TERM ends it"
same "without a daemon: nothing, and no complaint" "--json" "$(list release "" 2>&1)"
finish
