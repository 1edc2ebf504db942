# init: the files that it makes, the services that it starts, and the way back from both.
#
# /var/lib/nat64-host/init, the manifest, says what --undo must take back:
#
#   SHA256  PATH                  a file that init made; --undo removes it if it is unchanged
#   nat44 WORD                    the value of NAT44 before, or absent
#   unit UNIT ENABLED ACTIVE      the state of a unit before: enabled or disabled, active or inactive
#   directory PATH                a directory that init made
#   copy PATH                     the copy of a configuration that --force replaced; --undo names it
#
# It is written before the first file, so that --undo works whatever happens.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of init.sh

defaults=$sysconfdir/default/nat64d
[ ! -L "$defaults" ] || defaults=$(readlink -f "$defaults") # the link stays
state=${manifest%/*}

# recorded WORD: what the manifest has of one kind.
recorded()
{
	sed -n "s/^$1 //p" "$manifest" 2>/dev/null
}

# sum FILE
sum()
{
	sha256sum <"$1" 2>/dev/null | cut -d ' ' -f 1
}

# made: "SHA256  PATH" lines.
made()
{
	grep -E '^[0-9a-f]{64}  /' "$manifest" 2>/dev/null
}

# is_ours PATH: true if init made it and it is unchanged since.
is_ours()
{
	[ -f "$1" ] && [ ! -L "$1" ] && made | has -x -F -e "$(sum "$1")  $1"
}

exists()
{
	[ -e "$1" ] || [ -L "$1" ]
}

# --- staging --------------------------------------------------------------------------------------------------------

# seen PATH: prints its present state, so that a later change can be recognized.
seen()
{
	if [ -f "$1" ]; then sum "$1"; elif exists "$1"; then echo something; else echo nothing; fi
}

# want_file PATH [MODE]: "N MODE PATH" in the list; the content is in $stage/N, and what was there in $stage/seen.N.
want_file()
{
	number=$(($(wc -l <"$stage/list") + 1))
	cat >"$stage/$number" || no_room
	seen "$1" >"$stage/seen.$number" || no_room
	echo "$number ${2:-644} $1" >>"$stage/list" || no_room
	if exists "$1" && { [ -L "$1" ] || [ ! -f "$1" ]; }; then
		problem "$1 is a symbolic link or a directory: init writes only plain files; remove it first"
	elif ! exists "$1" || is_ours "$1" || cmp -s "$stage/$number" "$1"; then
		return 0
	elif [ "$1" != "$conf" ]; then
		problem "$1 exists, and init did not make it, or it was changed since: it is left alone"
	elif [ -z "$force" ]; then
		problem "$conf exists, and init did not make it, or it was changed since: nat64-host check examines it; --force replaces it and keeps a copy"
	fi
}

# is_new N PATH: it differs from what is there.
is_new()
{
	! cmp -s "$stage/$1" "$2"
}

configuration()
{
	cat <<-END
		# Made by \`nat64-host init'.  nat64.conf(5) explains every line, and many more that may be here.
		# After a change: nat64d -t && systemctl reload ${service:-nat64d}.  If something does not work: nat64-host check.

		# The network device of the translator.  The daemon makes it, and adds the routes to it.
		tun-device $device
		tun-setup yes

		# Each IPv4 address appears to the hosts behind this prefix: 8.8.8.8 is $(embedded 8.8.8.8).
		prefix $prefix

		# Each IPv6 address of a host gets an IPv4 address from here.  Nothing else in your networks may use these addresses.
		# The machine hides them behind its own IPv4 address: NAT44=yes in $defaults.
		dynamic-pool $pool

		# The IPv4 address of the translator itself: it answers to pings, and its ICMP errors come from there.
		ipv4-addr $ipv4_addr

		# Only hosts in these networks may use the translator.
	END
	[ -z "$(dynamic_nets)" ] || cat <<-END
		# The provider may replace $(dynamic_nets | in_words).  Hosts are refused then (nat64ctl counters:
		# not-allowed), until the new prefix is here, by an edit or by \`nat64-host init --force'.
	END
	printf '%s\n' "$nets6" | sed 's/^\([^ ]*\).*/allow \1/'
}

# ra_settings: where the kernel itself listens to router advertisements, it stops when the machine forwards, and the IPv6 default
# route and addresses expire.  nat64-host up prevents that only for those that are there at that time, which they may not be at
# boot.
ra_settings()
{
	echo "# Made by \`nat64-host init'.  Go on listening to router advertisements although the machine forwards."
	for dev in $by_ra; do
		echo "net/ipv6/conf/$dev/accept_ra = 2"
	done
}

# nat44_before: yes, no, absent: the line of the file, whatever the environment says.
nat44_before()
{
	word=$(written_setting NAT44)
	echo "${word:-absent}"
}

# with_nat44 WORD: the file with another value, or without the line.
with_nat44()
{
	awk -v word="$1" '
		/^NAT44=/ { if (word != "absent") print "NAT44=" word; done = 1; next }
		{ print }
		END { if (!done && word != "absent") print "NAT44=" word }' "$defaults"
}

plan_files()
{
	configuration | want_file "$conf" || exit
	check_planned
	nat44=
	if [ ! -e "$defaults" ]; then
		echo "NAT44=yes" | want_file "$defaults" || exit
	elif [ "$(nat44_before)" != yes ]; then
		nat44=yes
		seen "$defaults" >"$stage/seen.nat44" || no_room
		with_nat44 yes >"$stage/nat44" || no_room
	fi
	tell NAT44 "yes: the machine forwards, and hides the pool behind ${wan_addr4:-its own address}; packets of others from the prefix or the pool are dropped"
	by_ra=$(ra_devices | paste -s -d ' ' -)
	if [ -n "$by_ra" ]; then
		ra_settings | want_file /etc/sysctl.d/90-nat64d-accept-ra.conf || exit
		tell IPv6 "accept_ra=2 on $by_ra, because a machine that forwards would lose its IPv6 default route or addresses there"
	fi
}

# check_planned: by the daemon, before anything is in its place.
check_planned()
{
	[ ! -s "$stage/problems" ] || return 0
	mistakes=$(STATE_DIRECTORY=$(service_directory) "$nat64d" --test --config "$stage/1" 2>&1) ||
		problem "nat64d refuses the planned configuration: $(printf '%s\n' "$mistakes" | grep -v '^warning: ' | sed "s|^$stage/1|$conf|;q")"
}

plan_services()
{
	if [ -n "$service" ]; then
		want_service "$host_service" up
		want_service "$service" enable
		want_service "$service" restart
		tell service "$service: enabled and started, also at each boot"
	else
		tell service "there is no systemd: nothing is started, and what to run is shown at the end"
	fi
	tell files "$(awk '{ print $3 }' "$stage/list" | while read -r path; do
		if ! exists "$path"; then
			echo "$path (new)"
		elif cmp -s "$stage/$(awk -v path="$path" '$3 == path { print $1 }' "$stage/list")" "$path"; then
			echo "$path (as it is)"
		elif is_ours "$path"; then
			echo "$path (made by init before)"
		else
			echo "$path (replaced; a copy stays)"
		fi
	done | in_words)${nat44:+, $defaults (NAT44=yes)}"
}

# show_files: for --dry-run.
show_files()
{
	while read -r number mode path; do
		printf '\n--- %s (mode %s)\n' "$path" "$mode"
		cat "$stage/$number"
	done <"$stage/list"
	[ -z "$nat44" ] || printf '\n--- %s, one line\nNAT44=yes\n' "$defaults"
	echo
}

# --- one at a time --------------------------------------------------------------------------------------------------

turn=/run/nat64-host-init

take_turn()
{
	tries=0
	trap '' INT TERM HUP # or the directory could stay without a number
	while ! mkdir "$turn" 2>/dev/null; do
		[ -w "$(dirname "$turn")" ] || stop "cannot write to $(dirname "$turn"); nothing was changed"
		owner=$(cat "$turn/pid" 2>/dev/null)
		# The number may be that of another program by now.
		if [ -n "$owner" ] && kill -0 "$owner" 2>/dev/null && grep -qs nat64-host "/proc/$owner/cmdline"; then
			stop "another nat64-host init is at work (process $owner); nothing was changed"
		fi
		# Without a number it is about to write one, or it was killed before.
		tries=$((tries + 1))
		if [ -n "$owner" ] || [ $tries -gt 1 ]; then rm -rf "$turn"; else sleep 1; fi
	done
	trap 'clean_up' EXIT
	turn_taken=yes
	echo $$ >"$turn/pid"
}

# --- units ----------------------------------------------------------------------------------------------------------

unit_state_of()
{
	enabled=disabled active=inactive
	! systemctl -q is-enabled "$1" >/dev/null 2>&1 || enabled=enabled
	! systemctl -q is-active "$1" >/dev/null 2>&1 || active=active
	echo "$1 $enabled $active"
}

# serve UNIT WHAT: up is for nat64-host, which the daemon's unit starts: one that is up already takes the new configuration.
serve()
{
	case $2 in
	enable) systemctl -q enable "$1" 2>&1 ;;
	restart)
		# Several runs within seconds would reach the limit of starts that systemd sets.
		systemctl reset-failed "$1" >/dev/null 2>&1
		systemctl restart "$1" 2>&1
		;;
	up) ! systemctl -q is-active "$1" || systemctl reload "$1" 2>&1 ;;
	esac
}

# units_down: of the "UNIT ENABLED ACTIVE" lines on standard input, those that did not run before end, and those that did not
# start at boot no longer do.  The last comes first: the daemon ends before nat64-host.
units_down()
{
	reversed | while read -r unit enabled active; do
		[ "$enabled" = enabled ] || systemctl -q disable "$unit" >/dev/null 2>&1
		[ "$active" = active ] || systemctl stop "$unit" >/dev/null 2>&1
	done
}

# units_again: those that ran before read the files that are there now.
units_again()
{
	while read -r unit enabled active; do
		[ "$active" = inactive ] || { systemctl reset-failed "$unit"; systemctl try-restart "$unit"; } >/dev/null 2>&1
	done
}

reversed()
{
	awk '{ line[NR] = $0 } END { for (i = NR; i > 0; i--) print line[i] }'
}

# reload_units FILE: if a line of it names a file of systemd.
reload_units()
{
	! grep -q ' /etc/systemd/system/' "$1" || systemctl daemon-reload
}

# --- writing --------------------------------------------------------------------------------------------------------

new=.nat64-host-new # behind the name of a file that is not in its place yet

# put_back COPY PATH
put_back()
{
	cp -p "$1" "$2$new" && mv "$2$new" "$2"
}

# roll_back STATUS MESSAGE: all as it was before.  It does not depend on how far the work has got.
roll_back()
{
	trap '' INT TERM HUP
	[ ! -e "$stage/serving" ] || units_down <"$stage/units"
	while read -r number mode path; do
		rm -f "$path$new"
		[ -e "$stage/placed.$number" ] || continue
		if [ -e "$stage/old.$number" ]; then
			put_back "$stage/old.$number" "$path"
		elif [ "$(sum "$path")" = "$(sum "$stage/$number")" ]; then
			rm -f "$path"
		fi
	done <"$stage/list"
	rm -f "$defaults$new" "$manifest$new"
	[ ! -e "$stage/address" ] || remove_address "$(cat "$stage/address")"
	[ ! -e "$stage/placed.nat44" ] || put_back "$stage/old.nat44" "$defaults"
	[ ! -e "$stage/backup" ] || rm -f "$(cat "$stage/backup")"
	if [ -e "$stage/old.manifest" ]; then
		put_back "$stage/old.manifest" "$manifest"
	else
		rm -f "$manifest"
	fi
	[ ! -e "$stage/serving" ] || { reload_units "$stage/list" && units_again <"$stage/units"; }
	remove_directories
	echo "nat64-host: $2; everything is as it was before" >&2
	exit "$1"
}

# remove_directories: those that init made and that are empty.
remove_directories()
{
	[ -e "$stage/directories" ] || return 0
	reversed <"$stage/directories" | while read -r directory; do
		rmdir "$directory" 2>/dev/null
	done
}

failed()
{
	roll_back 1 "$1"
}

# make_directory PATH: with those above it, each of which is remembered.
make_directory()
{
	[ ! -d "$1" ] || return 0
	make_directory "$(dirname "$1")" || return
	echo "$1" >>"$stage/directories"
	mkdir "$1" 2>/dev/null && chmod 755 "$1"
}

# refuse_changes: init does not replace a file that has changed since the plan was made.
refuse_changes()
{
	{ cat "$stage/list" && { [ -z "$nat44" ] || echo "nat44 - $defaults"; }; } >"$stage/planned"
	while read -r number mode path; do
		[ "$(seen "$path")" = "$(cat "$stage/seen.$number")" ] || stop "$path was changed after the plan was made; nothing was changed"
	done <"$stage/planned"
}

# prepare_files: everything that may fail for want of room or rights, while no file is in its place.
prepare_files()
{
	while read -r number mode path; do
		rm -f "$path$new" # of a process that was killed
		is_new "$number" "$path" || continue
		make_directory "$(dirname "$path")" || failed "cannot make the directory $(dirname "$path")"
		[ ! -e "$path" ] || cp -p "$path" "$stage/old.$number" || failed "cannot copy $path"
		{ cp "$stage/$number" "$path$new" && chmod "$mode" "$path$new"; } 2>/dev/null || failed "cannot write to $(dirname "$path")"
	done <"$stage/list"
	[ -z "$nat44" ] || { cp -p "$defaults" "$stage/old.nat44" && cp -p "$defaults" "$defaults$new" && cat "$stage/nat44" >"$defaults$new"; } 2>/dev/null ||
		failed "cannot write to $(dirname "$defaults")"
	make_directory "$state" || failed "cannot make the directory $state"
}

# keep_copy: of a configuration that init did not make.
keep_copy()
{
	exists "$conf" && ! is_ours "$conf" && is_new 1 "$conf" || return 0
	backup=$conf.bak-$(date +%Y%m%d-%H%M%S)
	while exists "$backup"; do
		backup=$backup.1
	done
	echo "$backup" >"$stage/backup"
	cp -p "$conf" "$backup" 2>/dev/null || failed "cannot copy $conf to $backup"
}

# units_wanted: each once, in order.
units_wanted()
{
	awk '!seen[$1]++ { print $1 }' "$stage/services"
}

# new_manifest: what an earlier init has recorded of units, NAT44 and directories is how things were before all of it.  A file
# that was there before with just this content is not ours.
new_manifest()
{
	echo "# Made by nat64-host init, for nat64-host init --undo."
	{
		while read -r number mode path; do
			{ ! is_new "$number" "$path" && ! is_ours "$path"; } || echo "$(sum "$stage/$number")  $path"
		done <"$stage/list"
		made
	} | awk '!seen[substr($0, 67)]++'
	{
		recorded nat44
		[ -z "$nat44" ] || nat44_before
	} | sed -n '1s/^/nat44 /p'
	{
		recorded unit
		[ ! -e "$stage/units" ] || cat "$stage/units"
	} | awk '!seen[$1]++ { print "unit " $0 }'
	{
		recorded directory
		[ ! -e "$stage/directories" ] || cat "$stage/directories"
	} | awk '!seen[$0]++ { print "directory " $0 }'
	{
		recorded copy
		[ ! -e "$stage/backup" ] || cat "$stage/backup"
	} | sed 's/^/copy /'
}

write_manifest()
{
	[ ! -e "$manifest" ] || cp -p "$manifest" "$stage/old.manifest"
	new_manifest >"$stage/manifest"
	# cp says whether there was room, which a series of commands does not.  After sync the manifest and the prepared files are
	# on the disk, so that a power cut leaves no empty file behind any of the renames.
	{ cp "$stage/manifest" "$manifest$new" && sync && mv "$manifest$new" "$manifest"; } 2>/dev/null || failed "cannot write to $state"
}

# put_files: moves the prepared files into place.
put_files()
{
	while read -r number mode path; do
		[ -e "$path$new" ] || continue
		: >"$stage/placed.$number"
		mv "$path$new" "$path" 2>/dev/null || failed "cannot write $path"
	done <"$stage/list"
	[ -z "$nat44" ] || : >"$stage/placed.nat44"
	[ -z "$nat44" ] || mv "$defaults$new" "$defaults" 2>/dev/null || failed "cannot write $defaults"
}

run_services()
{
	[ -n "$service" ] || return 0
	: >"$stage/serving"
	reload_units "$stage/list"
	add_address || failed "cannot give ${new_address%% *} the address ${new_address#* }"
	while read -r unit what <&3; do
		words=$(serve "$unit" "$what") || failed "$unit does not start: $(reason_of "$unit" "$words")"
	done 3<"$stage/services"
}

# reason_of UNIT WORDS: what the unit itself has said last, or else systemctl.
reason_of()
{
	last=$(! have journalctl || journalctl -q _SYSTEMD_UNIT="$1" -p warning -n 1 -o cat 2>/dev/null)
	plain "${last:-$2}" | tr '\n' ' '
}

apply()
{
	take_turn
	refuse_changes
	trap 'roll_back 130 interrupted' INT TERM HUP
	[ -z "$service" ] || for unit in $(units_wanted); do unit_state_of "$unit"; done >"$stage/units"
	prepare_files
	keep_copy
	write_manifest
	put_files
	run_services
	trap 'failure=3; stop "interrupted: everything is written${service:+ and started}, but not all of it is checked (nat64-host init --undo takes it back)"' INT TERM HUP
	[ ! -e "$stage/backup" ] || say "the former $conf is now $(cat "$stage/backup")"
	while read -r number mode path; do
		[ ! -e "$stage/placed.$number" ] || say "written: $path"
	done <"$stage/list"
	[ -z "$nat44" ] || say "written: NAT44=yes in $defaults"
}

# say_how_to_start: where there is no systemd.
say_how_to_start()
{
	echo
	if have rc-service && [ -e /etc/init.d/nat64d ]; then
		echo "Start it, now and at each boot:"
		echo "    rc-update add nat64d && rc-service nat64d start"
	else
		echo "Start it, now and at each boot:"
		echo "    nat64-host up $(word "$conf") && nat64d --config $(word "$conf")"
	fi
	echo "and see whether all is well:"
	echo "    nat64-host check $(word "$conf")"
	show_next
}

# --- undo -----------------------------------------------------------------------------------------------------------

# undo_plan: for --dry-run.
undo_plan()
{
	made | sed 's/^[^ ]*  //' | while read -r path; do
		if is_ours "$path"; then
			say "would remove $path"
		elif exists "$path"; then
			say "would not remove $path, because it was changed"
		fi
	done
	recorded unit | while read -r unit enabled active; do
		say "would set $unit back to: $enabled, $active"
	done
	recorded nat44 | sed "s|.*|nat64-host: would set NAT44 in $defaults back to: &|"
}

undo_files()
{
	while read -r checksum path <&3; do
		rm -f "$path$new"
		if is_ours "$path"; then
			rm -f "$path" && say "removed: $path"
		elif exists "$path"; then
			say "left as it is, because it was changed: $path"
		fi
	done 3<"$stage/made"
}

undo_nat44()
{
	before=$(recorded nat44)
	[ -n "$before" ] && [ "$(nat44_before)" = yes ] || return 0
	cp -p "$defaults" "$defaults$new" && with_nat44 "$before" >"$defaults$new" && mv "$defaults$new" "$defaults" &&
		say "as before: NAT44 in $defaults ($before)"
}

# undo_copies: what --force replaced stays where it is.
undo_copies()
{
	recorded copy | while read -r path; do
		exists "$path" || continue
		say "the configuration that init replaced is $path; to use it again: mv $(word "$path") $(word "${path%.bak-*}")"
	done
}

# undo: a signal does not stop it, for it is short; and what is killed half-way is finished by the next --undo.
undo()
{
	[ -e "$manifest" ] || { say "nothing to undo: init has written nothing here" && return 0; }
	[ -z "$dry_run" ] || { undo_plan && return 0; }
	trap '' INT TERM HUP
	take_turn
	made >"$stage/made"
	recorded unit >"$stage/units"
	recorded directory >"$stage/directories"
	running=
	[ ! -d /run/systemd/system ] || ! have systemctl || running=yes
	[ -z "$running" ] || units_down <"$stage/units"
	remove_addresses <"$stage/made"
	undo_files
	undo_nat44
	[ -z "$running" ] || { reload_units "$stage/made" && units_again <"$stage/units"; }
	while read -r unit enabled active; do
		say "as before: $unit ($enabled, $active)"
	done <"$stage/units"
	undo_copies
	rm -f "$manifest"
	remove_directories
}
