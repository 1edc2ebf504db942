# nat64-host up and down: changes the machine, and records the changes so that down can undo them.
#
# /run/nat64-host/NETNS/         one network namespace; NETNS is its inode number
#     sysctl.old, sysctl.new     "FILE VALUE" lines: before the first up, and after up
#     guard-backend              see guard.sh
#     NAME/                      one configuration that is up; down of the last of them restores the sysctls
#     lock/pid                   the process that is running up or down
# shellcheck shell=sh disable=SC2154 # variables of nat64-host

# shellcheck source=contrib/host/sysctl.sh
. "$lib/sysctl.sh" || exit 1
# shellcheck source=contrib/host/rules.sh
. "$lib/rules.sh" || exit 1

# name_instance: sets `name', the name for the rules of this configuration.  It depends on the resolved path of the file.
name_instance()
{
	full=$(readlink -f "$conf" 2>/dev/null) || full=$conf
	base=$(basename "$full" .conf)
	base=$(printf %s "$base" | tr -c A-Za-z0-9 _ | cut -c 1-8) # iptables accepts at most 28 characters
	name=nat64d_${base}_$(printf %s "$full" | cksum | cut -d ' ' -f 1)
	space=/run/nat64-host/$(stat -L -c %i /proc/self/ns/net)
	mine=$space/$name
}

# is_roots DIRECTORY: succeeds if only root can have put files there.
is_roots()
{
	[ ! -L "$1" ] || return 1
	case $(stat -c '%F %u %a' "$1" 2>/dev/null) in
	"directory 0 "*[2367]? | "directory 0 "*[2367]) return 1 ;;
	"directory 0 "*) return 0 ;;
	esac
	return 1
}

# make_space: makes the directory of this network namespace.  Root trusts its content, so only root may write to it.
make_space()
{
	mkdir -p "$space" || die "cannot write to $space"
	{ is_roots /run/nat64-host && is_roots "$space"; } ||
		die "$space may contain files of other users, so it cannot be trusted; nothing was changed"
}

# lock_owner: prints the process ID of the lock's owner, nothing if it is not written yet.
lock_owner()
{
	sed -n '1s/^\([0-9]\{1,\}\)$/\1/p' "$space/lock/pid" 2>/dev/null
}

# take_lock: two processes at once would record each other's changes.  A lock whose owner is dead is removed.  Signals are
# accepted only during the wait: one between making the lock and writing the process ID would leave a lock without an owner.
take_lock()
{
	tries=0
	trap '' INT TERM HUP
	while make_space && ! mkdir "$space/lock" 2>/dev/null; do
		owner=$(lock_owner)
		if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
			rm -rf "$space/lock"
			continue
		fi
		tries=$((tries + 1))
		[ $tries -le 20 ] || die "another nat64-host is running (process ${owner:-unknown}; if not: rm -r $space/lock)"
		trap 'exit 130' INT TERM HUP
		sleep 0.5 2>/dev/null || sleep 1
		trap '' INT TERM HUP
	done
	echo $$ >"$space/lock/pid"
}

# release_lock: removes the lock, and the directories if they are empty.
release_lock()
{
	rm -rf "$space/lock"
	rmdir "$space" /run/nat64-host 2>/dev/null
	return 0
}

others_up()
{
	for other in "$space"/nat64d_*; do
		[ ! -d "$other" ] || [ "$other" = "$mine" ] || return 0
	done
	return 1
}

enabled()
{
	[ "$(setting NAT44)" = yes ]
}

# forget: undoes and removes all records, without the rules.
forget()
{
	others_up || restore_sysctls
	rm -rf "$mine"
	no_rules
	set_guard
	guard_ends
}

# give_up STATUS MESSAGE: ends a failed up.  A configuration that was up before stays as it was.  Errors of nft are ignored,
# because the rules may not have been added.
give_up()
{
	trap '' INT TERM HUP
	if [ -z "$again" ]; then
		remove_rules 2>/dev/null
		forget
	else
		guarded=$(cat "$mine/guard" 2>/dev/null)
		set_guard
		guard_ends
	fi
	release_lock
	echo "nat64-host: $2" >&2
	exit "$1"
}

# checksums: prints a checksum of each file that determines the rules, and of which only root can be the owner.
checksums()
{
	for file in "$full" "$sysconfdir/default/nat64d"; do
		[ ! -f "$file" ] || cksum "$file"
	done
}

# is_changed: whether this configuration is up, but with another content of these files.
is_changed()
{
	[ -d "$mine" ] && [ "$(checksums)" != "$(cat "$mine/checksums" 2>/dev/null)" ]
}

do_up()
{
	take_lock
	again=
	[ ! -d "$mine" ] || again=yes
	trap 'give_up 130 "interrupted: nothing was changed"' INT TERM HUP
	mkdir -p "$mine" || give_up 1 "cannot write to $mine"
	[ -z "$if_enabled" ] || : >"$mine/by-unit"
	forwarding_on || give_up 1 "cannot switch forwarding on (is /proc/sys read-only here?); nothing was changed"
	add_rules || give_up 1 "$backend did not accept the rules; nothing was changed"
	printf '%s\n' "$seen" >"$mine/checksums"
	guard_ends
	trap '' INT TERM HUP
	release_lock
}

up()
{
	if [ -n "$if_enabled" ] && ! enabled; then
		[ ! -d /run/nat64-host ] || down
		exit 0
	fi
	need_root
	name_instance
	[ -z "$if_changed" ] || is_changed || exit 0
	seen=$(checksums)
	need_conf
	choose_backend
	do_up
	say "$conf: up${again:+ again}: forwarding on; $(summary)"
}

# down: works without the configuration file, which may have been removed.
down()
{
	need_root
	name_instance
	[ -z "$if_enabled" ] || [ -e "$mine/by-unit" ] || exit 0
	if [ ! -d "$mine" ]; then
		[ -e "$conf" ] || die "$conf: no such file, and its rules are not up"
		say "$conf: not up, nothing to undo"
		exit 0
	fi
	trap '' INT TERM HUP # undoing is short, and must not stop half-way
	take_lock
	remove_rules && forget
	status=$?
	release_lock
	[ $status -eq 0 ] || die "$conf: could not remove the rules, so nothing was undone; try again"
	say "$conf: down"
}
