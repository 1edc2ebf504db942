#!/usr/bin/env bash
# From the package to a ping, to a name, and over a reboot, with the commands of an operator, systemd, iptables and named.
#
#   client (IPv6 only)          router: the container        server (IPv4 only)
#   lan 2001:db8:1::2  <-----> lan 2001:db8:1::1, ::53, ::64
#                                   wan 8.8.8.1     <------->  wan 8.8.8.8
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
need_container dig nslookup curl python3 ping ss
make_deb
make_root

plain=2001:db8:1::53 dns64=2001:db8:1::64

# --- the network before the installation ------------------------------------------------------------------------------

network_files() {
	printf '%s\n' '[Match]' 'Name=lan' '[Network]' 'IPv6AcceptRA=no' 'Address=2001:db8:1::1/64' \
		"Address=$plain/64" "Address=$dns64/64" >"$ROOT/etc/systemd/network/lan.network"
	printf '%s\n' '[Match]' 'Name=wan' '[Network]' 'IPv6AcceptRA=no' 'Address=8.8.8.1/24' 'Gateway=8.8.8.8' \
		'Address=2001:db8:5::1/64' 'Gateway=2001:db8:5::2' >"$ROOT/etc/systemd/network/wan.network"
	chroot "$ROOT" systemctl -q enable systemd-networkd
}

cables() {
	plug_in
	# The network manager of the router configures its ends.
	ip -n "$C" link set lan up && ip -n "$S" link set wan up &&
		ip -n "$C" addr add 2001:db8:1::2/64 dev lan && ip -n "$C" -6 route add default via 2001:db8:1::1 &&
		ip -n "$S" addr add 8.8.8.8/24 dev wan
}

zone() {
	cat <<-'END'
		$TTL 60
		@       SOA   ns hostmaster 1 3600 600 86400 60
		@       NS    ns
		ns      AAAA  2001:db8:1::53
		v4      A     8.8.8.8
		v6      AAAA  2001:db8:5::80
		dual    A     8.8.8.8
		dual    AAAA  2001:db8:5::80
		private A     10.1.2.3
		both    A     10.1.2.3
		both    A     8.8.8.8
	END
}

space "$C"
space "$S"
in_server sysctl -qw net.ipv6.conf.all.disable_ipv6=1
network_files
cp "$DEB" "$ROOT/root/nat64d.deb"
boot cables
mkdir "$T/www"
echo "a page by name" >"$T/www/index.html"
in_server python3 -m http.server 80 --bind 0.0.0.0 -d "$T/www" </dev/null >"$T/http.log" 2>&1 &
disown
wait_for listening "$S" -t 80

# --- the view of an IPv6-only host ----------------------------------------------------------------------------------

# answers SERVER TYPE NAME: prints the data of that type in the answer, sorted, on one line.
answers() {
	in_client dig +noall +answer +tries=2 +time=3 "$2" "$3" "@$1" |
		awk -v type="$2" '$4 == type { print $5 }' | sort | paste -sd ' '
}

# The output of nslookup has two parts: the server, and the answer.
looked_up() { in_client nslookup "$2" "$1" | sed '1,/^$/d' | sed -n 's/^Address: //p' | sort | paste -sd ' '; }

# by_name COMMAND...: runs it on the client, with the DNS64 as resolver.
by_name() {
	echo "nameserver $dns64" >"$T/resolv.conf"
	# shellcheck disable=SC2016 # for the inner shell
	in_client bash -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$T/resolv.conf" "$@"
}

pings() { in_client ping -6 -n -c 1 -W 2 "$1"; }
resolves() { [ -n "$(answers "$dns64" AAAA v4.example.org)" ] && [ -n "$(answers "$plain" A v4.example.org)" ]; }

# everything WHEN: all points about the client.
everything() {
	t "$1: ping 64:ff9b::8.8.8.8" wait_for pings 64:ff9b::8.8.8.8
	t "$1: both resolvers answer" wait_for resolves
	same "$1: DNS64, a name with IPv4 only" 64:ff9b::808:808 "$(answers $dns64 AAAA v4.example.org)"
	same "$1: DNS64, nslookup" "64:ff9b::808:808 8.8.8.8" "$(looked_up $dns64 v4.example.org)"
	same "$1: DNS64, a name with IPv6 only" 2001:db8:5::80 "$(answers $dns64 AAAA v6.example.org)"
	same "$1: DNS64, a name with both keeps its own" 2001:db8:5::80 "$(answers $dns64 AAAA dual.example.org)"
	same "$1: DNS64, nslookup of it" "2001:db8:5::80 8.8.8.8" "$(looked_up $dns64 dual.example.org)"
	same "$1: DNS64, private IPv4 is not mapped" "" "$(answers $dns64 AAAA private.example.org)"
	same "$1: DNS64, private beside public: only that is" 64:ff9b::808:808 "$(answers $dns64 AAAA both.example.org)"
	same "$1: DNS64, the prefix can be found out" "64:ff9b::c000:aa 64:ff9b::c000:ab" "$(answers $dns64 AAAA ipv4only.arpa)"
	same "$1: plain, a name with IPv4 only has no AAAA" "" "$(answers $plain AAAA v4.example.org)"
	same "$1: plain, nslookup" 8.8.8.8 "$(looked_up $plain v4.example.org)"
	same "$1: plain, a name with both" 2001:db8:5::80 "$(answers $plain AAAA dual.example.org)"
	same "$1: plain, private IPv4" 10.1.2.3 "$(answers $plain A private.example.org)"
	same "$1: plain, no prefix to be found out" "" "$(answers $plain AAAA ipv4only.arpa)"
	shows "$1: ping by name" " 0% packet loss" by_name ping -n -c 1 -W 2 v4.example.org
	shows "$1: HTTP by name" "a page by name" by_name curl -sS --max-time 5 http://v4.example.org/
	same "$1: the server has seen the router" 8.8.8.1 "$(awk '/GET/ { print $1 }' "$T/http.log" | sort -u | paste -sd ' ')"
}

lease() { awk '$2 == "2001:db8:1::2" { print $1; exit }' "$ROOT/var/spool/tayga/dynamic.map"; }
rules() { inside iptables-save -t nat | grep '^-A'; }

# is_healthy WHEN: one point, ok if nat64-host check succeeds.  It ignores the guard, because the operator wrote the rules, and
# the fast path, which the container may not be allowed to use; ethtool is not installed there.
is_healthy() {
	local out status
	out=$(inside nat64-host check --ignore guard,fast-path,softnet --target 8.8.8.8 2>&1)
	status=$?
	same "$1: nat64-host check has no complaint" "0, of other lines: 1" "$status, of other lines: $(grep -vcE '^(ok   |skip  (fast-path|softnet|gro-list):) ' <<<"$out")"
	diag "$out"
}

# --- the steps of the operator --------------------------------------------------------------------------------------

step "apt-get install -qy /root/nat64d.deb"
step "ln -s /usr/share/nat64d/90-nat64d.conf /etc/sysctl.d/"
# Like `sysctl --system', but a container may not write all settings.
step "sysctl -p /etc/sysctl.d/90-nat64d.conf"
step "cat >/etc/nat64.conf <<END
tun-device nat64
ipv4-addr 192.168.255.1
ipv6-addr 2001:db8:1000::64
prefix 64:ff9b::/96
dynamic-pool 192.168.255.0/24
data-dir /var/spool/tayga
END"
# Exactly the common walkthrough for Tayga, on a machine without Tayga: one line is missing, and the log begins with an error
# about it.
step "nat64d -t"
step "systemctl restart nat64d"
same "data-dir was made for the service" "nat64d:nat64d 750" "$(inside stat -c '%U:%G %a' /var/spool/tayga)"
same "the first line of the log says what to add" \
	"warning: /etc/nat64.conf: tun-device nat64: the link is down, nothing is translated (unless another program sets it up, add the line: tun-setup yes)" \
	"$(inside journalctl -o cat "_SYSTEMD_INVOCATION_ID=$(inside systemctl show -p InvocationID --value nat64d)" _COMM=nat64d | sed -n 1p)"
step "echo 'tun-setup yes' >>/etc/nat64.conf"
step "nat64d -t"
step "systemctl restart nat64d"
step "systemctl enable nat64d"
shows "without MASQUERADE the doctor says so" \
	"FAIL  masquerade: pool 192.168.255.0/24 is private, and no MASQUERADE or SNAT hides it" inside nat64-host check --target 8.8.8.8
step "apt-get install -qy iptables-persistent"
step "iptables -t nat -A POSTROUTING -o nat64 -j MASQUERADE"
step "iptables -t nat -A POSTROUTING -s 192.168.255.0/24 -j MASQUERADE"
step "netfilter-persistent save"
t "client: ping 64:ff9b::8.8.8.8" pings 64:ff9b::8.8.8.8

step "apt-get install -qy bind9"
zone >"$ROOT/etc/bind/db.example.org"
echo 'zone "example.org" { type primary; file "/etc/bind/db.example.org"; };' >>"$ROOT/etc/bind/named.conf.local"
step "cp /usr/share/doc/nat64d/dns64/named.conf.options /etc/bind/"
# The commands of steps 3 and 4; step 2 is done.
for command in 'sed -i .*' 'named-checkconf .*'; do
	step "$(sed -n "s,^// *[0-9. ]*\($command\),\1,p" "$ROOT/etc/bind/named.conf.options")"
done

everything "now"
held=$(lease)
before=$(rules)
is_healthy "now"

# --- and over a reboot ----------------------------------------------------------------------------------------------

reboot cables
t "rebooted: the service is up" wait_for is_active nat64d
same "rebooted: the two rules are there again" "$before" "$(rules)"
t "rebooted: who has a lease is reached before a word of his" wait_for inside ping -n -c 1 -W 1 "$held"
everything "rebooted"
same "rebooted: the lease is kept" "$held" "$(lease)"
is_healthy "rebooted"
same "rebooted: no unit has failed" "" "$(inside systemctl --failed --plain --no-legend)"
finish
