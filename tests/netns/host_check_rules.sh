#!/usr/bin/env bash
# nat64-host check: packet filters, NAT and the guard, each called by its name and mended by the command that the finding
# offers, with nft and without it.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft iptables ip6tables sysctl awk
host_topology
# shellcheck source=tests/netns/doctor.sh
. "$here/doctor.sh"
start_healthy

clean_rules() {
	in_router nft flush ruleset
	host "$HOST" up "$T/conf" >/dev/null
}

# --- packet filters and NAT -----------------------------------------------------------------------------------------

illness "no MASQUERADE" masquerade "no MASQUERADE or SNAT hides it" nft delete table ip "$(in_router nft list tables | sed -n 's/table ip \(nat64d_.*\)/\1/p')"
# up_for DEVICE: the rules are those of a configuration with another device, as after a restart of the daemon without `up'.
up_for() {
	cp -p "$T/conf" "$T/conf.now"
	sed -i "s/^tun-device.*/tun-device $1/" "$T/conf"
	host "$HOST" up "$T/conf" >/dev/null
	mv "$T/conf.now" "$T/conf"
}
up_for nat65
ails "rules of an earlier configuration" firewall-6 "nat64d_guard \(nat64-host\) drops it"
same "rules of an earlier configuration: nat64-host makes them anew" "$HOST up $T/conf" "$cure"
t "rules of an earlier configuration: the routes of its device spare no address" fails grep -q spared <<<"$(in_router nft list ruleset)"
host "$HOST" up "$T/conf" >/dev/null
t "rules of an earlier configuration: mended by that" wait_for well
host "$HOST" down "$T/conf" >/dev/null
in_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
in_router iptables -t nat -A POSTROUTING -o nat64 -j MASQUERADE 2>/dev/null
ails "MASQUERADE on the wrong device" masquerade
export GUARD=no # these rules have none
in_router iptables -t nat -A POSTROUTING -o wan -j MASQUERADE
t "MASQUERADE -o wan will do" wait_for well
in_router iptables -t nat -F
in_router iptables -t nat -A POSTROUTING -s 192.168.0.0/16 -o wan -j SNAT --to-source 8.8.8.1
t "so will SNAT" wait_for well
in_router iptables -t nat -F
in_router nft add table ip own
in_router nft 'add chain ip own post { type nat hook postrouting priority 100; }'
in_router nft 'add rule ip own post oifname { "wan", "ppp0" } ip daddr != { 10.0.0.0/8, 192.168.0.0/16 } counter masquerade'
t "so will a rule of nft with sets" wait_for well
unset GUARD
clean_rules

illness "iptables FORWARD DROP" firewall-4 "chain FORWARD of table ip filter drops it: policy" iptables -P FORWARD DROP
clean_rules
illness "ip6tables FORWARD DROP" firewall-6 "chain FORWARD of table ip6 filter drops it: policy" ip6tables -P FORWARD DROP
clean_rules
if in_router iptables-legacy -P FORWARD DROP 2>/dev/null; then
	ails "iptables-legacy FORWARD DROP" firewall-4 "policy"
	cured "iptables-legacy FORWARD DROP"
	in_router iptables-legacy -P FORWARD ACCEPT
	in_router iptables-legacy -F
else
	skip "iptables-legacy FORWARD DROP" "the kernel has no legacy iptables"
fi

docker() {
	iptables -P FORWARD DROP
	iptables -N DOCKER-USER
	iptables -N DOCKER
	iptables -A DOCKER-USER -j RETURN
	iptables -A FORWARD -j DOCKER-USER
	iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
	iptables -A FORWARD -o docker0 -j DOCKER
	iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
}
ufw() {
	local six
	for six in "" 6; do
		"ip${six}tables" -P FORWARD DROP
		"ip${six}tables" -N "ufw$six-before-forward"
		"ip${six}tables" -N "ufw$six-user-forward"
		"ip${six}tables" -A FORWARD -j "ufw$six-before-forward"
		"ip${six}tables" -A "ufw$six-before-forward" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
		"ip${six}tables" -A "ufw$six-before-forward" -p "$([ -z "$six" ] && echo icmp || echo ipv6-icmp)" -j ACCEPT
		"ip${six}tables" -A "ufw$six-before-forward" -j "ufw$six-user-forward"
	done
}
firewalld() {
	nft -f - <<-END
		table inet firewalld {
			chain filter_FWD_public { reject with icmpx admin-prohibited; }
			chain filter_FORWARD_ZONES {
				iifname "wan" goto filter_FWD_public
				goto filter_FWD_public
			}
			chain filter_FORWARD {
				type filter hook forward priority 10; policy accept;
				ct state { established, related } accept
				ct status dnat accept
				iifname "lo" accept
				jump filter_FORWARD_ZONES
				ct state invalid drop
				reject with icmpx admin-prohibited
			}
		}
	END
}
plain() {
	nft -f - <<-END
		table inet filter {
			chain forward {
				type filter hook forward priority 0; policy drop;
				ct state vmap { established : accept, related : accept, invalid : drop }
				iifname "lan" oifname "wan" accept
			}
		}
	END
}
export -f docker ufw firewalld plain
illness "Docker" firewall-4 "\(Docker\) drops it: policy => iptables -I DOCKER-USER" bash -c docker
clean_rules
in_router bash -c ufw 2>/dev/null
ails "ufw" firewall-4 "\(ufw\).* => ufw route allow in on nat64"
ails "ufw" firewall-6 "\(ufw\)"
# What that command does.
for tables in iptables ip6tables; do
	for chain in $(in_router "$tables" -S | sed -n 's/^-N \(ufw.*-user-forward\)/\1/p'); do
		in_router "$tables" -A "$chain" -i nat64 -j ACCEPT
		in_router "$tables" -A "$chain" -o nat64 -j ACCEPT
	done
done
t "ufw with a route rule: all is well" well
clean_rules
in_router bash -c firewalld
ails "firewalld" firewall-46 "\(firewalld\) drops it: reject"
clean_rules
illness "a policy of nft" firewall-46 "chain forward of table inet filter drops it: policy" bash -c plain
in_router nft insert rule inet filter forward meta l4proto '{ icmp, ipv6-icmp }' drop
ails "ICMP blocked" icmp-46 "path-MTU discovery"
cured "ICMP blocked"
clean_rules

# --- the guard ----------------------------------------------------------------------------------------------------------

illness "no guard" guard "hosts can forge sources in 64:ff9b::/96" nft delete table ip6 nat64d_guard
GUARD=no well
t "GUARD=no: a guard that is there" grep -q "^ok    guard: " "$T/found"
in_router nft delete table ip6 nat64d_guard
GUARD=no well
same "GUARD=no: exit status 0" 0 $?
t "GUARD=no: none is missed" grep -q "^skip  guard: sources in 64:ff9b::/96 may be forged: GUARD=no" "$T/found"
host "$HOST" down "$T/conf" >/dev/null
in_router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
in_router nft -f - <<-'END'
	table ip own { chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }
END
ails "rules of one's own, and no guard" guard "hosts can forge sources"
same "rules of one's own, and no guard: a rule beside them" \
	"nft 'table inet nat64_guard { chain forward { type filter hook forward priority 0; iifname != \"nat64\" ip6 saddr 64:ff9b::/96 drop; }; }'" "$cure"
cured "rules of one's own, and no guard"
clean_rules

# --- without nft ----------------------------------------------------------------------------------------------------

host "$HOST" down "$T/conf" >/dev/null
in_router nft flush ruleset
mkdir "$T/fake"
printf '#!/bin/sh\nexit 1\n' >"$T/fake/nft"
chmod +x "$T/fake/nft"
all=$PATH PATH=$T/fake:$PATH
host "$HOST" up "$T/conf" >/dev/null 2>&1
t "iptables only: a healthy machine" well
up_for nat65
ails "iptables only: rules of an earlier configuration" firewall-6 "\\(nat64-host\\) drops it"
same "iptables only: rules of an earlier configuration: in both families" 2 "$(grep -c "=> $HOST up $T/conf" "$T/found")"
cured "iptables only: rules of an earlier configuration"
illness "iptables only: FORWARD DROP" firewall-4 "chain FORWARD of table ip filter drops it: policy" iptables -P FORWARD DROP
illness "iptables only: ip6tables FORWARD DROP" firewall-6 "" ip6tables -P FORWARD DROP
illness "iptables only: a rule that rejects" firewall-4 "drops it: .*REJECT" iptables -I FORWARD ! -i lo -j REJECT
illness "iptables only: ICMP blocked" icmp-4 "" iptables -I FORWARD -p icmp -j DROP
illness "iptables only: no guard" guard "" ip6tables -F nat64d_guard
illness "iptables only: no MASQUERADE" masquerade "" iptables -t nat -F
PATH=$all
in_router sh -c 'iptables -P FORWARD ACCEPT; ip6tables -P FORWARD ACCEPT; nft flush ruleset' 2>/dev/null
host "$HOST" down "$T/conf" >/dev/null
host "$HOST" up "$T/conf" >/dev/null
t "with nft again: all is well" well
finish
