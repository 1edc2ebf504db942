# Checks the fast path: is it on, and does anything on this machine drop or corrupt its packets?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# --- what the daemon reports ----------------------------------------------------------------------------------------

# find_fast_path: sets `on' (true or false), `passed' (the number of packets), and `why' (the reason if it is off); or sets
# `unknown' to the reason why the daemon does not answer.
find_fast_path()
{
	on='' passed='' why='' unknown="there is no daemon"
	[ -n "$daemon" ] || return 0
	unknown="the daemon has no control socket"
	[ -n "$socket" ] || return 0
	path=$(told_object fast_path)
	on=$(member active "$path")
	passed=$(member packets "$path")
	case $path in
	*'"reason": "'*) why=${path#*'"reason": "'} ;;
	esac
	why=$(plain "${why%%\"*}")
	unknown="the daemon does not answer at $(plain "$socket")"
}

# may_be_fast: succeeds unless the fast path is known to be off.
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

# without_it: prints the command for a machine where the fast path cannot be switched on.
without_it()
{
	echo "edit $file: fast-path off, if this is acceptable, then: $(restart_command)"
}

is_old_kernel()
{
	uname -r | awk -F . '{ exit !($1 < 6 || $1 == 6 && $2 + 0 < 1) }'
}

# has_own_users: succeeds in a container with its own user namespace.
has_own_users()
{
	has . </proc/self/uid_map && ! awk '{ print $1, $2, $3 }' /proc/self/uid_map 2>/dev/null | has -x '0 0 4294967295'
}

# may_have_bpf: succeeds if a process here can have CAP_BPF (capability number 39).
may_have_bpf()
{
	sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status | has '^.\{6\}[89a-f].\{9\}$'
}

is_filtered()
{
	has '^Seccomp:[[:space:]]*[1-9]' </proc/self/status
}

# unit_lacks: prints the lines that the unit needs.  A line is printed only if its right is missing: where nothing is limited,
# the line would add a limit.
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

# let_unit LINES NAME: prints the command that adds LINES to the unit, in a drop-in that is read after other drop-ins.
let_unit()
{
	dropin=/etc/systemd/system/$unit.d
	lines="echo '[Service]'"
	for line in $1; do
		lines="$lines && echo $line"
	done
	echo "mkdir -p $dropin && { $lines; } >$dropin/zz-nat64-$2.conf && systemctl daemon-reload && $start"
}

# explain_forbidden: sets `because' (what forbids it) and `cure' (the command).
explain_forbidden()
{
	lacks=$(unit_lacks | paste -s -d ' ' -)
	if has_own_users; then
		because=": this container has its own user namespace, and the kernel grants CAP_BPF to none of its users"
		cure=$(without_it)
	elif ! may_have_bpf; then
		because=": this container has no CAP_BPF"
		cure="edit the settings of the container: allow CAP_BPF and the system call bpf, then start it again"
	elif [ -n "$lacks" ]; then
		because=": $unit lacks $lacks"
		cure=$(let_unit "$lacks" fast-path)
	elif is_filtered; then
		because=": this container filters system calls"
		cure="edit the settings of the container: allow the system call bpf, then start it again"
	else
		cure="edit what starts nat64d: grant CAP_BPF and CAP_NET_ADMIN at the start, allow the system call bpf, then: $(restart_command)"
	fi
}

explain_off()
{
	because=
	cure=$(without_it)
	if is_old_kernel; then
		because=": this kernel is $(plain "$(uname -r)"), and the fast path needs 6.1"
		return
	fi
	case $why in
	*"not permitted"*) explain_forbidden ;;
	*modprobe*) cure="modprobe -a sch_ingress cls_bpf && $(restart_command)" ;;
	*"ingress qdisc"*) cure="tc qdisc show dev $device # an ingress qdisc is where clsact must be: find out which program added it" ;;
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
	*) finding skip fast-path "not checked: $unknown" ;;
	esac
}

# --- what drops or corrupts packets there -----------------------------------------------------------------------------

softnet()
{
	cat /proc/net/softnet_stat 2>/dev/null
}

# dropped: prints the number of packets that were dropped since boot because a backlog was full, on all processors and in all
# network namespaces.
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

# larger_backlog: prints the command.  The sysctl belongs to the machine and does not exist in other network namespaces.
larger_backlog()
{
	backlog=$(sysctl_is core/netdev_max_backlog)
	if [ -z "$backlog" ]; then
		echo "edit the settings of the host of this container: multiply net.core.netdev_max_backlog by four"
	elif [ "$backlog" -lt 16000 ]; then
		echo "sysctl -w net.core.netdev_max_backlog=$((backlog * 4))"
	fi
}

# Only drops during the check count, so check_all reads the counter at its start.
check_softnet()
{
	lost=$(dropped)
	if [ "$lost" -gt "$lost_before" ]; then
		finding WARN softnet "$((lost - lost_before)) packets dropped during this check because too many waited for a processor; $lost since boot" \
			"$(larger_backlog)"
	else
		finding ok softnet "no packet dropped during this check, $lost since boot"
	fi
}

# below DEVICE: prints it and its lower devices, such as the ports of a bridge or the link of a VLAN.
below()
{
	echo "$1"
	for part in /sys/class/net/"$1"/lower_*; do
		[ ! -e "$part" ] || below "${part##*/lower_}"
	done
}

# ports: prints the devices that packets use.
ports()
{
	for dev in $(ip -o addr show up 2>/dev/null | awk '{ print $2 }' | sort -u); do
		below "$dev"
	done | sort -u | grep -vx -e lo -e "$device"
}

# Kernels from before 2026 corrupt packets that were merged into a list when the fast path changes their family.
check_gro_list()
{
	may_be_fast || return 0
	if ! have ethtool; then
		finding skip gro-list "not checked: ethtool is not installed (Debian: apt install ethtool)"
		return
	fi
	lists=
	for dev in $(ports); do
		ethtool -k "$dev" 2>/dev/null | has '^rx-gro-list: on' || continue
		lists=yes
		finding WARN gro-list "$dev has rx-gro-list on, and some kernels corrupt such packets on the fast path" \
			"ethtool -K $(word "$dev") rx-gro-list off"
	done
	[ -n "$lists" ] || finding ok gro-list "no interface has rx-gro-list on"
}

# our_flowtables: prints "FAMILY TABLE NAME DEVICE" for each flowtable with our device; DEVICE may end with a star.
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

# leave_flowtable FAMILY TABLE NAME DEVICE: prints the command that removes only our device from the flowtable.
leave_flowtable()
{
	if [ "$4" = "$device" ]; then
		echo "nft $(word "delete flowtable $1 $2 $3 { devices = { \"$device\" }; }")"
	else
		echo "edit the rules: list the devices of flowtable $3 of table $1 $2 by name, without $device"
	fi
}

# A packet of the fast path may have more bytes than its header says.  The IP layer trims it, but a flowtable runs before that.
check_flowtable()
{
	may_be_fast || return 0
	while read -r family table name listed; do
		[ -n "$family" ] || continue
		finding WARN flowtable "$name of table $family $table contains $device, and processes packets of the fast path before their length is correct" \
			"$(leave_flowtable "$family" "$table" "$name" "$listed")"
	done <<-END
		$(our_flowtables)
	END
}
