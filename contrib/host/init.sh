# init: one command to a working NAT64.  Look at the machine, choose, show the plan, ask once, write, start, check.
#
# The parts share these functions and variables:
#
#   tell LABEL TEXT           adds one line to the plan that the operator sees
#   want_file PATH [MODE]     stages standard input as the new content of PATH
#   want_service UNIT WHAT    enable or restart UNIT after the files are written, in the order of the calls
#   need_package COMMAND PKG  init ends before the question if COMMAND is missing, and names the package
#   problem TEXT              collects a reason to refuse; all of them are printed together before the question
#   stop TEXT                 prints one line and ends, at once
#
#   $conf $force $private     from the command line
#   $wan4 $wan6 $wan_addr4 $gateway4      the uplinks; empty if there is none
#   $lan $lan6 $nets6         see init_look.sh
#   $manager                  networkd, NetworkManager, ifupdown or unknown: who configures the first LAN device
#   $device $prefix $pool $ipv4_addr see init_choose.sh
#
# Everything that is collected is in files of $stage, so that it may come from the end of a pipe.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of nat64-host

for part in sysctl check init_look init_choose init_files init_dns64 init_announce; do
	# shellcheck source=/dev/null
	. "$lib/$part.sh" || exit 1
done

# --- what the parts call --------------------------------------------------------------------------------------------

tell()
{
	printf '  %-9s %s\n' "$1" "$2" >>"$stage/plan" || no_room
}

problem()
{
	printf '%s\n' "$1" >>"$stage/problems" || no_room
}

stop()
{
	die "$*"
}

# need_package COMMAND PACKAGE
need_package()
{
	have "$1" || echo "$2" >>"$stage/packages" || no_room
}

want_service()
{
	echo "$1 $2" >>"$stage/services" || no_room
}

no_room()
{
	stop "cannot write to $stage: is the disk full? nothing was changed"
}

# need_room: for all that init collects.  A line that is lost could be a reason to refuse.
need_room()
{
	head -c 262144 /dev/zero 2>/dev/null >"$stage/room" || no_room
	rm -f "$stage/room"
}

# --- the steps ------------------------------------------------------------------------------------------------------

# clean_up: what is temporary.
clean_up()
{
	trap '' INT TERM HUP
	rm -rf "$stage" ${turn_taken:+"$turn"}
}

# begin_stage: a directory for what is collected.  It goes on every way out.
begin_stage()
{
	turn_taken=
	stage=$(mktemp -d "${TMPDIR:-/tmp}/nat64-host.XXXXXX" 2>/dev/null) || stop "cannot make a directory in ${TMPDIR:-/tmp}; nothing was changed"
	trap 'clean_up' EXIT
	trap 'failure=130; stop "interrupted: nothing was changed"' INT TERM HUP
	trap 'exit 141' PIPE
	need_room
	: >"$stage/plan"
	: >"$stage/problems"
	: >"$stage/packages"
	: >"$stage/services"
	: >"$stage/list"
}

# refuse: ends if anything is in the way.
refuse()
{
	if [ -s "$stage/packages" ]; then
		packages=$(sort -u "$stage/packages" | paste -s -d ' ' -)
		if have apt-get; then
			problem "programs are missing; first: apt install $packages"
		else
			problem "programs are missing; install these packages first (names of Debian): $packages"
		fi
	fi
	[ -s "$stage/problems" ] || return 0
	sed 's/^/nat64-host: /' "$stage/problems" >&2
	exit 1
}

show_plan()
{
	echo "The plan for this machine:"
	cat "$stage/plan"
}

# ask: only a clear yes counts.
ask_operator()
{
	[ -z "$yes" ] || return 0
	printf 'Do this? [y/N] '
	read -r answer || answer=
	case $answer in
	[Yy] | [Yy][Ee][Ss]) ;;
	*) stop "nothing was changed" ;;
	esac
}

# doctor: by another process of this program, which has its own variables.  The private networks of a machine are no news
# after the plan has said that the prefix does not lead there.
doctor()
{
	sh "$0" check ${reachable4:+--target "$reachable4"} --ignore "$([ -n "$private" ] || echo wkp)" "$conf"
}

# embedded IPV4: the address that a host uses for it, written so that a person recognizes it where that is possible.
embedded()
{
	case $prefix in
	*:*:*:*:*:*::/96 | *[!:]/96) shortened "$(embed "$prefix" "$1")" ;;
	*::/96) echo "${prefix%/96}$1" ;;
	*) shortened "$(embed "$prefix" "$1")" ;;
	esac
}

# show_next: what to try on a host, and how the host gets there.
show_next()
{
	target4=${reachable4:-8.8.8.8}
	echo
	echo "On an IPv6-only host of $(printf '%s\n' "$lan" | sed 's/ /, /g'), try:"
	echo "    ping $(embedded "$target4")"
	if [ -n "$one_armed" ]; then
		echo "The host needs a route to this machine.  Add it on the router of the network, or on the host:"
	else
		echo "A host whose IPv6 default route leads to this machine needs nothing else.  Any other host needs this route:"
	fi
	echo "    ip -6 route add $prefix via ${lan_addr6:-THIS_MACHINE}"
	say_resolver
}

init()
{
	need_root
	have awk || die "awk is missing (Debian: apt install mawk)"
	begin_stage
	if [ -n "$undo" ]; then
		undo
		exit
	fi
	[ -n "$yes$dry_run" ] || [ -t 0 ] || stop "there is no terminal to ask on: use --yes to go on, or --dry-run to see the plan"
	look
	refuse
	choose
	plan_files
	[ -z "$dns64" ] || dns64_plan
	[ -z "$announce" ] || announce_plan
	refuse
	plan_services
	show_plan
	if [ -n "$dry_run" ]; then
		show_files
		say "nothing was changed (--dry-run)"
		exit 0
	fi
	ask_operator
	need_room
	apply
	[ -n "$service" ] || { say_how_to_start && exit 0; }
	echo
	healthy=0
	# First, or the doctor may ask a resolver that has just begun to look for the servers of the root.
	[ -z "$dns64" ] || dns64_check || healthy=1
	doctor || healthy=1
	[ -z "$announce" ] || announce_check || healthy=1
	show_next
	[ $healthy -eq 0 ] || { failure=3 && stop "it is written and started, but lines above begin with WARN or FAIL (nat64-host init --undo takes all of it back)"; }
}
