# Shared by the namespace tests: TAP, and a network of three namespaces with the daemon in the middle one.
#
#   client (IPv6 only)          router (nat64d)             server (IPv4 only)
#   lan 2001:db8:1::2  <-----> lan 2001:db8:1::1
#       2001:db8:2::/64             wan 8.8.8.1  <------->  wan 8.8.8.8
#
# 2001:db8:2::/64 is routed to the client, which answers to all its addresses, so a test can have many hosts.
# The namespaces have unique names.  They are removed with everything in them, however the test ends.
# shellcheck shell=bash disable=SC2034 # variables are for the tests

set -u
# Do not depend on these settings of the caller: language, umask, variables of a service manager.
export LC_ALL=C
umask 022
unset CDPATH RUNTIME_DIRECTORY NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID LISTEN_FDS LISTEN_PID STATE_DIRECTORY JOURNAL_STREAM
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # after su without "-", root has the PATH of a user
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
NAT64D=${NAT64D:-$here/../../nat64d}
BLAST=${BLAST:-$(dirname "$NAT64D")/tests/bench/blast}
N=n64-$$
C=$N-client R=$N-router S=$N-server
OWN6=2001:db8:1000::64 GOOGLE=64:ff9b::808:808
LOG="" PID="" T=""
points=0 failures=0
SPACES="$C $R $S"
CHILDREN="" # processes outside the namespaces to kill at the end

# --- TAP ------------------------------------------------------------------------------------------------------------

ok() {
	points=$((points + 1))
	echo "ok $points - $1"
}

diag() {
	sed 's/^/# /' <<<"$*"
}

not_ok() {
	points=$((points + 1)) failures=$((failures + 1))
	echo "not ok $points - $1"
	shift
	[ $# -eq 0 ] || diag "$@"
	if [ -n "$LOG" ] && [ -s "$LOG" ]; then
		diag "the daemon's last words:"
		diag "$(tail -n 12 "$LOG")"
	fi
}

skip() {
	points=$((points + 1))
	echo "ok $points - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# t NAME COMMAND...: one point, ok if COMMAND succeeds; otherwise, its output is printed.
t() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$*" "$out"; fi
}

# shows NAME TEXT COMMAND...: one point, ok if the output of COMMAND contains TEXT, whatever its exit status.
shows() {
	local name=$1 text=$2 out
	shift 2
	out=$("$@" 2>&1)
	if [[ $out == *"$text"* ]]; then ok "$name"; else not_ok "$name" "$*" "wanted: $text" "$out"; fi
}

# same NAME WANTED FOUND: one point, ok if the texts are equal.
same() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2" "found:  $3"; fi
}

fails() {
	! "$@"
}

finish() {
	echo "1..$points"
	exit $((failures > 0))
}

# wait_for COMMAND...: repeats it until it succeeds, for at most twenty seconds, because the machine may be busy.
wait_for() {
	local end=$((SECONDS + 20))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# --- the network --------------------------------------------------------------------------------------------------

need() {
	local tool lack
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	[ -c /dev/net/tun ] || skip_all "needs /dev/net/tun"
	for tool in ip ping python3 "$@"; do
		command -v "$tool" >/dev/null || skip_all "needs $tool"
	done
	[ -x "$NAT64D" ] || skip_all "needs $NAT64D"
	[ -d /proc/sys/net/ipv6 ] || skip_all "needs IPv6, which the kernel has not (ipv6.disable=1?)"
	ip netns add "$N-probe" 2>/dev/null || skip_all "may not make network namespaces"
	lack=$(lacks_rights)
	ip netns del "$N-probe"
	[ -z "$lack" ] || skip_all "$lack"
}

# lacks_rights: prints what root may not do here, such as in a container.  It tries in a separate namespace.
lacks_rights() {
	if ! ip -n "$N-probe" tuntap add dev probe mode tun >/dev/null 2>&1; then
		echo "may not make TUN devices"
	elif ! ip netns exec "$N-probe" sysctl -qw net.ipv6.conf.all.forwarding=1 >/dev/null 2>&1; then
		echo "may not write to /proc/sys (is it mounted read-only?)"
	fi
}

# to_others PATH: succeeds if another user can access PATH.
to_others() { setpriv --reuid 65534 --clear-groups test -r "$1" 2>/dev/null; }

# make_place: makes $T, a directory for temporary files.  Other users can access it, whatever TMPDIR is, and the daemon,
# wherever it was built.
make_place() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || skip_all "needs a directory for temporary files"
	chmod 755 "$T"
	if ! to_others "$T/." && rmdir "$T"; then
		T=$(mktemp -d /tmp/n64.XXXXXX) || skip_all "needs a directory for temporary files"
		chmod 755 "$T"
	fi
	to_others "$NAT64D" || ! install -D "$NAT64D" "$T/open/nat64d" 2>/dev/null || NAT64D=$T/open/nat64d
	# python3 in PATH may be a slow wrapper script, so find the real program.
	mkdir "$T/python" && ln -s "$(python3 -c 'import sys; print(sys.executable)')" "$T/python/python3" && PATH=$T/python:$PATH
}

in_client() { ip netns exec "$C" "$@"; }
in_router() { ip netns exec "$R" "$@"; }
in_server() { ip netns exec "$S" "$@"; }

cleanup() {
	local ns p
	trap - EXIT INT TERM HUP
	# A child that gets a signal before its exec runs the traps of its parent; only the parent must clean up.
	[ "$BASHPID" = $$ ] || return
	# shellcheck disable=SC2086 # a list
	[ -z "$CHILDREN" ] || kill $CHILDREN 2>/dev/null
	for ns in $SPACES; do
		for p in $(ip netns pids "$ns" 2>/dev/null); do
			kill -9 "$p" 2>/dev/null
		done
		ip netns del "$ns" 2>/dev/null
	done
	[ -z "$T" ] || rm -rf "$T"
}

# space NAME: makes another namespace, which is removed with the others.
space() {
	[[ " $SPACES " == *" $1 "* ]] || SPACES+=" $1"
	ip netns add "$1" && as_born "$1" && ip -n "$1" link set lo up
	# Duplicate address detection takes time, and rate limits of ICMP make tests fail.
	ip netns exec "$1" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_ra=0 net.ipv6.ip_nonlocal_bind=1 \
		net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	# Since Linux 6.14, each namespace has this limit.
	ip netns exec "$1" sysctl -qw net.ipv4.icmp_msgs_per_sec=100000 net.ipv4.icmp_msgs_burst=10000 2>/dev/null
	return 0
}

# as_born SPACE: sets the sysctls to the defaults of the kernel, because a new namespace inherits those of the machine.
as_born() {
	local which
	for which in all default; do
		ip netns exec "$1" sysctl -qw \
			"net.ipv4.conf.$which."{forwarding,rp_filter,log_martians,accept_local,route_localnet,arp_ignore,arp_announce}=0 \
			"net.ipv4.conf.$which."{accept_redirects,secure_redirects,send_redirects}=1 \
			"net.ipv6.conf.$which."{disable_ipv6,forwarding}=0 || return
	done
}

# router NAME: makes a namespace that forwards.
router() {
	space "$1"
	ip netns exec "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

# join SPACE DEVICE SPACE DEVICE: connects two namespaces by a veth pair.
join() {
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

topology() {
	make_place
	LOG=$T/log
	mkdir "$T/data"
	trap cleanup EXIT
	trap 'exit 130' INT TERM HUP
	space "$C"
	router "$R"
	space "$S"
	join "$C" lan "$R" lan
	join "$R" wan "$S" wan
	in_server sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip -n "$C" addr add 2001:db8:1::2/64 dev lan
	ip -n "$C" route add local 2001:db8:2::/64 dev lo
	ip -n "$R" addr add 2001:db8:1::1/64 dev lan
	ip -n "$R" route add 2001:db8:2::/64 via 2001:db8:1::2
	ip -n "$R" addr add 8.8.8.1/24 dev wan
	ip -n "$S" addr add 8.8.8.8/24 dev wan
	ip -n "$C" -6 route add default via 2001:db8:1::1
	ip -n "$S" route add default via 8.8.8.1
	wait_for in_client ping -6 -n -c 1 -W 1 2001:db8:1::1
	wait_for in_server ping -4 -n -c 1 -W 1 8.8.8.1
}

# more_routers: adds two routers on either side, so that a link with a small MTU can be between them.
#
#   client <--> A1 <-mid-> A2 <--> router <--> B1 <-mid-> B2 <--> server
#
# The networks from A1 on are 2001:db8:aN::/64, those up to B2 are 9.9.N.0/24; N is lower near the client.
more_routers() {
	A1=$N-a1 A2=$N-a2 B1=$N-b1 B2=$N-b2
	local ns
	ip -n "$C" link del lan
	ip -n "$S" link del wan
	for ns in $A1 $A2 $B1 $B2; do router "$ns"; done
	join "$C" lan "$A1" lan
	join "$A1" mid "$A2" mid
	join "$A2" wan "$R" lan
	join "$R" wan "$B1" lan
	join "$B1" mid "$B2" mid
	join "$B2" wan "$S" wan

	ip -n "$C" addr add 2001:db8:1::2/64 dev lan
	ip -n "$A1" addr add 2001:db8:1::1/64 dev lan
	ip -n "$A1" addr add 2001:db8:a1::1/64 dev mid
	ip -n "$A2" addr add 2001:db8:a1::2/64 dev mid
	ip -n "$A2" addr add 2001:db8:a2::1/64 dev wan
	ip -n "$R" addr add 2001:db8:a2::2/64 dev lan
	ip -n "$C" -6 route add default via 2001:db8:1::1
	ip -n "$A1" -6 route add default via 2001:db8:a1::2
	ip -n "$A2" -6 route add default via 2001:db8:a2::2
	ip -n "$A1" -6 route add 2001:db8:2::/64 via 2001:db8:1::2
	for ns in 1 2; do
		ip -n "$A2" -6 route add "2001:db8:$ns::/64" via 2001:db8:a1::1
		ip -n "$R" -6 route add "2001:db8:$ns::/64" via 2001:db8:a2::1
	done
	ip -n "$R" -6 route add 2001:db8:a1::/64 via 2001:db8:a2::1

	ip -n "$R" addr add 9.9.1.1/24 dev wan
	ip -n "$B1" addr add 9.9.1.2/24 dev lan
	ip -n "$B1" addr add 9.9.2.1/24 dev mid
	ip -n "$B2" addr add 9.9.2.2/24 dev mid
	ip -n "$B2" addr add 8.8.8.1/24 dev wan
	ip -n "$S" addr add 8.8.8.8/24 dev wan
	ip -n "$S" route add default via 8.8.8.1
	ip -n "$B2" route add default via 9.9.2.1
	ip -n "$B1" route add default via 9.9.1.1
	ip -n "$B1" route add 8.8.8.0/24 via 9.9.2.2
	ip -n "$R" route add 8.8.8.0/24 via 9.9.1.2
	ip -n "$R" route add 9.9.2.0/24 via 9.9.1.2
	wait_for in_client ping -6 -n -c 1 -W 1 2001:db8:a2::2
	wait_for in_server ping -4 -n -c 1 -W 1 9.9.1.1
}

# Removes the path MTUs that both ends have learned.
forget() {
	ip -n "$S" route flush cache
	ip -n "$C" route flush cache
	ip -n "$C" -6 route flush cache
}

# narrow MTU ROUTER ROUTER: sets the MTU of the link between two routers of more_routers.
narrow() {
	ip -n "$2" link set mid mtu "$1"
	ip -n "$3" link set mid mtu "$1"
	forget
}

# hop_list: prints the addresses in the output of traceroute on one line.
hop_list() { awk 'NR > 1 { print $2 }' | paste -sd ' '; }

# --- the daemon -----------------------------------------------------------------------------------------------------

# config [LINE...]: prints the configuration of most tests, and more lines.
config() {
	cat <<-END
		tun-device nat64
		ipv4-addr 192.168.255.1
		ipv6-addr $OWN6
		prefix 64:ff9b::/96
		dynamic-pool 192.168.255.0/24
		data-dir $T/data
	END
	printf '%s\n' "$@"
}

link_exists() { ip -n "$R" link show dev "$1"; }
# link_running DEVICE [SPACE]
link_running() { ip -n "${2:-$R}" -o link show dev "$1" | grep -q LOWER_UP; }

# start_bare [OPTION...]: starts nat64d with $T/conf in the router and does not wait for it.
start_bare() {
	# Not in_router: in the background, $! would be the process ID of a shell.
	ip netns exec "$R" "$NAT64D" --nodetach --stdout -c "$T/conf" "$@" </dev/null >>"$LOG" 2>&1 &
	PID=$!
}

# from=$(since) ... said "$from" WORDS: succeeds if the log has a line with WORDS since then.
since() { echo $(($(wc -l <"$LOG") + 1)); }
said() { tail -n "+$1" "$LOG" | grep -E "$2"; }

# Sets up the device by hand, like an operator without tun-setup.
set_routes() {
	ip -n "$R" link set nat64 up
	ip -n "$R" route replace 192.168.255.0/24 dev nat64
	ip -n "$R" -6 route replace 64:ff9b::/96 dev nat64
	ip -n "$R" -6 route replace "$OWN6/128" dev nat64
}

announced() { [ "$(grep -c 'nat64d: translating on ' "$LOG")" -gt "$1" ]; }

# start_nat64d [OPTION...]: starts nat64d with $T/conf, and returns when packets can pass and it has said so.
start_nat64d() {
	local before
	before=$(grep -c 'nat64d: translating on ' "$LOG" 2>/dev/null)
	start_bare "$@"
	# The device exists before the control socket does.
	wait_for link_exists nat64 && set_routes && wait_for link_running nat64 && wait_for announced "${before:-0}" && return 0
	not_ok "nat64d starts"
	return 1
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# stop_nat64d [SIGNAL]: stops nat64d and returns its exit status.
stop_nat64d() {
	[ -n "$PID" ] || return 0
	kill -"${1:-TERM}" "$PID" 2>/dev/null
	# A job that has ended is a zombie until `wait', so check its state instead of kill -0.
	wait_for ended "$PID" || kill -9 "$PID" 2>/dev/null
	wait "$PID" 2>/dev/null
	local status=$?
	PID=
	return $status
}

# stops NAME [SIGNAL]: one point, ok if nat64d ends with status 0.  It cannot use t, because only the parent can wait.
stops() {
	stop_nat64d "${2:-TERM}"
	same "$1" 0 $?
}

ended() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	[[ ${stat##*) } == Z* ]]
}

alive() { ! ended "$PID"; }

# Prints the processor time that nat64d has used, in clock ticks.
cpu_ticks() {
	local stat
	read -r stat <"/proc/$PID/stat" || return
	# shellcheck disable=SC2086 # fields are wanted
	set -- ${stat##*) }
	echo $((${12} + ${13}))
}

ping6() { in_client ping -6 -n -c 1 -W 2 "$@"; }
ping4() { in_server ping -4 -n -c 1 -W 2 "$@"; }

# Prints the IPv4 addresses that the server sees of hosts 2001:db8:2::1 to 2001:db8:2::N: "HOST ADDRESS" lines.
hosts() { in_client python3 "$here/udp.py" hosts "$1" "${2:-$GOOGLE}" 5007; }

# Starts echo services on the server; they end with its namespace.
serve_udp() {
	udp_server "$S" 5007
}

iptables_masquerade() {
	in_router iptables -t nat -A POSTROUTING -o nat64 -j MASQUERADE &&
		in_router iptables -t nat -A POSTROUTING -s 192.168.255.0/24 -j MASQUERADE
}

# --- counters of the daemon -----------------------------------------------------------------------------------------

# counters: prints the counters that the daemon logs.
counters() {
	local was
	was=$(wc -l <"$LOG")
	kill -USR1 "$PID"
	wait_for counted_after "$was"
	tail -n "+$((was + 1))" "$LOG"
}
counted_after() { tail -n "+$(($1 + 1))" "$LOG" | grep -q 'both: '; }

# counter LINES DIRECTION NAME: prints its value, 0 if it is missing.
counter() {
	local n
	n=$(sed -n "s/.*$2: //p" <<<"$1" | tr ',' '\n' | awk -v name="$3" '$1 == name { print $2 }')
	echo "${n:-0}"
}

# mark: records the counters for `counts' and `grown'.
mark() { marked=$(counters); }

# grown DIRECTION NAME: prints the increase of a counter since the mark.
grown() {
	local now
	now=$(counters)
	echo $(($(counter "$now" "$1" "$2") - $(counter "$marked" "$1" "$2")))
}

# counts NAME DIRECTION COUNTER: one point, ok if it has grown since the mark.
counts() {
	local n
	n=$(grown "$2" "$3")
	if [ "$n" -gt 0 ]; then ok "$1"; else not_ok "$1" "$2 $3: no more than before" "$(counters)"; fi
}

# --- transfers ------------------------------------------------------------------------------------------------------

sum() { sha256sum <"$1"; }

# listening SPACE -t|-u PORT
listening() { ip netns exec "$1" ss -Hln "$2" "sport = :$3" | grep -q .; }

# exchange NAME SPACE LISTEN SPACE CONNECT: one point.  The sides send $T/a and $T/b at the same time; both must arrive.
exchange() {
	local name=$1 server=$2 listen=$3 client=$4 connect=$5 job
	rm -f "$T"/*.got
	timeout 30 ip netns exec "$server" socat -t 30 "$listen:5001,reuseaddr" "OPEN:$T/a,rdonly!!CREATE:$T/b.got" </dev/null &
	job=$!
	wait_for listening "$server" -t 5001
	timeout 30 ip netns exec "$client" socat -t 30 "OPEN:$T/b,rdonly!!CREATE:$T/a.got" "$connect:5001" </dev/null
	wait "$job"
	same "$name: server to client" "$(sum "$T/a")" "$(sum "$T/a.got")"
	same "$name: client to server" "$(sum "$T/b")" "$(sum "$T/b.got")"
}

# udp_server SPACE PORT: starts the echo server of udp.py; it ends with its namespace.
udp_server() {
	ip netns exec "$1" python3 "$here/udp.py" serve "$2" </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$1" -u "$2"
}

# tcp_server SPACE PORT: starts a server that accepts connections.
tcp_server() {
	ip netns exec "$1" python3 -c 'import socket, sys
s = socket.create_server(("", int(sys.argv[1])), family=getattr(socket, sys.argv[2]), backlog=500)
while True:
    s.accept()[0].close()' "$2" "$([ "$1" = "$S" ] && echo AF_INET || echo AF_INET6)" </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$1" -t "$2"
}

udp_in() { ip netns exec "$1" python3 "$here/udp.py" "${@:2}"; }
wire_in() { ip netns exec "$1" python3 "$here/wire.py" "${@:2}"; }

# --- the fast path --------------------------------------------------------------------------------------------------

# need_fast_path: skips the test if the fast path is off, with the reason that the daemon logged.
need_fast_path() {
	[ -x "$BLAST" ] || skip_all "needs $BLAST"
	config >"$T/conf"
	start_nat64d || finish
	wait_for grep -q 'fast-path: ' "$LOG"
	stop_nat64d
	grep -q 'fast-path: on' "$LOG" || skip_all "$(sed -n 's/^nat64d: \(fast-path: off.*\)/\1/p' "$LOG")"
	: >"$LOG"
}

# below [DIRECTION]: prints how many packets the program in the kernel has translated since the mark, in one direction or both.
below() {
	local now n=0 dir
	now=$(counters)
	for dir in ${1:-'4->6' '6->4'}; do
		n=$((n + $(counter "$now" "$dir" fast-path) - $(counter "$marked" "$dir" fast-path)))
	done
	echo $n
}

# known COMMAND...: repeats it until the program in the kernel translates its packets in both directions.
known() { wait_for is_known "$@"; }
is_known() {
	mark
	"$@" && [ "$(below '4->6')" -gt 0 ] && [ "$(below '6->4')" -gt 0 ]
}

# csum_errors: prints the number of checksum errors of all receivers.
csum_errors() {
	local ns
	for ns in $SPACES; do
		ip netns exec "$ns" nstat -az | awk '/^(Tcp|Udp|Udp6|Icmp|Icmp6)InCsumErrors/ { n += $2 } END { print n + 0 }'
	done | awk '{ n += $1 } END { print n }'
}

blast_in() { ip netns exec "$1" "$BLAST" "${@:2}"; }

# start_sink SPACE PORT [SECONDS]: starts a receiver as $job.  When no packets come for a while, it writes to $T/sink.PORT.
start_sink() {
	ip netns exec "$1" "$BLAST" sink -p "$2" -t "${3:-60}" </dev/null >"$T/sink.$2" 2>&1 &
	job=$!
	wait_for listening "$1" -u "$2"
}
# blasted PORT NAME: prints a number from $T/sink.PORT, or from the output of a sender in $T/sent.PORT.
blasted() { sed -n "s/.*\"$2\": \([0-9]*\).*/\1/p" "$T/sink.$1"; }
sent() { sed -n 's/.*"sent": \([0-9]*\).*/\1/p' "$T/sent.$1"; }

# hole SPACE PORT: opens a UDP socket without a reader: packets are dropped without an ICMP error.
hole() {
	ip netns exec "$1" python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_INET if sys.argv[2] == "4" else socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
time.sleep(3600)' "$2" "$([ "$1" = "$S" ] && echo 4 || echo 6)" </dev/null >/dev/null 2>&1 &
	disown
	wait_for listening "$1" -u "$2"
}

# start_load: sends so much UDP from 2001:db8:1::2 to port 9 that UDP moves to the program in the kernel and stays there, except
# for the short times in which the daemon samples it.  The packets cannot be merged.  end_load or the end of the test stops it.
start_load() {
	hole "$S" 9
	# Not blast_in: in the background, $! would be the process ID of a shell.
	ip netns exec "$C" "$BLAST" send -6 "$GOOGLE" 9 -n 32 -b 1 -s 64 --unlike --rate "${1:-100000}" -t 600 </dev/null >/dev/null 2>&1 &
	load=$!
	disown
	wait_for udp_is_below
}
udp_is_below() {
	mark
	sleep 0.2
	[ "$(below '6->4')" -gt 5000 ]
}
end_load() { kill "$load" 2>/dev/null; }

# --- nat64-host -----------------------------------------------------------------------------------------------------

HOST=${NAT64_HOST:-$here/../../contrib/nat64-host}
# shellcheck disable=SC2206 # perhaps two words, such as busybox ash
shell=(${SHELL_UNDER_TEST:-sh})

# host_topology: makes the network for a test of nat64-host.
host_topology() {
	export NAT64D
	topology
	in_router nft list tables >/dev/null 2>&1 || skip_all "needs nftables"
	mkdir "$T/run" "$T/impatient"
	# check waits a second for each answer, and many do not come.  Answers take milliseconds here, so wait less.
	cat >"$T/impatient/ping" <<-END
		#!/bin/sh
		for word; do
			shift
			[ "\$before \$word" != "-W 1" ] || word=0.4
			before=\$word
			set -- "\$@" "\$word"
		done
		exec $(command -v ping) "\$@"
	END
	# Hide drops of the real machine from the check.
	cat >"$T/impatient/cat" <<-END
		#!/bin/sh
		case \$1 in
		/proc/net/softnet_stat)
			$(command -v cat) "$T/softnet"
			[ ! -e "$T/softnet.next" ] || mv "$T/softnet.next" "$T/softnet"
			;;
		/proc/sys/net/core/netdev_max_backlog) exec $(command -v cat) "$T/backlog" ;;
		*) exec $(command -v cat) "\$@" ;;
		esac
	END
	echo "00000000 00000000 00000000" >"$T/softnet"
	chmod +x "$T"/impatient/*
}

# uplinks: adds default routes of both families.
uplinks() {
	ip -n "$R" addr add 2001:db8:9::1/64 dev wan
	ip -n "$R" route add default via 8.8.8.8
	ip -n "$R" -6 route add default via 2001:db8:9::2
}

# host COMMAND...: runs it in the router, with a private /run.
host() { in_router sh -c "mount --bind '$T/run' /run && exec \"\$@\"" sh "$@"; }

CANNOT="" # a finding that is expected on this machine

# may_be_fast LOG: sets CANNOT if the daemon could not load its program into the kernel.
may_be_fast() {
	wait_for grep -q 'fast-path: ' "$1"
	grep -q 'fast-path: on' "$1" || CANNOT=fast-path
}

# well [OPTION...]: succeeds if the check finds nothing wrong.  Its output is in $T/found.
well() {
	timeout 120 ip netns exec "$R" env PATH="$T/impatient:$PATH" "${shell[@]}" "$HOST" check ${CANNOT:+--ignore "$CANNOT"} "$@" "$T/conf" >"$T/found" 2>&1
}

# cured WHAT [OPTION...]: one point, ok if the command of the finding, in `cure', fixes the problem and the check then succeeds.
# shellcheck disable=SC2154 # the test says what the command is
cured() {
	local what=$1 said
	shift
	said=$(host sh -c "$cure" 2>&1 </dev/null)
	if wait_for well "$@"; then ok "$what: mended by its command"; else not_ok "$what: mended by $cure" "$said" "$(cat "$T/found")"; fi
}

# Checks that the daemon is unharmed: it runs, and has as many descriptors and leases as `healthy' recorded.
healthy() { echo "$(find "/proc/$PID/fd" -type l | wc -l) descriptors, $(counter "$(counters)" both leases-used) leases"; }

# wires_for_gso: packets that leave the router are segmented and have complete checksums; packets to the router are not.
# 2001:db8:1::77 and 8.8.8.77 have neighbor entries, but no host has these addresses, so nothing answers.  MAC6 and MAC4 are
# those of the router, for gso.py.
mac() { ip -n "$1" -o link show dev "$2" | sed -n 's/.*link\/ether \([0-9a-f:]*\).*/\1/p'; }
wires_for_gso() {
	local dev
	ip -n "$R" neigh replace 2001:db8:1::77 lladdr "$(mac "$C" lan)" dev lan nud permanent
	ip -n "$R" neigh replace 8.8.8.77 lladdr "$(mac "$S" wan)" dev wan nud permanent
	for dev in lan wan; do
		in_router ethtool -K "$dev" tx off tso off gso off gro off >/dev/null 2>&1
	done
	in_client ethtool -K lan gro off >/dev/null 2>&1
	in_server ethtool -K wan gro off >/dev/null 2>&1
	MAC6=$(mac "$R" lan) MAC4=$(mac "$R" wan)
	export MAC6 MAC4
}
