#!/usr/bin/env bash
# Replaces systemctl in manual.sh: runs the units of this tree as far as that is possible without systemd.  tests/system tests
# the units with systemd.
#
#   UNITS   the directory of the units
#   SBIN    where nat64d and nat64-host are
#   LOGS    where a service leaves its log, as SERVICE.log
set -u

die() {
	echo "systemctl: $*" >&2
	exit 1
}

# use UNIT: the service to speak of.
use() {
	service=${1%.service} instance=""
	[[ $service != *@* ]] || instance=${service#*@}
	file=$UNITS/${service%"$instance"}.service.in
	log=$LOGS/$service.log
	pid=$(cat "/run/$service.pid" 2>/dev/null)
	state=/var/lib/nat64d${instance:+/$instance}
	runtime=/run/nat64d${instance:+-$instance}
}

# commands KEY: those of the unit, as systemd would read them.
commands() {
	sed -n "s/^$1=[-+]*//p" "$file" |
		sed "s|@sbindir@|$SBIN|g; s|@sysconfdir@|/etc|g; s|%i|$instance|g; s|%t|/run|g; s|[$]MAINPID|$pid|g; s|[$][$]|$|g"
}

run() {
	local line
	while read -r line; do
		bash -c "$line" || return
	done < <(commands "$1")
}

environment() {
	set -a
	# shellcheck source=contrib/nat64d.default
	[ ! -r /etc/default/nat64d ] || . /etc/default/nat64d
	set +a
}

# gone: also if nobody has asked for its exit status yet.
gone() {
	local stat
	stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 0
	[[ ${stat##*) } == Z* ]]
}

# start_host: the unit that this one wants.
start_host() {
	local file=$UNITS/nat64-host${instance:+@}.service.in
	run ExecCondition && run ExecStart
	return 0
}

# As the unit has it: a user with the two rights that a start needs.
start_daemon() {
	mkdir -p "$state" "$runtime" && chown 65534 "$state" "$runtime"
	: >"$log"
	environment
	start_host
	run ExecStartPre
	# shellcheck disable=SC2046 # words
	STATE_DIRECTORY=$state RUNTIME_DIRECTORY=$runtime setsid setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all,+net_admin,+bpf --ambient-caps=-all,+net_admin,+bpf --bounding-set=-all,+net_admin,+bpf $(commands ExecStart) </dev/null >>"$log" 2>&1 &
	pid=$!
	echo $pid >"/run/$service.pid"
	until grep -q ': translating on ' "$log"; do
		! gone || die "$service has failed: $(cat "$log")"
		sleep 0.05
	done
}

stop_daemon() {
	[ -n "$pid" ] || return 0
	run ExecStop
	kill "$pid"
	until gone; do sleep 0.05; done
	rm -f "/run/$service.pid"
}

# networkd takes a machine without udev for a container, where /sys is read-only.
start_networkd() {
	mkdir -p /run/systemd/netif/{links,leases,lldp}
	chown -R systemd-network: /run/systemd/netif
	setsid /lib/systemd/systemd-networkd </dev/null >>"$log" 2>&1 &
	echo $! >"/run/$service.pid"
}

start() {
	case $service in
	nat64d | nat64d@*) start_daemon ;;
	nat64-host | nat64-host@*) run ExecCondition && run ExecStart ;;
	nftables) nft -f /etc/nftables.conf ;;
	systemd-networkd) start_networkd ;;
	*) die "$service is not known here" ;;
	esac
}

stop() {
	case $service in
	nftables) nft flush ruleset ;;
	nat64-host | nat64-host@*) run ExecStop ;;
	systemd-networkd) [ -z "$pid" ] || { kill "$pid" && until gone; do sleep 0.05; done; } ;;
	*) stop_daemon ;;
	esac
}

[ $# -gt 1 ] || die "what to do with which service?"
verb=$1
shift
if [ "$verb" = kill ]; then
	signal=$2
	shift 2
fi
# What would be done at the next boot is not done now.
if [ "$verb" = enable ]; then
	[ "$1" = --now ] || exit 0
	verb=start
	shift
fi
for unit in "$@"; do
	use "$unit"
	case $verb in
	start) start ;;
	restart) stop && start ;;
	stop) stop ;;
	reload) environment && run ExecReload ;;
	try-reload-or-restart) [ ! -d /run/nat64-host ] || run ExecReload ;;
	kill) kill -s "$signal" "$pid" ;;
	*) die "$verb is not known here" ;;
	esac || exit
done
