#!/usr/bin/env bash
# `nat64-host init' alone takes a fresh Debian with the package to a web page by name on an IPv6-only host.  The test continues
# with a reboot and --undo, with Unbound and BIND, and with router advertisements if radvd supports PREF64.
#
#   client (IPv6 only)          router: the container        server (with the servers of the root)
#   lan 2001:db8:1::2  <-----> lan 2001:db8:1::1
#                                   wan 8.8.8.1     <------->  wan 8.8.8.8
#
# NAT64_RELEASE selects the Debian; MANAGERS lists the network managers that set an address for DNS64, each on a separate
# machine; TRANSCRIPT is a file for the output that the operator sees.
# shellcheck disable=SC2016,SC2317 # what is for other shells; functions that are called by name
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need_container dig curl python3 ping named
make_deb
make_root

# --- the network ----------------------------------------------------------------------------------------------------

# network_files MANAGER static|dynamic: writes its files, with static or dynamic addresses on the LAN.
network_files() {
	"files_of_$1" "$2"
	[ "$1" = networkd ] || chroot "$ROOT" systemctl -q disable systemd-networkd 2>/dev/null
}

files_of_networkd() {
	local address='Address=2001:db8:1::1/64'
	[ "$1" = static ] || address='IPv6AcceptRA=yes'
	printf '%s\n' '[Match]' 'Name=lan' '[Network]' "IPv6AcceptRA=no" "$address" >"$ROOT/etc/systemd/network/lan.network"
	printf '%s\n' '[Match]' 'Name=wan' '[Network]' 'IPv6AcceptRA=no' 'Address=8.8.8.1/24' 'Gateway=8.8.8.8' \
		'Address=2001:db8:5::1/64' 'Gateway=2001:db8:5::2' >"$ROOT/etc/systemd/network/wan.network"
	chroot "$ROOT" systemctl -q enable systemd-networkd 2>/dev/null
}

files_of_ifupdown() {
	in_root apt-get install -qy ifupdown
	cat >"$ROOT/etc/network/interfaces" <<-'END'
		source /etc/network/interfaces.d/*
		auto lo lan wan
		iface lo inet loopback
		iface lan inet6 auto
		iface wan inet static
			address 8.8.8.1/24
			gateway 8.8.8.8
		iface wan inet6 static
			address 2001:db8:5::1/64
			gateway 2001:db8:5::2
	END
}

files_of_NetworkManager() {
	local place=$ROOT/etc/NetworkManager/system-connections
	in_root apt-get install -qy network-manager
	printf '%s\n' '[connection]' 'id=lan' 'type=ethernet' 'interface-name=lan' '[ipv4]' 'method=disabled' '[ipv6]' 'method=auto' \
		>"$place/lan.nmconnection"
	printf '%s\n' '[connection]' 'id=wan' 'type=ethernet' 'interface-name=wan' '[ipv4]' 'method=manual' \
		'address1=8.8.8.1/24,8.8.8.8' '[ipv6]' 'method=manual' 'address1=2001:db8:5::1/64,2001:db8:5::2' >"$place/wan.nmconnection"
	chmod 600 "$place"/*
}

# in_root COMMAND...: runs it before the machine boots; no service starts.
in_root() {
	printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d" && chmod 755 "$ROOT/usr/sbin/policy-rc.d"
	t "before the first boot: $*" chroot "$ROOT" env DEBIAN_FRONTEND=noninteractive "$@" </dev/null
	rm "$ROOT/usr/sbin/policy-rc.d"
}

cables() {
	plug_in
	ip -n "$C" link set lan up && ip -n "$S" link set wan up &&
		ip -n "$S" addr add 8.8.8.8/24 dev wan && ip -n "$S" addr add 2001:db8:5::2/64 dev wan nodad &&
		ip -n "$S" -6 route add default via 2001:db8:5::1
	ip -n "$C" addr add 2001:db8:1::2/64 dev lan nodad && ip -n "$C" -6 route add default via 2001:db8:1::1
}

# world: the server has the addresses of the root servers, and of a web server.
world() {
	local address
	for address in 198.41.0.4 170.247.170.2 199.9.14.201 192.33.4.12 199.7.91.13 192.203.230.10 192.5.5.241 192.112.36.4 198.97.190.53 \
		192.36.148.17 192.58.128.30 193.0.14.129 199.7.83.42 202.12.27.33 9.9.9.80 \
		2001:503:ba3e::2:30 2801:1b8:10::b 2001:500:200::b 2001:500:2::c 2001:500:2d::d 2001:500:a8::e 2001:500:2f::f \
		2001:500:12::d0d 2001:500:1::53 2001:7fe::53 2001:503:c27::2:30 2001:7fd::1 2001:500:9f::42 2001:dc3::35; do
		ip -n "$S" addr add $address dev lo
	done
	mkdir "$T/world" "$T/www"
	echo "a page by name" >"$T/www/index.html"
	cat >"$T/world/root" <<-'END'
		$TTL 60
		@                   SOA a.root-servers.net. hostmaster.example.org. 1 3600 600 86400 60
		@                   NS  a.root-servers.net.
		a.root-servers.net. A   198.41.0.4
		ipv4only.arpa.      A   192.0.0.170
		ipv4only.arpa.      A   192.0.0.171
		v4.example.org.     A   9.9.9.80
		private.example.org. A  10.1.2.3
		dual.example.org.   A   9.9.9.80
		dual.example.org.   AAAA 2001:db8:5::80
	END
	cat >"$T/world/conf" <<-END
		options {
			directory "$T/world"; pid-file none; session-keyfile "$T/world/key"; listen-on { any; }; listen-on-v6 { any; };
			recursion no; dnssec-validation no; ipv4only-enable no; empty-zones-enable no;
		};
		controls { };
		zone "." { type primary; file "$T/world/root"; };
	END
	in_server named -g -n 1 -c "$T/world/conf" </dev/null >"$T/world/log" 2>&1 &
	CHILDREN="$CHILDREN $!"
	in_server python3 -m http.server 80 --bind 0.0.0.0 -d "$T/www" </dev/null >"$T/http.log" 2>&1 &
	CHILDREN="$CHILDREN $!"
	wait_for listening "$S" -t 80
}

# The DNS of this test is not signed, so disable validation in separate files, as a site may do; they stay in effect.
unsigned_world() {
	printf 'server:\n  domain-insecure: "org"\n  domain-insecure: "arpa"\n  domain-insecure: "net"\n' >"$ROOT/etc/unbound/unbound.conf.d/site.conf"
}
own_zone() {
	printf '%s\n' '$TTL 60' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns' 'ns A 8.8.8.8' 'v4 A 9.9.9.80' 'private A 10.1.2.3' \
		'dual A 9.9.9.80' 'dual AAAA 2001:db8:5::80' 'near AAAA 2001:db8:1::2' >"$ROOT/etc/bind/db.example.org"
	echo 'zone "example.org" { type primary; file "/etc/bind/db.example.org"; };' >>"$ROOT/etc/bind/named.conf.local"
}

# --- the machine, before and after ----------------------------------------------------------------------------------

# machine: prints the state that --undo must restore, without files that programs write for themselves.
machine() {
	inside sh -c '
		find /etc /usr/lib/systemd /lib/systemd -type f ! -name "*.bak-*" ! -path /etc/.pwd.lock -exec sha256sum {} + | sort -k 2
		ls -d /var/lib/nat64-host 2>&1
		systemctl list-unit-files --no-legend --plain | sort
		for unit in nat64d nat64-host unbound named radvd; do echo "$unit $(systemctl is-active $unit)"; done
		ip -o addr show | sed "s/valid_lft.*//; s/ tentative//; s/^[0-9]*: //" | grep -v "^nat64\|scope link\| dynamic"; { ip -6 route show; ip -4 route show; } | sort
		sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv6.conf.wan.accept_ra net.ipv6.conf.lan.accept_ra
		nft list ruleset' 2>&1
}

failed_units() { inside systemctl --failed --plain --no-legend; }

# --- the host -------------------------------------------------------------------------------------------------------

by_name() {
	echo "nameserver $resolver" >"$T/resolv.conf"
	# shellcheck disable=SC2016 # for the inner shell
	in_client bash -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$T/resolv.conf" "$@"
}
page() { [ "$(by_name curl -6 -sS --max-time 5 http://v4.example.org/)" = "a page by name" ]; }
answers() { in_client dig +noall +answer +tries=2 +time=3 "$@" "@$resolver" | awk '$4 == "AAAA" { print $5 }' | sort | paste -sd ' '; }

# host_has WHEN: points about what the host can reach.
host_has() {
	t "$1: a page by name on an IPv6-only host" wait_for page
	same "$1: the prefix can be found out" "64:ff9b::c000:aa 64:ff9b::c000:ab" "$(answers AAAA ipv4only.arpa)"
	same "$1: a name with both keeps its own" 2001:db8:5::80 "$(answers AAAA dual.example.org)"
	same "$1: private IPv4 is not mapped" "" "$(answers AAAA private.example.org)"
	same "$1: strangers are refused" REFUSED "$(in_server dig +noall +comments +tries=1 +time=3 AAAA v4.example.org "@$resolver" | sed -n 's/.*status: \([A-Z]*\).*/\1/p')"
}

# init NAME OPTION...: one point, and one for the time; the output is in $said.
init() {
	local name=$1 start end status
	shift
	start=$(date +%s%N)
	said=$(inside nat64-host init "$@" 2>&1)
	status=$?
	end=$(date +%s%N)
	took=$(((end - start) / 1000000))
	[ -z "${TRANSCRIPT-}" ] || printf '# nat64-host init %s\n%s\n(exit status %s, %d.%03d s)\n\n' "$*" "$said" $status $((took / 1000)) $((took % 1000)) >>"$TRANSCRIPT"
	if [ $status -eq 0 ]; then ok "$name (${took} ms)"; else not_ok "$name" "exit status $status" "$said"; fi
}

# refused NAME TEXT OPTION...: init prints the reason, and changes nothing.
refused() {
	local name=$1 text=$2 before
	shift 2
	before=$(machine)
	shows "$name" "$text" inside nat64-host init --yes "$@"
	same "$name: nothing is changed" "" "$(diff <(echo "$before") <(machine))"
}

in_a_minute() { [ "$took" -lt 60000 ]; }

# undone NAME
undone() {
	inside nat64-host init --undo >"$T/undo" 2>&1
	same "$1: --undo leaves the machine as it was" "" "$(diff <(echo "$before") <(machine))"
	diag "$(cat "$T/undo")"
}

# without_ipv6 RESOLVER: if the machine itself has only IPv4 to the internet, the host gets only translated addresses.
without_ipv6() {
	step "ip -6 route del default"
	inside nat64-host init --yes --dns64 "$1" >"$T/said" 2>&1
	same "$1, without IPv6 to the internet: all names lead through the prefix" 64:ff9b::909:950 "$(answers AAAA dual.example.org)"
	[ "$1" = unbound ] || same "$1, without IPv6 to the internet: but those of its own networks" 2001:db8:1::2 "$(answers AAAA near.example.org)"
	inside nat64-host init --undo >/dev/null 2>&1
	step "ip -6 route add default via 2001:db8:5::2 dev wan proto static"
}

# --- unbound --------------------------------------------------------------------------------------------------------

space "$C"
space "$S"
world
network_files networkd static
cp "$DEB" "$ROOT/root/nat64d.deb"
boot cables
failed=$(failed_units) # units that cannot run in a container
resolver=2001:db8:1::1
step "apt-get install -qy --no-install-recommends /root/nat64d.deb nftables"
refused "what is missing is named" "apt install bind9-dnsutils unbound" --dns64 unbound
step "apt-get install -qy unbound bind9-dnsutils"
unsigned_world
site=$ROOT/etc/unbound/unbound.conf.d/other.conf
printf 'server:\n  interface: 2001:db8:1::1\n' >"$site"
refused "unbound has a configuration of its own" "unbound is configured already (/etc/unbound/unbound.conf.d/other.conf:2: interface: 2001:db8:1::1)" --dns64 unbound
printf 'server:\n  so-rcvbuf: much\n' >"$site"
refused "unbound does not take what is there" "unbound refuses the planned configuration: " --dns64 unbound
rm "$site"
before=$(machine)
init "nat64-host init --dns64 unbound" --yes --dns64 unbound
t "in less than a minute" in_a_minute
host_has "unbound"
init "a second time" --yes --dns64 unbound
t "it still works" wait_for page
reboot cables
host_has "unbound, rebooted"
same "unbound, rebooted: no unit has failed" "$failed" "$(failed_units)"
undone "unbound"
without_ipv6 unbound

# --- a host that uses router advertisements -------------------------------------------------------------------------

# advertised: the host uses only router advertisements.
advertised() {
	ip -n "$C" -6 addr flush dev lan scope global
	ip -n "$C" -6 route flush default
	in_client sysctl -qw net.ipv6.conf.lan.accept_ra=1 net.ipv6.conf.lan.forwarding=0
	in_client python3 "$top/tests/system/ra.py" hear lan >"$T/heard" 2>&1
	resolver=$(sed -n 's/^rdnss //p' "$T/heard")
}

has_address() { ip -n "$C" -6 -o addr show dev lan dynamic scope global | grep -q 2001:db8:1: && ip -n "$C" -6 route show default | grep -q 'proto ra'; }

offered() { in_client python3 "$top/tests/system/offer.py" lan; }

# announced WHEN
announced() {
	advertised
	shows "$1: the prefix is announced" "pref64 64:ff9b::/96" cat "$T/heard"
	same "$1: the resolver is announced" 2001:db8:1::1 "$resolver"
	t "$1: the host has an address and a default route" wait_for has_address
	host_has "$1"
}

if [[ $(inside apt-cache policy radvd) == *"Candidate: 1:2.19-"* ]]; then
	refused "radvd is too old" "radvd 2.19 cannot announce the prefix" --dns64 unbound --announce radvd
else
	step "apt-get install -qy radvd dnsmasq"
	step "printf 'interface lan { };\n' >/etc/radvd.conf"
	refused "radvd has a configuration of its own" "add to /etc/radvd.conf: interface lan { AdvSendAdvert on; prefix 2001:db8:1::/64 { }; nat64prefix 64:ff9b::/96 { }; };" --announce radvd
	step "rm /etc/radvd.conf"
	step "echo 'Address=192.168.7.1/24' >>/etc/systemd/network/lan.network && ip address add 192.168.7.1/24 brd + dev lan"
	step "printf 'port=0\ndhcp-range=192.168.7.10,192.168.7.20\n' >/etc/dnsmasq.d/site.conf && systemctl restart dnsmasq unbound"
	before=$(machine)
	init "nat64-host init --dns64 unbound --announce radvd" --yes --dns64 unbound --announce radvd
	t "in less than a minute as well" in_a_minute
	announced "radvd"
	shows "option 108 is for the hosts of dnsmasq" "option: 108 00000708" offered
	reboot cables
	announced "radvd, rebooted"
	same "radvd, rebooted: no unit has failed" "$failed" "$(failed_units)"
	undone "radvd"
	reboot cables
fi

# --- BIND -----------------------------------------------------------------------------------------------------------

resolver=2001:db8:1::1
step "apt-get install -qy bind9"
own_zone
step "cp /etc/bind/named.conf.options /root/ && sed -i 's/^};/forwarders { 9.9.9.9; };\n};/' /etc/bind/named.conf.options"
refused "named has a configuration of its own" "named is configured already (/etc/bind/named.conf.options)" --dns64 bind
step "cp /root/named.conf.options /etc/bind/"
refused "another resolver has the port" "unbound has port 53" --dns64 bind
step "systemctl disable --now unbound && systemctl restart named"
before=$(machine)
init "nat64-host init --dns64 bind" --yes --dns64 bind
t "in less than a minute, too" in_a_minute
host_has "BIND"
reboot cables
host_has "BIND, rebooted"
undone "BIND"
without_ipv6 bind

# --- an address for DNS64, by each manager --------------------------------------------------------------------------

has_dynamic() { inside ip -6 -o addr show dev lan scope global dynamic | grep -q 2001:db8:1:; }
# The addresses of the router change; the host uses one that stays.
host_route() {
	local router
	router=$(inside ip -6 -o addr show dev lan scope link | sed -n 's|.*inet6 \([^/]*\)/.*|\1|p')
	ip -n "$C" -6 route replace default via "$router" dev lan
}
has_resolver() { inside ip -6 -o addr show dev lan | grep -q " $resolver/64"; }

# NetworkManager may take half a minute to report the network as connected.
has_resolver_soon() { wait_for has_resolver || wait_for has_resolver; }

# managed MANAGER: tests a machine whose only address on the LAN has a lifetime.
managed() {
	end_container
	rm -rf --one-file-system "$ROOT"
	make_root
	network_files "$1" dynamic
	in_root apt-get install -qy --no-install-recommends nftables
	in_root apt-get install -qy unbound bind9-dnsutils
	unsigned_world
	cp "$DEB" "$ROOT/root/nat64d.deb"
	boot cables
	wait_for has_dynamic || diag "$(inside ip addr)"
	host_route
	step "apt-get install -qy --no-install-recommends /root/nat64d.deb"
	before=$(machine)
	init "$1: nat64-host init --dns64 unbound" --yes --dns64 unbound
	resolver=$(sed -n 's/^    interface: \(fd.*\)/\1/p' "$ROOT/etc/unbound/unbound.conf.d/nat64d.conf")
	host_has "$1"
	init "$1: a second time" --yes --dns64 unbound
	same "$1: it is the same address" "$resolver" "$(sed -n 's/^    interface: \(fd.*\)/\1/p' "$ROOT/etc/unbound/unbound.conf.d/nat64d.conf")"
	reboot cables
	t "$1, rebooted: the address is there" has_resolver_soon
	host_route
	host_has "$1, rebooted"
	undone "$1"
}

if [ -n "${MANAGERS-}" ]; then
	in_client python3 "$top/tests/system/ra.py" send lan 2001:db8:1:: </dev/null >/dev/null 2>&1 &
	CHILDREN="$CHILDREN $!"
fi
for manager in ${MANAGERS-}; do
	managed "$manager"
done
finish
