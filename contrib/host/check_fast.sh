# Questions about the fast path: is the daemon's program in the kernel, and what loses or breaks packets on that way?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# --- what the daemon says -------------------------------------------------------------------------------------------

# find_fast_path: whether it is `on', true or false, how many packets have `passed' there, and `why' it is off; or why all this
# is `unknown'.
find_fast_path()
{
	on='' passed='' why='' unknown="there is no daemon"
	[ -n "$daemon" ] || return 0
	unknown="the daemon has no control socket"
	[ -n "$socket" ] || return 0
	path=$(told_object fast_path)
	on=$(printf '%s\n' "$path" | sed -n 's/^"active": \([a-z]*\).*/\1/p')
	passed=$(printf '%s\n' "$path" | sed -n 's/.*"packets": \([0-9]*\).*/\1/p')
	why=$(plain "$(printf '%s\n' "$path" | sed -n 's/.*"reason": "\([^"]*\).*/\1/p')")
	unknown="the daemon does not answer at $(plain "$socket")"
}

# may_be_fast: unless it is known to be off.
may_be_fast()
{
	case $on,$(values fast-path) in
	true,*) return 0 ;;
	false,* | ,off) return 1 ;;
	esac
	[ -n "$daemon" ]
}

# --- why it is off ----------------------------------------------------------------------------------------------------

restart_command()
{
	case $start in
	kill* | systemctl*) echo "$start" ;;
	*) echo "kill $daemon && $start" ;;
	esac
}

# without_it: the words for where nothing can be done about it.
without_it()
{
	echo "edit $file: fast-path off, if it is to stay so, then: $(restart_command)"
}

is_old_kernel()
{
	uname -r | awk -F . '{ exit !($1 < 6 || $1 == 6 && $2 + 0 < 1) }'
}

# has_own_users: a container for which root is not the root of the machine.
has_own_users()
{
	has . </proc/self/uid_map && ! awk '{ print $1, $2, $3 }' /proc/self/uid_map 2>/dev/null | has -x '0 0 4294967295'
}

# may_have_bpf: CAP_BPF, number 39, is among the rights that anybody can have here.
may_have_bpf()
{
	sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status | has '^.\{6\}[89a-f].\{9\}$'
}

is_filtered()
{
	has '^Seccomp:[[:space:]]*[1-9]' </proc/self/status
}

# unit_lacks: the lines that its unit would need.  Each only if it is lacking: where nothing is limited, they would limit.
unit_lacks()
{
	[ -n "$unit" ] || return 0
	unit_is CapabilityBoundingSet | has -iw cap_bpf || echo CapabilityBoundingSet=CAP_BPF
	[ -z "$(unit_is User)" ] || unit_is AmbientCapabilities | has -iw cap_bpf || echo AmbientCapabilities=CAP_BPF
	calls=$(unit_is SystemCallFilter)
	case $calls in
	'') ;;
	'~'*) ! echo "${calls#?}" | has -w bpf || echo SystemCallFilter=bpf ;;
	*) echo "$calls" | has -w bpf || echo SystemCallFilter=bpf ;;
	esac
}

# let_unit LINES: the command that lets the unit do it, behind what other drop-ins say.
let_unit()
{
	dropin=/etc/systemd/system/$unit.d
	lines="echo '[Service]'"
	for line in $1; do
		lines="$lines && echo $line"
	done
	echo "mkdir -p $dropin && { $lines; } >$dropin/zz-nat64-fast-path.conf && systemctl daemon-reload && $start"
}

# explain_forbidden: who forbids it, `because', and the `cure'.
explain_forbidden()
{
	lacks=$(unit_lacks | paste -s -d ' ' -)
	if has_own_users; then
		because=": this container has users of its own, and the kernel gives that to none of them"
		cure=$(without_it)
	elif ! may_have_bpf; then
		because=": this container has no CAP_BPF"
		cure="edit the settings of the container: CAP_BPF, and the system call bpf, then start it again"
	elif [ -n "$lacks" ]; then
		because=": $unit lacks $lacks"
		cure=$(let_unit "$lacks")
	elif is_filtered; then
		because=": this container has a filter of system calls"
		cure="edit the settings of the container: the system call bpf, then start it again"
	else
		cure="edit what starts nat64d: CAP_BPF and CAP_NET_ADMIN at the start, and the system call bpf, then: $(restart_command)"
	fi
}

explain_off()
{
	because=
	cure=$(without_it)
	if is_old_kernel; then
		because=": this kernel is $(plain "$(uname -r)"), and it takes 6.1"
		return
	fi
	case $why in
	*"not permitted"*) explain_forbidden ;;
	*modprobe*) cure="modprobe -a sch_ingress cls_bpf && $(restart_command)" ;;
	*"ingress qdisc"*) cure="tc qdisc show dev $device # an ingress qdisc has the place of clsact: whose is it?" ;;
	esac
}

check_fast_path()
{
	case $on,$(values fast-path) in
	true,*) finding ok fast-path "on, it has translated $passed packets in the kernel" ;;
	*,off) finding ok fast-path "off, as $conf has it" ;;
	false,*)
		if [ -z "$why" ]; then
			finding WARN fast-path "off: the daemon was started before $conf was changed" "$(restart_command)"
		else
			explain_off
			finding WARN fast-path "off, every packet passes through the daemon: $why$because" "$cure"
		fi
		;;
	*) finding skip fast-path "not asked: $unknown" ;;
	esac
}

# --- what loses or breaks packets there -------------------------------------------------------------------------------

softnet()
{
	cat /proc/net/softnet_stat 2>/dev/null
}

# dropped: packets since the machine was started, of all its processors and network namespaces, that were too many to wait for
# one.
dropped()
{
	softnet | awk '
		function number(hex,    n, i) {
			for (i = 1; i <= length(hex); i++) n = n * 16 + index("123456789abcdef", substr(hex, i, 1))
			return n + 0
		}
		{ sum += number($2) }
		END { printf "%.0f\n", sum }'
}

# larger_backlog: the switch is the machine's, and not there in network namespaces.
larger_backlog()
{
	backlog=$(sysctl_is core/netdev_max_backlog)
	if [ -z "$backlog" ]; then
		echo "edit the settings of the machine around this container: net.core.netdev_max_backlog, four times as much"
	elif [ "$backlog" -lt 16000 ]; then
		echo "sysctl -w net.core.netdev_max_backlog=$((backlog * 4))"
	fi
}

# What was lost long ago is no news: a first look is taken when the check begins.
check_softnet()
{
	lost=$(dropped)
	if [ "$lost" -gt "$lost_before" ]; then
		finding WARN softnet "$((lost - lost_before)) packets dropped while this was checked, as too many waited for a processor; $lost since the machine was started" \
			"$(larger_backlog)"
	else
		finding ok softnet "no packet dropped while this was checked, $lost since the machine was started"
	fi
}

# below DEVICE: it, and those that it consists of: ports of a bridge, the link of a VLAN.
below()
{
	echo "$1"
	for part in /sys/class/net/"$1"/lower_*; do
		[ ! -e "$part" ] || below "${part##*/lower_}"
	done
}

# ports: the devices by which packets come and go.
ports()
{
	for dev in $(ip -o addr show up 2>/dev/null | awk '{ print $2 }' | sort -u); do
		below "$dev"
	done | sort -u | grep -vx -e lo -e "$device"
}

# Packets that were merged into a list come out of a change of family broken, on kernels from before 2026.
check_gro_list()
{
	may_be_fast || return 0
	if ! have ethtool; then
		finding skip gro-list "not asked: ethtool is not installed (Debian: apt install ethtool)"
		return
	fi
	lists=
	for dev in $(ports); do
		ethtool -k "$dev" 2>/dev/null | has '^rx-gro-list: on' || continue
		lists=yes
		finding WARN gro-list "$dev has rx-gro-list on, and some kernels break such packets on the fast path" \
			"ethtool -K $(word "$dev") rx-gro-list off"
	done
	[ -n "$lists" ] || finding ok gro-list "no interface has rx-gro-list on"
}

# our_flowtables: "FAMILY TABLE NAME DEVICE" of those that have our device, perhaps by a name that ends with a star.
our_flowtables()
{
	printf '%s\n' "$ruleset" | awk -v own="$device" '
		/^table / { family = $2; table = $3 }
		/^\tflowtable / { name = $2 }
		/^\t[}]/ { name = "" }
		name != "" && sub(/^.*devices = [{]/, "") { inside = 1 }
		inside {
			last = /[}]/
			gsub(/["{},;]/, " ")
			for (i = 1; i <= NF; i++)
				if ($i == own || $i ~ /\*$/ && index(own, substr($i, 1, length($i) - 1)) == 1) print family, table, name, $i
			inside = !last
		}'
}

# leave_flowtable FAMILY TABLE NAME DEVICE: the others stay in it.
leave_flowtable()
{
	if [ "$4" = "$device" ]; then
		echo "nft $(word "delete flowtable $1 $2 $3 { devices = { \"$device\" }; }")"
	else
		echo "edit the rules: flowtable $3 of table $1 $2 with devices by their names, and without $device"
	fi
}

# A packet of the fast path may be longer than it says until IPv4 or IPv6 have received it, and a flowtable comes before that.
check_flowtable()
{
	may_be_fast || return 0
	while read -r family table name listed; do
		[ -n "$family" ] || continue
		finding WARN flowtable "$name of table $family $table has $device, whose packets it may not take from the fast path as they are" \
			"$(leave_flowtable "$family" "$table" "$name" "$listed")"
	done <<-END
		$(our_flowtables)
	END
}
