#!/usr/bin/env bash
# Offloads: the daemon logs them at the start and restores them, and the packets on the wire are the same as without offloads.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need ethtool socat ss
topology
BASE=('map 192.168.255.77 2001:db8:1::77' 'map 192.168.255.78 2001:db8:1::2' 'icmp-errors send')

# In effect: of a device that nobody has ever attached to ethtool also says what might have been asked for.
features() { in_router ethtool -k nat64 | sed 's/ \[requested on\]//'; }
feature() { in_router ethtool -k nat64 | sed -n "s/^$1: //p"; }
queue() { ip -n "$R" -o link show dev nat64 | sed -n 's/.* qlen \([0-9]*\).*/\1/p'; }
queue_is() { [ "$(queue)" = "$1" ]; }
older() { [ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" != "$1" ]; }

# --- what is said, and what is left ------------------------------------------------------------------------------------

if older 6.2; then
	all='offload: checksums, TCP GSO \(with ECN\); no UDP GSO, which needs Linux 6.2'
else
	all='offload: checksums, TCP GSO \(with ECN\), UDP GSO$'
fi
config "${BASE[@]}" >"$T/conf"
from=$(since)
start_nat64d || finish
t "said at the start" wait_for said "$from" "$all"
t "the kernel knows of TCP GSO" grep -q '^on' <<<"$(feature tcp-segmentation-offload)"
stops "TERM: exit status 0"

config "${BASE[@]}" 'offload off' >"$T/conf"
from=$(since)
start_nat64d || finish
t "offload off: said at the start" wait_for said "$from" 'offload: off$'
t "offload off: no GSO packets" grep -q '^off' <<<"$(feature tcp-segmentation-offload)"
t "offload off: traffic passes" ping6 "$GOOGLE"
config "${BASE[@]}" >"$T/conf"
from=$(since)
kill -HUP "$PID"
t "a changed offload needs a restart" wait_for said "$from" 'a changed offload needs a restart'
stop_nat64d

for kind in "" multi_queue; do
	# shellcheck disable=SC2086 # no word is wanted for the empty kind
	ip -n "$R" tuntap add dev nat64 mode tun $kind
	before=$(features) was=$(queue)
	config "${BASE[@]}" 'tun-queue 1234' >"$T/conf"
	start_nat64d || finish
	what="a persistent device ${kind:-(one queue)}"
	t "$what: GSO packets" grep -q '^on' <<<"$(feature tcp-segmentation-offload)"
	t "$what: traffic passes" ping6 "$GOOGLE"
	t "$what: --rmtun of another leaves it alone" fails in_router "$NAT64D" -c "$T/conf" --rmtun
	t "$what: which leaves the offloads alone, too" grep -q '^on' <<<"$(feature tcp-segmentation-offload)"
	t "$what: tun-queue" queue_is 1234
	config "${BASE[@]}" 'tun-queue 777' >"$T/conf"
	kill -HUP "$PID"
	t "$what: tun-queue, another at a reload" wait_for queue_is 777
	config "${BASE[@]}" >"$T/conf"
	kill -HUP "$PID"
	t "$what: tun-queue, none at a reload" wait_for queue_is "$was"
	config "${BASE[@]}" 'tun-queue 777' >"$T/conf"
	kill -HUP "$PID"
	wait_for queue_is 777
	stop_nat64d
	same "$what: is left with the queue it had" "$was" "$(queue)"
	t "$what: is left with the offloads it had" diff <(echo "$before") <(features)
	config "${BASE[@]}" 'offload off' >"$T/conf"
	start_nat64d && t "$what: without offloads afterwards" ping6 "$GOOGLE"
	stop_nat64d
	config "${BASE[@]}" >"$T/conf"
	start_nat64d && stop_nat64d KILL
	config "${BASE[@]}" 'offload off' >"$T/conf"
	start_nat64d && t "$what: without offloads after a daemon that was killed" ping6 "$GOOGLE"
	t "$what: none are left of that one" grep -q '^off' <<<"$(feature tcp-segmentation-offload)"
	stop_nat64d
	ip -n "$R" link del nat64
done

config 'tun-queue 777' >"$T/conf"
sed -i /data-dir/d "$T/conf"
ip -n "$R" tuntap add dev nat64 mode tun
from=$(since)
start_nat64d -u nobody || finish
t "without rights: tun-queue" queue_is 777
stops "without rights: exit status 0"
t "without rights: it is said that the queue stays" said "$from" 'tun-queue: cannot restore .*CAP_NET_ADMIN'
ip -n "$R" link set nat64 txqueuelen 500
in_router ethtool -k nat64 | grep -q '^tcp-segmentation-offload: off'
same "without rights: no offloads are left" 0 $?
ip -n "$R" link del nat64

# --- the same on the wire -------------------------------------------------------------------------------------------

wires_for_gso

# This is about the daemon; what the program in the kernel makes of them is in fastpath_same.sh.
counted=()
for mode in auto off; do
	config "${BASE[@]}" "offload $mode" 'fast-path off' >"$T/conf"
	start_nat64d || finish
	wait_for ping6 "$GOOGLE"
	t "offload $mode: the cases are sent" python3 "$here/gso.py" run "$C" "$S" "$PID"
	mark
	python3 "$here/gso.py" run "$C" "$S" "$PID" >"$T/$mode"
	for counter in gso-read gso-written merged; do
		n=$(grown both $counter)
		if [ $mode = auto ]; then
			t "offload auto: $counter" test "$n" -gt 0
		else
			same "offload off: $counter" 0 "$n"
		fi
	done
	same "offload $mode: no packet failed" 0 "$(grown both write-failed)"
	same "offload $mode: none was malformed" 00 "$(grown '4->6' bad-offload)$(grown '6->4' bad-offload)"
	counted+=("$(grown '4->6' ok) $(grown '6->4' ok) $(grown '4->6' too-big)")
	stop_nat64d
done
same "packets are counted as on the wire" "${counted[1]}" "${counted[0]}"

# of CASE FILE: its lines there.
of() { awk -F '\t' -v name="$1" '$1 == name' "$2"; }
# The first of standard input's lines at each end.
firsts() { awk -F '\t' '!seen[$2]++' | sort; }
while IFS=$'\t' read -r name wanted kind; do
	is=$(of "$name" "$T/auto") want=$(of "$name" "$T/off")
	if [ "$kind" = first ]; then
		is=${is%%$'\n'*} want=${want%%$'\n'*} wanted=1
	elif [ "$kind" = firsts ]; then
		is=$(firsts <<<"$is") want=$(firsts <<<"$want") wanted=2
	fi
	if [ "$is" = "$want" ] && [ "$(grep -c . <<<"$is")" -eq "$wanted" ]; then
		ok "$name: $wanted packets, the same"
	else
		not_ok "$name: $wanted packets, the same" \
			"$(diff <(echo "$want") <(echo "$is") | cut -c 1-300 | head -n 12)" \
			"$(grep -c . <<<"$want") without offloads, $(grep -c . <<<"$is") with them"
	fi
done < <(python3 "$here/gso.py" list)

# --- and to programs ------------------------------------------------------------------------------------------------

head -c 30000000 /dev/urandom >"$T/a"
head -c 20000000 /dev/urandom >"$T/b"
config "${BASE[@]}" >"$T/conf"
start_nat64d || finish
exchange "30 and 20 MB by TCP from IPv6" "$S" TCP4-LISTEN "$C" "TCP6:[$GOOGLE]"
exchange "30 and 20 MB by TCP from IPv4" "$C" TCP6-LISTEN "$S" TCP4:192.168.255.78
t "the daemon lives" alive
stops "TERM: exit status 0"
finish
