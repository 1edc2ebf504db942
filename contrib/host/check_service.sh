# Questions about the service: who holds the device, is it the unit's daemon, does it translate by the file as it is?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# find_unit: the unit that runs this configuration, where there is systemd.
find_unit()
{
	unit=
	{ [ -d /run/systemd/system ] && have systemctl; } || return 0
	case $conf in
	"$sysconfdir/nat64.conf") unit=nat64d.service ;;
	"$sysconfdir"/nat64/*.conf) unit=nat64d@$(basename "$conf" .conf).service ;;
	esac
}

# unit_is PROPERTY [OPTION]: what systemd knows of it.
unit_is()
{
	systemctl show -p "$1" --value ${2:+"$2"} "$unit" 2>/dev/null
}

# --- who holds the device -------------------------------------------------------------------------------------------

# owners: the processes that hold the device, in this network namespace.
owners()
{
	find /proc/[0-9]*/fdinfo -type f -exec grep -ls "^iff:[[:space:]]*$device\$" {} + 2>/dev/null |
		cut -d / -f 3 | sort -un | while read -r pid; do
		! holds "$pid" || echo "$pid"
	done
}

# find_daemon: the one that answers where it should; else who holds the device: if the unit's own process is among them, that
# one.
find_daemon()
{
	main=
	[ -z "$unit" ] || main=$(unit_is MainPID)
	ask_where_it_runs
	if [ -z "$daemon" ]; then
		daemon=$(owners | awk -v main="$main" '$1 == main { found = 1 } NR == 1 { first = $1 } END { print found ? main : first }')
		ask_process
	fi
	command=$(plain "$(cat "/proc/${daemon:-0}/comm" 2>/dev/null)")
}

# is_stranger: another program, or a daemon that stands in the way of the unit's.  One by hand beside a unit that nobody
# wants is neither.
is_stranger()
{
	[ "$daemon" != "$main" ] || return 1
	case $command in
	nat64d | "$(basename "$nat64d" | cut -c 1-15)") ;;
	*) return 0 ;;
	esac
	[ -n "$unit" ] && [ "$unit_state" != inactive ]
}

# dismiss: the command that ends the stranger, by its service if it is one.  In two steps, for `disable --now' leaves a
# service of /etc/init.d running.  Only a translator is ended: what else holds the device may be the VPN by which the machine
# is reached.
dismiss()
{
	service=$(sed -n 's|.*/system\.slice/\(.*/\)\{0,1\}\([^/]*\)\.service$|\2|p' "/proc/$daemon/cgroup" 2>/dev/null | sed -n 1p)
	case $service in
	nat64d | nat64d@*) echo "systemctl stop $(word "$service")" ;;
	"${command:-?}") echo "systemctl stop $(word "$service") && systemctl disable $(word "$service")" ;;
	*) echo "kill $daemon" ;;
	esac
}

# make_room: the command for a device that somebody else holds.
make_room()
{
	case $command in
	nat64d | tayga | "$(basename "$nat64d" | cut -c 1-15)") echo "$(dismiss) && $start" ;;
	*) echo "edit $file: tun-device NAME, one that no other program has, then: $start" ;;
	esac
}

# last_words: of a service that has failed, its own: those of systemd about it only say that it has.
last_words()
{
	have journalctl || return 0
	case $unit_state in
	failed | activating) plain "$(journalctl -q _SYSTEMD_UNIT="$unit" -p warning -n 1 -o cat 2>/dev/null)" ;;
	esac
}

reload_command()
{
	if [ -n "$unit" ] && systemctl -q is-active "$unit"; then
		echo "systemctl reload $(word "$unit")"
	elif [ -n "$daemon" ]; then
		echo "kill -HUP $daemon"
	else
		echo "$start"
	fi
}

check_service()
{
	find_unit
	find_daemon
	start="$(word "$nat64d") --config $file"
	[ -z "$clatd" ] || start=$clatd
	unit_state=
	# systemd itself keeps the device for the next process, between two starts.
	[ "$daemon $command" != "1 systemd" ] || daemon=
	[ -z "$unit" ] || { start="systemctl restart $(word "$unit")" && unit_state=$(systemctl is-active "$unit"); }
	state=${unit_state:+ ($unit is $unit_state)}
	words=$(last_words)
	if [ -z "$daemon" ]; then
		finding FAIL service "no daemon holds $device$state${words:+, its last words: $words}" "${words:+mend that, then: }$start"
	elif is_stranger; then
		finding FAIL service "process $daemon ($command) holds $device, and is not the daemon of $conf$state" "$(make_room)"
		daemon=
	elif [ -n "$unit" ] && [ "$daemon" != "$main" ]; then
		finding ok service "process $daemon translates on $device$state"
		unit= # another daemon is in its place: what is said of it below is not for the unit
		start="kill $daemon && $start"
	else
		finding ok service "process $daemon translates on $device"
		[ -z "$unit$told" ] || check_effect
	fi
}

# --- does it translate by the file as it is? ------------------------------------------------------------------------

# changed_state: when the unit was started or reloaded, by the later one of two clocks: that of the wall may have been wrong
# at boot, and the other one stands still in suspend.
changed_state()
{
	{
		unit_is StateChangeTimestamp --timestamp=unix | sed -n 's/^@\([0-9]*\)$/\1/p'
		echo "$(cat /proc/uptime) $(unit_is StateChangeTimestampMonotonic)" |
			awk -v now="$(date +%s)" 'NF == 3 && $1 >= $3 / 1e6 { printf "%.0f\n", int(now + 1 - $1 + $3 / 1e6) }'
	} | sort -n | tail -n 1
}

# was_refused: the last reload.
was_refused()
{
	if [ -n "$told" ]; then
		told_object last_reload | has '"ok": false'
	else
		unit_is StatusText | has 'the last reload was refused'
	fi
}

# is_newer FILE: changed since then.  Seconds, so that nothing is said of one that was written just before.
is_newer()
{
	since=$([ -z "$told" ] || in_effect_since)
	[ -n "$told" ] || since=$(changed_state)
	[ -n "$since" ] && [ "$(stat -L -c %Y "$1" 2>/dev/null || echo 0)" -gt "$since" ]
}

check_effect()
{
	stale=
	for read in "$conf" "$(map_file)"; do
		[ -z "$read" ] || ! is_newer "$read" || stale=$read
	done
	if was_refused; then
		finding WARN reload "the last reload was refused: the daemon goes by $conf as it was before" \
			"$(reload_command) || $start" # which says why, and helps where something needs a restart
	elif [ -n "$stale" ]; then
		finding WARN reload "$stale was changed after the daemon had read it" "$(reload_command)"
	fi
}

# --- where leases are kept ------------------------------------------------------------------------------------------------

# is_writable_to_unit DIRECTORY: does the unit let its daemon write there?
is_writable_to_unit()
{
	case $1/ in
	"$(service_directory)"/* | /var/spool/tayga/*) return 0 ;;
	esac
	for granted in $(unit_is ReadWritePaths); do
		granted=${granted#[-+]}
		granted=${granted#[-+]}
		case $1/ in
		"${granted%/}"/*) return 0 ;;
		esac
	done
	return 1
}

# move_in DIRECTORY: every step that lets the unit keep leases there.  A directory of somebody else's stays his.
move_in()
{
	owner=$(unit_is User)
	if [ -e "$1" ] && [ "$(stat -c %U "$1")" != "${owner:-root}" ]; then
		echo "edit $file: data-dir of a directory that is not there yet, or that belongs to ${owner:-root}, then: systemctl restart $(word "$unit")"
		return
	fi
	make="install -d -m 750 -o ${owner:-root} -g ${owner:-root} $(word "$1") && "
	[ ! -e "$1" ] || make=
	dropin=/etc/systemd/system/$unit.d
	echo "${make}mkdir -p $dropin && { echo '[Service]' && echo ReadWritePaths=$(word "$1"); } >$dropin/nat64-data-dir.conf && systemctl daemon-reload && systemctl restart $(word "$unit")"
}

# Under the unit everything is read-only but what it names, and home directories are hidden.
check_data_dir()
{
	dir=$(values data-dir)
	[ -n "$unit" ] && [ -n "$dir" ] || return 0
	case $dir/,$(unit_is ProtectHome),$(unit_is PrivateTmp) in
	/home/*,yes,* | /root/*,yes,* | /run/user/*,yes,* | /tmp/*,yes | /var/tmp/*,yes)
		finding FAIL data-dir "$unit does not see $dir, as it sees no home and no common temporary directory" \
			"edit $file: another data-dir, or none, which is $(service_directory), then: $start"
		;;
	*) [ "$(unit_is ProtectSystem)" != strict ] || is_writable_to_unit "$dir" || finding FAIL data-dir "$unit may not write to $dir" "$(move_in "$dir")" ;;
	esac
}

# --- what lasts -----------------------------------------------------------------------------------------------------

# is_persistent: the device is somebody else's, with all its routes.  The daemon's own, which it keeps between two
# processes, says so.
is_persistent()
{
	ip -d -o link show dev "$device" 2>/dev/null | grep -v 'alias made by nat64d' | has ' persist on'
}

# lasting: the command that gives the device what it needs, and does so at every start; none if that is not the daemon's.
lasting()
{
	[ -n "$unit" ] && [ -z "$clat" ] || return 0
	if [ "$(values tun-setup)" = yes ]; then
		reload_command
	elif ! is_persistent; then
		echo "$(set_directive tun-setup yes) && $(reload_command)"
	fi
}

# lasting_or COMMAND
lasting_or()
{
	lasts=$(lasting)
	echo "${lasts:-$1}"
}
