# check: the doctor.  What a finding looks like, and in which order one asks; the questions are in check_*.sh.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of nat64-host

for part in check_system check_clat check_daemon check_service check_pool check_route check_firewall check_reach check_fast check_dns check_ping; do
	# shellcheck source=/dev/null
	. "$lib/$part.sh" || exit 2
done

# --- findings -------------------------------------------------------------------------------------------------------

problems=0
causes= # findings whose FAIL keeps packets from passing at all
appends=

paint()
{
	[ -n "$colours" ] || return 0
	case $1 in
	ok) printf '\033[32m' ;;
	WARN) printf '\033[33m' ;;
	FAIL) printf '\033[31m' ;;
	*) printf '\033[0m' ;;
	esac
}

# finding LEVEL NAME TEXT [COMMAND]: one line.  What is ok and has a command may well stay so.  What appends to a file is said once: twice, it would make a mistake there.
finding()
{
	level=$1
	mends=${4-}
	case $mends in
	*">>$file"*)
		case $appends in
		*"<$mends>"*) mends="the same as above" ;;
		*) appends="$appends<$mends>" ;;
		esac
		;;
	esac
	case ,$ignored, in
	*",$2,"*) [ "$level" = ok ] || level=skip ;;
	esac
	case $level in
	FAIL) problems=$((problems + 1)) causes=$causes${causes:+, }$2 ;;
	WARN) problems=$((problems + 1)) ;;
	esac
	printf '%s%-4s%s  %s: %s%s\n' "$(paint "$level")" "$level" "$(paint end)" "$2" "$3" "${mends:+ => $mends}"
}

# fault NAME TEXT [COMMAND]: what does not work, which is no news after what has been found to be broken before: one cause is
# one failure.
fault()
{
	if [ -n "$causes" ]; then
		finding skip "$1" "$2 (perhaps because of what FAILs above)"
	else
		finding FAIL "$@"
	fi
}

# judge NAME WRONG RIGHT COMMAND CONDITION...: fine if CONDITION holds.
judge()
{
	judged=$1 wrong=$2 right=$3 mend=$4
	shift 4
	if "$@"; then
		finding ok "$judged" "$right"
	else
		finding FAIL "$judged" "$wrong" "$mend"
	fi
}

# --- what everybody asks for ------------------------------------------------------------------------------------------

# sysctl NAME: its value, empty if there is none.  Slashes between the words, for the sake of devices with a dot.
sysctl_is()
{
	cat "/proc/sys/net/$1" 2>/dev/null
}

# name_sysctl: as sysctl(8) wants it on its command line.
name_sysctl()
{
	word "$(echo "net/$1" | tr ./ /.)"
}

# stands NAME: is there a line of this directive in the file itself?
stands()
{
	grep -qi "^[[:space:]]*$1[[:space:]]" "$conf"
}

# set_directive NAME VALUE: the command that writes it into the configuration, where it may stand only once.
set_directive()
{
	if stands "$1"; then
		echo "sed -i 's/^[[:space:]]*$1[[:space:]].*/$1 $2/I' $file"
	elif [ -z "$(tail -c 1 "$conf")" ]; then
		echo "echo '$1 $2' >>$file"
	else
		echo "echo >>$file && echo '$1 $2' >>$file" # the last line has no end
	fi
}

# add_directives NAME VALUES: the command that writes them, of a directive that may stand there many times.
add_directives()
{
	lines=
	[ -z "$(tail -c 1 "$conf")" ] || lines="echo && "
	for value in $2; do
		lines="${lines}echo '$1 $value' && "
	done
	echo "{ ${lines% && }; } >>$file"
}

# drop_directive NAME [VALUE]: the command that takes it out.
drop_directive()
{
	value=$(printf %s "${2-}" | sed 's/[./]/\\&/g')
	echo "sed -i '/^[[:space:]]*$1[[:space:]]${value:+[[:space:]]*$value[^0-9.]}/Id' $file"
}

# tool COMMAND [PACKAGE]: the command, and where it comes from if it is missing.
tool()
{
	if have "${1%% *}"; then
		echo "$1"
	else
		echo "$1 # Debian: apt install ${2:-${1%% *}}"
	fi
}

# after WORD: what follows WORD on the line of standard input where it stands first.
after()
{
	sed -n "s/.* $1 \([^ ]*\).*/\1/p" | sed -n 1p
}

find_uplinks()
{
	uplink4=$(ip -4 route show default 2>/dev/null | after dev)
	uplink6=$(ip -6 route show default 2>/dev/null | after dev)
	gateway4=$(ip -4 route show default 2>/dev/null | after via)
}

colours_wanted()
{
	[ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]
}

# one_to_start_from: Tayga's, where it was in use; it loads as it is.
one_to_start_from()
{
	if [ "$conf" = "$sysconfdir/nat64.conf" ]; then
		for tayga in "$sysconfdir/tayga.conf" /etc/tayga.conf; do
			[ ! -e "$tayga" ] || { echo "$tayga" && return; }
		done
	fi
	word "$example"
}

# running_conf: the configuration of a daemon in this network namespace, such as one that clatd started.
running_conf()
{
	for process in /proc/[0-9]*; do
		[ "$(cat "$process/comm" 2>/dev/null)" = nat64d ] || continue
		[ "$(stat -L -c %i "$process/ns/net" 2>/dev/null)" = "$(stat -L -c %i /proc/self/ns/net)" ] || continue
		tr '\0' '\n' <"$process/cmdline" 2>/dev/null | sed -n -e '/^-c$/{n;p;}' -e '/^--config$/{n;p;}' -e 's/^--config=//p'
	done | sed -n '/^\//p' | sed -n 1p
}

check_configuration()
{
	find_nat64d
	if ! [ -e "$conf" ]; then
		other=$(running_conf)
		if [ -n "$other" ]; then
			finding FAIL configuration "$conf: no such file, but a daemon runs with $(plain "$other")" "$(word "$0") check $(word "$other")"
		else
			finding FAIL configuration "$conf: no such file" "cp $(one_to_start_from) $file"
		fi
		return 1
	fi
	if ! read_conf; then
		finding FAIL configuration "$(mistakes | sed -n 1p)" "$(word "$nat64d") --test --config $file"
		return 1
	fi
	warned=$(warnings)
	[ -z "$warned" ] || printf '%s\n' "$warned" | while read -r warning; do
		finding WARN configuration "$warning"
	done
	[ -z "$warned" ] || problems=$((problems + 1)) # those in the pipe were counted in vain
	finding ok configuration "$conf is one that nat64d takes"
}

# The daemon and its device first: without them, the rest would only repeat that they are not there.
check_device_and_routes()
{
	if [ -z "$daemon" ]; then
		finding skip device "not asked, nor are addresses, routes and pings: there is no daemon"
	elif check_device; then
		check_mtu
		check_rp_filter
		check_addresses
		check_routes
	fi
}

check_all()
{
	lost_before=$(dropped)
	check_service
	check_data_dir
	check_forwarding
	check_uplinks
	check_clat
	check_accept_ra
	check_overlap
	check_device_and_routes
	find_fast_path
	check_fast_path
	check_gro_list
	check_wkp
	check_drain
	check_pool
	read_firewall
	check_masquerade
	check_firewall
	check_local
	check_open
	check_allow
	check_guard
	check_exposed
	check_private
	check_hairpin
	check_flowtable
	check_conntrack
	check_dns64
	[ -z "$daemon" ] || ! link_is UP || check_ping
	check_softnet
}

check()
{
	need_root
	have awk || die "awk is missing (Debian: apt install mawk)"
	file=$(word "$conf") # in a command
	colours=
	! colours_wanted || colours=yes
	find_uplinks
	if check_configuration; then
		all_maps_once=$(all_maps)
		first_map4=$(printf '%s\n' "$all_maps_once" | sed -n '1s/ .*//p')
		clat='' clatd=
		! is_clat || clat=yes
		[ -z "$clat" ] || ! is_by_clatd || clatd=$(clatd_command)
		check_all
	fi
	[ "$problems" -eq 0 ] || exit 1
}
