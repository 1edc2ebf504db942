#!/usr/bin/env bash
# The two resolver configurations of contrib/dns64, unchanged, with the real named and unbound on the router: names without IPv6
# addresses get one, others do not, and an IPv6-only client reaches a web server by name.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need dig nslookup curl ss named named-checkconf
shipped=$here/../../contrib/dns64
debian=${BIND_ETC:-/etc/bind}
[ -r "$debian/named.conf" ] || skip_all "needs Debian's configuration of named (or BIND_ETC=DIRECTORY)"
topology
iptables_masquerade 2>/dev/null || skip_all "needs iptables with NAT"
config >"$T/conf"
start_nat64d || finish

plain=2001:db8:1::53 dns64=2001:db8:1::64
reverse=8.0.8.0.8.0.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa
ip -n "$R" addr add $plain/64 dev lan
ip -n "$R" addr add $dns64/64 dev lan

# Runs a command with the files of a directory mounted over those of the system, which stay unchanged.  If named and unbound are
# not installed, there is nothing to mount over, so make_room first gives the command a private /etc, /var/cache and /run.
cat >"$T/etc.sh" <<'EOF'
make_room() {
	cd "/${1%/*}" && mount -t tmpfs tmpfs "/${1%/*}" || return
	[ "${1%/*}" != etc ] || cp -a . /etc 2>/dev/null
}
cd "$1" && shift
for d in etc/* var/cache/* run/*; do
	[ -e "$d" ] || continue
	[ -e "/$d" ] || (make_room "$d") || exit
	if [ -d "$d" ]; then mkdir -p "/$d"; else touch "/$d"; fi
	mount --bind "$d" "/$d" || exit
done
exec "$@"
EOF

# etc SPACE DIRECTORY COMMAND...
etc() {
	local ns=$1
	shift
	ip netns exec "$ns" bash "$T/etc.sh" "$@"
}

# daemon SPACE DIRECTORY COMMAND...: starts it in the background, with its process ID in $job.
daemon() {
	local ns=$1
	shift
	# Not etc: in the background, $! would be the process ID of a shell.
	ip netns exec "$ns" bash "$T/etc.sh" "$@" </dev/null >>"$1/log" 2>&1 &
	job=$!
}

# end_daemon NUMBER
end_daemon() {
	kill "$1"
	wait_for ended "$1" || kill -9 "$1"
	wait "$1" 2>/dev/null
}

resolver() { in_client dig +noall +answer +comments +tries=1 +time=3 "$@"; }
# answers SERVER TYPE NAME [OPTION...]: prints the data of that type in the answer, sorted, on one line.
answers() {
	local server=$1 type=$2 name=$3
	shift 3
	in_client dig +noall +answer +tries=2 +time=3 "$@" "$type" "$name" "@$server" |
		awk -v type="$type" '$4 == type { print $5 }' | sort | paste -sd ' '
}
status() { resolver "$2" "$3" "@$1" "${@:4}" | sed -n 's/.*status: \([A-Z]*\).*/\1/p'; }
# flag NAME SERVER TYPE NAME: succeeds if the answer has this flag.
flag() { resolver +dnssec "$3" "$4" "@$2" | grep -q "^;; flags:.* $1[ ;]"; }

# --- the world: one authoritative server at 8.8.8.8 ------------------------------------------------------------------

zone() {
	printf '%s\n' '$TTL 60' '@ SOA ns hostmaster 1 3600 600 86400 60' '@ NS ns' 'ns A 8.8.8.8'
	cat
}

world() {
	local dir=$T/world
	mkdir -p "$dir/etc/bind" "$dir/var/cache/bind" "$dir/run/named"
	chmod -R a+rwX "$dir"
	zone >"$dir/etc/bind/db.org" <<-END
		v4      A     8.8.8.8
		two     A     8.8.8.8
		two     A     8.8.8.9
		v6      AAAA  2001:db8:5::80
		dual    A     8.8.8.8
		dual    AAAA  2001:db8:5::80
		alias   CNAME v4
		away    CNAME v4.example.net.
		private A     10.1.2.3
		both    A     192.168.7.7
		both    A     8.8.8.8
		mapped  A     8.8.8.8
		mapped  AAAA  ::ffff:8.8.8.8
		text    TXT   "no address at all"
	END
	zone >"$dir/etc/bind/db.net" <<-END
		v4      A     8.8.8.8
	END
	zone >"$dir/etc/bind/db.arpa" <<-END
		8       PTR   v4.example.org.
	END
	# As in the real root zone; unbound asks for this, named does not.
	printf '%s\n' '$TTL 60' '@ SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 60' '@ NS ns.example.org.' \
		'@ A 192.0.0.170' '@ A 192.0.0.171' >"$dir/etc/bind/db.only"
	cat >"$dir/etc/bind/named.conf" <<-END
		options {
			directory "/var/cache/bind";
			listen-on { 8.8.8.8; };
			listen-on-v6 { none; };
			recursion no;
			dnssec-validation no;
			ipv4only-enable no;
		};
		zone "example.org" { type primary; file "/etc/bind/db.org"; };
		zone "example.net" { type primary; file "/etc/bind/db.net"; dnssec-policy default; inline-signing yes; };
		zone "8.8.8.in-addr.arpa" { type primary; file "/etc/bind/db.arpa"; };
		zone "ipv4only.arpa" { type primary; file "/etc/bind/db.only"; };
	END
	daemon "$S" "$dir" named -g -n 1 -c /etc/bind/named.conf
	world=$job
}

ask_world() { in_server dig +short +tries=1 +time=1 "$@" @8.8.8.8; }
signed() { ask_world +dnssec A v4.example.net | grep -q '^A 13 '; }

world
if ! wait_for signed; then
	LOG=$T/world/log
	not_ok "the authoritative server starts and signs its zone"
	finish
fi
key=$(ask_world DNSKEY example.net | sed -n 's/^257 3 13 //p')

mkdir "$T/www"
echo "a page by name" >"$T/www/index.html"
in_server python3 -m http.server 80 --bind 8.8.8.8 -d "$T/www" </dev/null >"$T/http.log" 2>&1 &
disown
wait_for listening "$S" -t 80

# The client uses this resolver; the resolv.conf of the system stays unchanged.
by_name() {
	local server=$1
	shift
	mkdir -p "$T/names/etc"
	echo "nameserver $server" >"$T/names/etc/resolv.conf"
	etc "$C" "$T/names" "$@"
}

# --- what both must do -----------------------------------------------------------------------------------------------

# synthesises WHO: tests the answers of the DNS64 at $dns64.
synthesises() {
	local who=$1
	same "$who: a name with IPv4 only gets an address in the prefix" 64:ff9b::808:808 "$(answers $dns64 AAAA v4.example.org)"
	same "$who: two addresses, two of them" "64:ff9b::808:808 64:ff9b::808:809" "$(answers $dns64 AAAA two.example.org)"
	same "$who: its A is as it was" 8.8.8.8 "$(answers $dns64 A v4.example.org)"
	same "$who: a name with IPv6 only keeps its address" 2001:db8:5::80 "$(answers $dns64 AAAA v6.example.org)"
	same "$who: a name with both keeps its own" 2001:db8:5::80 "$(answers $dns64 AAAA dual.example.org)"
	same "$who: an alias of a name with IPv4 only" 64:ff9b::808:808 "$(answers $dns64 AAAA alias.example.org)"
	same "$who: an alias into another zone" 64:ff9b::808:808 "$(answers $dns64 AAAA away.example.org)"
	same "$who: private IPv4 is not mapped" "" "$(answers $dns64 AAAA private.example.org)"
	same "$who: next to a public address, neither" 64:ff9b::808:808 "$(answers $dns64 AAAA both.example.org)"
	same "$who: an IPv4-mapped AAAA counts as none" 64:ff9b::808:808 "$(answers $dns64 AAAA mapped.example.org)"
	same "$who: no address at all stays none" NOERROR "$(status $dns64 AAAA text.example.org)"
	same "$who: a name that is not there stays so" NXDOMAIN "$(status $dns64 AAAA nothing.example.org)"
	same "$who: the prefix can be found out (RFC 7050)" "64:ff9b::c000:aa 64:ff9b::c000:ab" \
		"$(answers $dns64 AAAA ipv4only.arpa)"
	same "$who: the name of a synthesised address" v4.example.org. "$(answers $dns64 PTR $reverse)"
	shows "$who: nslookup" "Address: 64:ff9b::808:808" in_client nslookup v4.example.org $dns64
	same "$who: a signed name, to those who want no signatures" 64:ff9b::808:808 "$(answers $dns64 AAAA v4.example.net)"
	t "$who: what is signed and not touched is checked" flag ad $dns64 A v4.example.net
	same "$who: strangers are refused" REFUSED "$(status $dns64 AAAA v4.example.org -b 2001:db8:2::9)"
}

# reaches WHO: tests what an IPv6-only host reaches with these answers.
reaches() {
	shows "$1: ping by name" " 0% packet loss" by_name $dns64 ping -n -c 1 -W 2 v4.example.org
	shows "$1: a web page by name" "a page by name" by_name $dns64 curl -sS --max-time 5 http://v4.example.org/
	shows "$1: and by its alias" "a page by name" by_name $dns64 curl -sS --max-time 5 http://alias.example.org/
}

# --- named -----------------------------------------------------------------------------------------------------------

# bind_files: Debian's, ours as it is, and where to look for names: there is no way to the root of the world from here.
bind_files() {
	local dir=$T/bind
	mkdir -p "$dir/etc/bind" "$dir/var/cache/bind" "$dir/run/named"
	cp "$debian/named.conf" "$dir/etc/bind/"
	cp "$debian/bind.keys" "$dir/etc/bind/" 2>/dev/null
	cp "$shipped/named.conf.options" "$dir/etc/bind/"
	chmod -R a+rwX "$dir"
	for zone in example.org example.net 8.8.8.in-addr.arpa; do
		echo "zone \"$zone\" { type static-stub; server-addresses { 8.8.8.8; }; };"
	done >"$dir/etc/bind/named.conf.local"
	echo 'nas A 9.9.9.9' | zone >"$dir/etc/bind/db.home"
	cat >>"$dir/etc/bind/named.conf.local" <<-END
		zone "home.example.org" { type primary; file "/etc/bind/db.home"; };
		validate-except { "example.org"; "8.8.8.in-addr.arpa"; };
		trust-anchors { "example.net" static-key 257 3 13 "$key"; };
	END
	step_3 "$dir"
}

# step_3 DIRECTORY: runs the command of step 3.
step_3() { etc "$R" "$1" sh -c "$(sed -n 's,^// *\(sed -i .*\),\1,p' "$shipped/named.conf.options")"; }

checkconf() { etc "$R" "$1" named-checkconf /etc/bind/named.conf; }

# release NUMBER ZONES: the recipe beside named.conf of another Debian, which includes zones of its own outside of any view.
release() {
	local dir=$T/debian$1
	mkdir -p "$dir/etc/bind" "$dir/var/cache/bind"
	cp "$shipped/named.conf.options" "$dir/etc/bind/"
	: >"$dir/etc/bind/named.conf.local"
	echo 'zone "." { type hint; file "/usr/share/dns/root.hints"; };' >"$dir/etc/bind/named.conf.$2"
	printf 'include "/etc/bind/named.conf.%s";\n' options local "$2" >"$dir/etc/bind/named.conf"
	shows "Debian $1: without step 3 named-checkconf refuses" "all zones must be in views" checkconf "$dir"
	step_3 "$dir"
	t "Debian $1: with it, it accepts" checkconf "$dir"
	same "Debian $1: and has nothing to warn of" "" "$(checkconf "$dir" 2>&1)"
}

answering() { [ -n "$(answers "$1" A v4.example.org)" ]; }

bind_files
t "named.conf.options: named-checkconf has nothing to say" checkconf "$T/bind"
same "nor to warn of" "" "$(checkconf "$T/bind" 2>&1)"
release 12 default-zones
release 13 root-hints
daemon "$R" "$T/bind" named -g -n 1 -c /etc/bind/named.conf
named=$job
nat64d_log=$LOG LOG=$T/bind/log
wait_for answering $dns64 || not_ok "named answers"
synthesises "named"
same "named: signatures wanted: the signed answer, nothing made up" "" "$(answers $dns64 AAAA v4.example.net +dnssec)"
same "named: a zone of its own, to a host" 64:ff9b::909:909 "$(answers $dns64 AAAA nas.home.example.org)"
same "named: a zone of its own, to another name server" "" "$(answers $dns64 AAAA nas.home.example.org +norecurse)"
same "named, plain: a zone of its own" 9.9.9.9 "$(answers $plain A nas.home.example.org)"
same "named, plain: a name with IPv4 only has no AAAA" "" "$(answers $plain AAAA v4.example.org)"
same "named, plain: not even where the DNS64 has just made one up" NOERROR "$(status $plain AAAA v4.example.org)"
same "named, plain: its A" 8.8.8.8 "$(answers $plain A v4.example.org)"
same "named, plain: private A" 10.1.2.3 "$(answers $plain A private.example.org)"
same "named, plain: a name with both" 2001:db8:5::80 "$(answers $plain AAAA dual.example.org)"
same "named, plain: a name that is not there" NXDOMAIN "$(status $plain AAAA nothing.example.org)"
t "named, plain: signatures are checked" flag ad $plain A v4.example.net
same "named, plain: nslookup" 8.8.8.8 "$(in_client nslookup v4.example.org $plain | sed -n 's/^Address: //p')"
same "named, plain: the prefix is not there to be found out" "" "$(answers $plain AAAA ipv4only.arpa)"
LOG=$nat64d_log
reaches "named"
t "named, plain: without a synthesised address an IPv6-only host has no way" \
	fails by_name $plain ping -6 -n -c 1 -W 1 v4.example.org
same "the server saw the router only" 8.8.8.1 "$(awk '/GET/ { print $1 }' "$T/http.log" | sort -u | paste -sd ' ')"
end_daemon "$named"

# --- unbound ---------------------------------------------------------------------------------------------------------

unbound_files() {
	local dir=$T/unbound
	mkdir -p "$dir/etc/unbound/unbound.conf.d"
	cp "$shipped/unbound.conf" "$dir/etc/unbound/unbound.conf.d/dns64.conf"
	chmod -R a+rX "$dir"
	{
		echo 'include-toplevel: "/etc/unbound/unbound.conf.d/*.conf"'
		echo 'server:'
		echo ' chroot: ""'
		echo ' pidfile: ""'
		echo ' use-syslog: no'
		echo ' username: ""'
		echo " trust-anchor: \"example.net. DNSKEY 257 3 13 $key\""
		for zone in example.org ipv4only.arpa 8.8.8.in-addr.arpa; do echo " domain-insecure: \"$zone\""; done
		for zone in example.org example.net ipv4only.arpa 8.8.8.in-addr.arpa; do
			printf 'stub-zone:\n name: "%s"\n stub-addr: 8.8.8.8\n' $zone
		done
	} >"$dir/etc/unbound/unbound.conf"
}

if command -v unbound >/dev/null && command -v unbound-checkconf >/dev/null; then
	unbound_files
	t "unbound.conf: unbound-checkconf accepts it" etc "$R" "$T/unbound" unbound-checkconf /etc/unbound/unbound.conf
	daemon "$R" "$T/unbound" unbound -d -c /etc/unbound/unbound.conf
	unbound=$job
	nat64d_log=$LOG LOG=$T/unbound/log
	wait_for answering $dns64 || not_ok "unbound answers"
	synthesises "unbound"
	same "unbound: signatures wanted, checked here" 64:ff9b::808:808 "$(answers $dns64 AAAA v4.example.net +dnssec)"
	same "unbound: who checks them himself gets nothing made up" "" "$(answers $dns64 AAAA v4.example.net +dnssec +cdflag)"
	LOG=$nat64d_log
	reaches "unbound"
	end_daemon "$unbound"
else
	skip "unbound" "not installed"
fi
end_daemon "$world"
stops "TERM: exit status 0"
finish
