# Checks packet filters and NAT: what the current rules do with the packets of the translator.
# shellcheck shell=sh disable=SC2154 # variables of check.sh

# legacy_rules FAMILY COMMAND FILE: prints the rules only if FILE exists, because iptables-legacy-save loads its modules.
legacy_rules()
{
	grep -qs . "/proc/net/$3" && have "$2-legacy-save" || return 0
	echo "@save $1 $2-legacy"
	"$2-legacy-save" 2>/dev/null
}

dump_rules()
{
	if have_nft; then
		nft -s -t list ruleset 2>/dev/null || nft list ruleset 2>/dev/null
		legacy_rules ip iptables ip_tables_names
		legacy_rules ip6 ip6tables ip6_tables_names
	else
		! have iptables-save || { echo "@save ip iptables" && iptables-save; } 2>/dev/null
		! have ip6tables-save || { echo "@save ip6 ip6tables" && ip6tables-save; } 2>/dev/null
	fi
}

read_firewall()
{
	ruleset=$(dump_rules)
}

# fates PACKET...: what the rules do with these packets, as sorted lines of firewall.awk.  A packet is one word: "FAMILY HOOK IIF
# OIF SADDR DADDR PROTO STATE [ICMP]".
fates()
{
	{
		printf '@packet %s\n' "$@"
		printf '%s\n' "$ruleset"
	} | awk -v dev="$device" -f "$lib/firewall.awk" | sort -u
}

# names_drop LINES: succeeds if a line of firewall.awk is about a chain that drops.
names_drop()
{
	case $newline$1 in
	*"${newline}drop"*) ;;
	*) return 1 ;;
	esac
}

# is_dropped PACKET: succeeds if the rules drop it.
is_dropped()
{
	names_drop "$(fates "$1")"
}

# --- MASQUERADE -----------------------------------------------------------------------------------------------------

# is_hidden ADDRESS: succeeds if a packet from ADDRESS leaves with another source.
is_hidden()
{
	fates "4 postrouting $device ${uplink4:-?} $1 ? tcp new" | has '^nat'
}

check_masquerade()
{
	[ -z "$clat" ] || return 0
	for pool in $(values dynamic-pool); do
		if is_hidden "$(nth "$pool" 2)"; then
			finding ok masquerade "pool $pool is hidden behind the machine's own IPv4 address"
		elif is_private "$pool"; then
			finding FAIL masquerade "pool $pool is private, and no MASQUERADE or SNAT hides it: answers cannot come back" \
				"$(word "$0") up $file"
		else
			finding ok masquerade "pool $pool is public and not hidden: it must be routed to this machine"
		fi
	done
}

# --- the forward chains ---------------------------------------------------------------------------------------------

# forwarded PROTO STATE [STATE-OF-ANSWERS]: prints what the rules do with translated traffic in both directions, as lines of
# firewall.awk.
forwarded()
{
	pool=$(first_of dynamic-pool)
	four=$(nth "${pool:-${first_map4:-0.0.0.0/0}}" 2)
	prefix=$(first_of prefix)
	fates "6 forward ? $device ? ${prefix:-?} $1 $2" "6 forward $device ? ${prefix:-?} ? $1 ${3:-$2}" \
		"4 forward $device ${uplink4:-?} $four ? $1 $2" "4 forward ${uplink4:-?} $device ? $four $1 ${3:-$2}"
}

# whose TABLE RULE: prints the program that made the rules of this table.
whose()
{
	case $1,$2 in
	*nat64d_*) echo nat64-host && return ;;
	esac
	case $1 in
	firewalld) echo firewalld && return ;;
	filter) ;;
	*) return 0 ;;
	esac
	if printf '%s\n' "$ruleset" | has 'ufw6\{0,1\}-'; then
		echo ufw
	elif printf '%s\n' "$ruleset" | has 'DOCKER'; then
		echo Docker
	fi
}

# let_through AUTHOR TOOL FAMILY TABLE CHAIN: prints the command that lets translated packets pass the chain.
let_through()
{
	set -- "$1" "$2" "$3" "$(word "$4")" "$(word "$5")"
	case $1,$2 in
	nat64-host,*) echo "$(word "$0") up $file" ;; # the rules are those of an earlier configuration
	ufw,*) echo "ufw route allow in on $device && ufw route allow out on $device" ;;
	firewalld,*)
		echo "firewall-cmd --permanent --zone=trusted --add-interface=$device && firewall-cmd --permanent --new-policy=nat64" \
			"&& firewall-cmd --permanent --policy=nat64 --add-ingress-zone=ANY" \
			"&& firewall-cmd --permanent --policy=nat64 --add-egress-zone=trusted" \
			"&& firewall-cmd --permanent --policy=nat64 --set-target=ACCEPT # then firewall-cmd --reload, which forgets what is not permanent"
		;;
	Docker,ip*tables*) echo "$2 -I DOCKER-USER -i $device -j ACCEPT && $2 -I DOCKER-USER -o $device -j ACCEPT" ;;
	*,nft) echo "nft insert rule $3 $4 $5 iifname $device accept && nft insert rule $3 $4 $5 oifname $device accept" ;;
	*) echo "$2 -t $4 -I $5 -i $device -j ACCEPT && $2 -t $4 -I $5 -o $device -j ACCEPT" ;;
	esac
}

# Docker adds DOCKER-USER to the IPv6 table only if it filters IPv6.
let_through_checked()
{
	author=$1
	if [ "$author" = Docker ] && ! printf '%s\n' "$ruleset" | awk -v fam="$3" '
		/^table / { here = $2 == fam } /^@save / { here = $2 == fam } here && /(chain |:)DOCKER-USER/ { found = 1 }
		END { exit !found }'; then
		author=
	fi
	shift
	let_through "$author" "$@"
}

# report_dropped NAME WHAT LINES: prints one finding for each chain that drops, from the lines of firewall.awk.
report_dropped()
{
	names_drop "$3" || return 0
	tab=$(printf '\t')
	printf '%s\n' "$3" | sed -n 's/^drop\t//p' | sort -u -t "$tab" -k 1,4 | while IFS=$tab read -r tool fam table chain culprit; do
		by=$(whose "$table" "$culprit")
		number=4
		[ "$fam" != ip6 ] || number=6
		[ "$fam" != inet ] || number=46
		echo "$number$tab$1$tab${2}chain $chain of table $fam $table${by:+ ($by)} drops it: $culprit$tab$(let_through_checked "$by" "$tool" "$fam" "$table" "$chain")"
	done
}

# tell LINES: prints the findings of report_dropped.  It does not run in a pipe, because `finding' counts.
tell()
{
	while IFS=$(printf '\t') read -r number kind text command; do
		[ -n "$number" ] || continue
		finding FAIL "$kind${number#-}" "$text" "$command"
	done <<-END
		$1
	END
}

check_firewall()
{
	plain=$(report_dropped firewall- "translated traffic: " "$(forwarded tcp new established)")
	tell "$plain"
	[ -z "$plain" ] || return 0
	finding ok firewall "translated traffic may be forwarded"
	errors=$(report_dropped icmp- "path-MTU discovery (ICMP too big): " "$(forwarded icmp related)")
	tell "$errors"
	[ -n "$errors" ] || finding ok icmp "ICMP errors may be forwarded"
}

# --- packets that the machine itself must receive and send ------------------------------------------------------------

# neighbourly HOOK: prints what the rules do with neighbor discovery on each device with IPv6, as lines of firewall.awk.
neighbourly()
{
	hook=$1
	set --
	for dev in $(ip -6 -o addr show scope link up 2>/dev/null | awk -v own="$device" '$2 != own && !seen[$2]++ { print $2 }'); do
		set -- "$@" "6 $hook $dev $dev ? ? icmp untracked solicit" "6 $hook $dev $dev ? ? icmp untracked advert"
	done
	[ $# -eq 0 ] || fates "$@"
}

# too_big: prints what the rules do with the ICMP errors that the machine itself sends if its wan has the smallest MTU.
too_big()
{
	pool=$(first_of dynamic-pool)
	fates "4 output ? $device ? $(nth "${pool:-${first_map4:-0.0.0.0/0}}" 2) icmp related too-big" "6 output ? ? ? ? icmp related too-big"
}

# accept_types TOOL FAMILY TABLE CHAIN WHAT: prints the command, which adds a rule for only these ICMP types.
accept_types()
{
	case $5 in
	neighbours) set -- "$1" "$2" "$(word "$3")" "$(word "$4")" "" "nd-neighbor-solicit nd-neighbor-advert nd-router-solicit" "135 136 133" ;;
	*) set -- "$1" "$2" "$(word "$3")" "$(word "$4")" "destination-unreachable" "packet-too-big" "2" ;;
	esac
	line=
	case $1 in
	nft)
		for type in $6; do
			[ "$2" = ip ] || line="$line && nft insert rule $2 $3 $4 icmpv6 type $type accept"
		done
		[ -z "$5" ] || [ "$2" = ip6 ] || line="$line && nft insert rule $2 $3 $4 icmp type $5 accept"
		;;
	ip6tables*)
		for type in $7; do
			line="$line && $1 -t $3 -I $4 -p ipv6-icmp --icmpv6-type $type -j ACCEPT"
		done
		;;
	*) line=" && $1 -t $3 -I $4 -p icmp --icmp-type fragmentation-needed -j ACCEPT" ;;
	esac
	echo "${line# && }"
}

# report_silenced NAME TEXT WHAT LINES: prints one finding for each chain that drops WHAT, like report_dropped.
report_silenced()
{
	names_drop "$4" || return 0
	tab=$(printf '\t')
	printf '%s\n' "$4" | sed -n 's/^drop\t//p' | sort -u -t "$tab" -k 1,4 | while IFS=$tab read -r tool fam table chain culprit; do
		by=$(whose "$table" "$culprit")
		echo "-$tab$1$tab$2: chain $chain of table $fam $table${by:+ ($by)} drops it: $culprit$tab$(accept_types "$tool" "$fam" "$table" "$chain" "$3")"
	done
}

check_local()
{
	lines=$(
		report_silenced input "hosts and routers cannot find this machine (neighbor discovery)" neighbours "$(neighbourly input)"
		report_silenced output "this machine cannot find hosts and routers (neighbor discovery)" neighbours "$(neighbourly output)"
		report_silenced output "path MTU discovery, if a link of this machine has a small MTU (its ICMP too big)" errors "$(too_big)"
	)
	tell "$lines"
	[ -n "$lines" ] || finding ok local "no chain drops packets that the machine itself must receive or send"
}

# --- forged sources -------------------------------------------------------------------------------------------------

# is_guarded PREFIX: succeeds if the rules of nat64-host, or others, drop such a source from all devices except ours.
is_guarded()
{
	printf '%s\n' "$ruleset" | awk -v rule="ip6 saddr $1 " -v saved="-A nat64d_guard -s $1 " '
		/^table / || /^\tchain / { ours = ($1 == "table" ? $3 : $2) == "nat64d_guard" || $1 == "chain" && ours }
		/ daddr | -d / { next }
		ours && index($0, rule) && /drop$/ || index($0, saved) == 1 && /-j DROP$/ { found = 1 }
		END { exit !found }' || is_dropped "6 forward ? $device $1 $1 tcp new"
}

# guard_command PREFIX: prints `nat64-host up' if that is in use; otherwise, a rule in addition to those of the operator.
guard_command()
{
	if [ "$(setting NAT44)" = yes ] || printf '%s\n' "$ruleset" "$facts" | has -e nat64d_ -e '^pass '; then
		echo "$(word "$0") up $file"
	elif have_nft; then
		echo "nft 'table inet nat64_guard { chain forward { type filter hook forward priority 0; iifname != \"$device\" ip6 saddr $1 drop; }; }'"
	else
		echo "ip6tables -I FORWARD ! -i $device -s $1 -j DROP"
	fi
}

# This applies to configurations where no host has an address inside the prefix.
check_guard()
{
	[ -z "$clat" ] || return 0
	facts=$(printf '%s\n' "$reading" | awk -f "$lib/ipv6.awk" -f "$lib/guard.awk")
	for prefix in $(printf '%s\n' "$facts" | sed -n 's/^drop //p'); do
		if is_guarded "$prefix"; then
			finding ok guard "only the translator can send from $prefix"
		elif [ "$(setting GUARD)" = no ]; then
			finding skip guard "sources in $prefix may be forged: GUARD=no"
		else
			finding WARN guard "hosts can forge sources in $prefix and so pose as any IPv4 address" "$(guard_command "$prefix")"
		fi
	done
}

# --- hosts on the internet ------------------------------------------------------------------------------------------

# guard PREFIX: prints the command.  If clients and the internet share one device, the rule distinguishes their addresses.
guard()
{
	others=$(ip -6 -o addr show scope global 2>/dev/null | awk -v a="$device" -v b="$uplink6" '$2 != a && $2 != b && $2 != "lo"')
	near=$(ip -6 route show dev "$uplink6" proto kernel 2>/dev/null | awk '$1 ~ "/" && $1 !~ /^f[ef]/ { print $1; exit }')
	from=
	[ -n "$others" ] || from=$near
	if have_nft; then
		echo "nft $(word "table inet nat64_guard { chain forward { type filter hook forward priority 0; iifname \"$uplink6\" ${from:+ip6 saddr != $from }ip6 daddr $1 drop; }; }")"
	else
		echo "ip6tables -I FORWARD -i $(word "$uplink6") ${from:+! -s $from }-d $1 -j DROP"
	fi
}

# is_local PREFIX: succeeds for prefixes that are not routed on the internet.
is_local()
{
	case $1 in
	64:ff9b:* | f[cd]??:*) ;;
	*) return 1 ;;
	esac
}

check_open()
{
	opened=
	[ -z "$clat" ] && [ -n "$uplink6" ] || return 0
	allowed=$(row_of allow)
	if [ -n "$allowed" ]; then
		finding ok open "only hosts of $allowed, and hosts with a map, may use the translator"
		return
	fi
	for prefix in $(values prefix); do
		if is_dropped "6 forward $uplink6 $device stranger $prefix tcp new"; then
			finding ok open "hosts on the internet cannot use prefix $prefix"
			opened=${opened:-no}
		elif is_local "$prefix"; then
			finding ok open "prefix $prefix is not routed on the internet: only neighbors on $uplink6 can use it"
		else
			opened=yes
			finding WARN open "every host on the internet can use prefix $prefix and lease addresses (an open translator)" "$(guard "$prefix")"
		fi
	done
}
