# Checks the service: which process uses the device, is it the daemon of the unit, and has it read the current file?
# shellcheck shell=sh disable=SC2154,SC2034 # variables of check.sh

# find_unit: sets `unit' to the unit of this configuration, if systemd runs.
find_unit()
{
	unit=
	{ [ -d /run/systemd/system ] && have systemctl; } || return 0
	case $conf in
	"$sysconfdir/nat64.conf") unit=nat64d.service ;;
	"$sysconfdir"/nat64/*.conf) unit=nat64d@$(basename "$conf" .conf).service ;;
	esac
}

# unit_is PROPERTY [OPTION]: prints a property of the unit.
unit_is()
{
	systemctl show -p "$1" --value ${2:+"$2"} "$unit" 2>/dev/null
}

# --- which process uses the device ----------------------------------------------------------------------------------

# owners: prints the processes that have the device open, in this network namespace.
owners()
{
	find /proc/[0-9]*/fdinfo -type f -exec grep -ls "^iff:[[:space:]]*$device\$" {} + 2>/dev/null |
		cut -d / -f 3 | sort -un | while read -r pid; do
		! holds "$pid" || echo "$pid"
	done
}

# find_daemon: sets `daemon' to the process that answers at the control socket; otherwise, to a process that has the device
# open, preferably the one of the unit.
find_daemon()
{
	main=
	[ -z "$unit" ] || main=$(unit_is MainPID)
	ask_where_it_runs
	if [ -z "$daemon" ]; then
		daemon=$(owners | awk -v main="$main" '$1 == main { found = 1 } NR == 1 { first = $1 } END { print found ? main : first }')
		ask_process
	fi
	command=
	[ -z "$daemon" ] || command=$(plain "$(cat "/proc/$daemon/comm" 2>/dev/null)")
}

# is_stranger: succeeds if `daemon' is another program, or a nat64d that keeps the unit from starting.  A nat64d that was
# started by hand is fine if the unit is inactive.
is_stranger()
{
	[ "$daemon" != "$main" ] || return 1
	case $command in
	nat64d | "$(basename "$nat64d" | cut -c 1-15)") ;;
	*) return 0 ;;
	esac
	[ -n "$unit" ] && [ "$unit_state" != inactive ]
}

# dismiss: prints the command that stops the other translator, by its service if it has one.  It has two steps because
# `disable --now' leaves a service of /etc/init.d running.
dismiss()
{
	service=$(sed -n 's|.*/system\.slice/\(.*/\)\{0,1\}\([^/]*\)\.service$|\2|p' "/proc/$daemon/cgroup" 2>/dev/null | sed -n 1p)
	case $service in
	nat64d | nat64d@*) echo "systemctl stop $(word "$service")" ;;
	"${command:-?}") echo "systemctl stop $(word "$service") && systemctl disable $(word "$service")" ;;
	*) echo "kill $daemon" ;;
	esac
}

# make_room: prints the command for a device that another process uses.  It stops only translators: another program may be
# the VPN through which the operator reaches this machine.
make_room()
{
	case $command in
	nat64d | tayga | "$(basename "$nat64d" | cut -c 1-15)") echo "$(dismiss) && $start" ;;
	*) echo "edit $file: tun-device NAME, one that no other program has, then: $start" ;;
	esac
}

# last_words: prints the last message of a failed service itself; the messages of systemd only say that it failed.
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
	# Between two starts, systemd itself keeps the device open for the next process.
	[ "$daemon $command" != "1 systemd" ] || daemon=
	[ -z "$unit" ] || { start="systemctl restart $(word "$unit")" && unit_state=$(systemctl is-active "$unit"); }
	state=${unit_state:+ ($unit is $unit_state)}
	words=$(last_words)
	if [ -z "$daemon" ]; then
		finding FAIL service "no daemon uses $device$state${words:+, its last message: $words}" "${words:+fix that, then: }$start"
	elif is_stranger; then
		finding FAIL service "process $daemon ($command) uses $device, and is not the daemon of $conf$state" "$(make_room)"
		daemon=
	elif [ -n "$unit" ] && [ "$daemon" != "$main" ]; then
		finding ok service "process $daemon translates on $device$state"
		unit= # this daemon does not belong to the unit, so commands below must not use the unit
		start="kill $daemon && $start"
	else
		finding ok service "process $daemon translates on $device"
		[ -z "$unit$told" ] || check_effect
	fi
}

# --- has it read the current file? ----------------------------------------------------------------------------------

# changed_state: prints when the unit was started or reloaded.  It is the later one of two clocks: the wall clock may have
# been wrong at boot, and the monotonic clock stops in suspend.
changed_state()
{
	{
		unit_is StateChangeTimestamp --timestamp=unix | sed -n 's/^@\([0-9]*\)$/\1/p'
		echo "$(cat /proc/uptime) $(unit_is StateChangeTimestampMonotonic)" |
			awk -v now="$(date +%s)" 'NF == 3 && $1 >= $3 / 1e6 { printf "%.0f\n", int(now + 1 - $1 + $3 / 1e6) }'
	} | sort -n | tail -n 1
}

# was_refused: succeeds if the last reload was refused.
was_refused()
{
	if [ -n "$told" ]; then
		[ "$(member ok "$(told_object last_reload)")" = false ]
	else
		unit_is StatusText | has 'the last reload was refused'
	fi
}

# is_newer FILE: succeeds if it was changed after the daemon read it.  The times are whole seconds, so a file that was written
# just before does not count.
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
		finding WARN reload "the last reload was refused: the daemon uses the previous content of $conf" \
			"$(reload_command) || $start" # the reload prints the reason; the start helps if a restart is needed
	elif [ -n "$stale" ]; then
		finding WARN reload "$stale was changed after the daemon had read it" "$(reload_command)"
	fi
}

# --- where leases are kept ------------------------------------------------------------------------------------------------

# is_writable_to_unit DIRECTORY: succeeds if the unit lets its daemon write there.
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

# move_in DIRECTORY: prints every step that lets the unit keep leases there.  The owner of an existing directory is not changed.
move_in()
{
	owner=$(unit_is User)
	if [ -e "$1" ] && [ "$(stat -c %U "$1")" != "${owner:-root}" ]; then
		echo "edit $file: data-dir of a directory that does not exist yet, or that belongs to ${owner:-root}, then: systemctl restart $(word "$unit")"
		return
	fi
	make="install -d -m 750 -o ${owner:-root} -g ${owner:-root} $(word "$1") && "
	[ ! -e "$1" ] || make=
	dropin=/etc/systemd/system/$unit.d
	echo "${make}mkdir -p $dropin && { echo '[Service]' && echo ReadWritePaths=$(word "$1"); } >$dropin/nat64-data-dir.conf && systemctl daemon-reload && systemctl restart $(word "$unit")"
}

# The unit makes all directories read-only except those that it names, and hides home directories.
check_data_dir()
{
	dir=$(values data-dir)
	[ -n "$unit" ] && [ -n "$dir" ] || return 0
	case $dir/,$(unit_is ProtectHome),$(unit_is PrivateTmp) in
	/home/*,yes,* | /root/*,yes,* | /run/user/*,yes,* | /tmp/*,yes | /var/tmp/*,yes)
		finding FAIL data-dir "$unit cannot use $dir, because home directories and common temporary directories are hidden from it" \
			"edit $file: another data-dir, or none for the default $(service_directory), then: $start"
		;;
	*) [ "$(unit_is ProtectSystem)" != strict ] || is_writable_to_unit "$dir" || finding FAIL data-dir "$unit may not write to $dir" "$(move_in "$dir")" ;;
	esac
}

# --- commands that last ---------------------------------------------------------------------------------------------

# is_persistent: succeeds if another program made the device.  Its routes are then not set by the daemon.  A device that the
# daemon keeps between two processes has an alias that says so.
is_persistent()
{
	ip -d -o link show dev "$device" 2>/dev/null | grep -v 'alias made by nat64d' | has ' persist on'
}

# lasting: prints the command that lets the daemon set up the device at every start; nothing if another program made it.
lasting()
{
	[ -n "$unit" ] && [ -z "$clat" ] || return 0
	if [ "$(values tun-setup)" = yes ]; then
		reload_command
	elif ! is_persistent; then
		echo "$(set_directive tun-setup yes) && $(reload_command)"
	fi
}

# lasting_or COMMAND: prints the lasting command, or else COMMAND.
lasting_or()
{
	lasts=$(lasting)
	echo "${lasts:-$1}"
}
