# nat64-host check: prints findings, and calls the checks of check_*.sh in order.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of nat64-host

for part in check_system check_clat check_daemon check_service check_pool check_route check_firewall check_reach check_fast check_sandbox check_dns check_ping; do
	# shellcheck source=/dev/null
	. "$lib/$part.sh" || exit 2
done

# --- findings -------------------------------------------------------------------------------------------------------

problems=0
causes= # names of the findings that FAIL; a failed ping is then only a consequence
appends=

paint()
{
	case $1 in
	ok) printf '\033[32m' ;;
	WARN) printf '\033[33m' ;;
	FAIL) printf '\033[31m' ;;
	*) printf '\033[0m' ;;
	esac
}

# finding LEVEL NAME TEXT [COMMAND]: prints one line.  With ok, COMMAND is only an offer.  A command that appends to the
# file is printed once, because a second copy of the line would be a mistake in the file.
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
	begin='' end=''
	[ -z "$colours" ] || { begin=$(paint "$level") && end=$(paint end); }
	printf '%s%-4s%s  %s: %s%s\n' "$begin" "$level" "$end" "$2" "$3" "${mends:+ => $mends}"
}

# fault NAME TEXT [COMMAND]: FAIL, or skip if an earlier finding failed: that one is the probable cause, and each cause is
# reported as one failure.
fault()
{
	if [ -n "$causes" ]; then
		finding skip "$1" "$2 (probably caused by a FAIL above)"
	else
		finding FAIL "$@"
	fi
}

# judge NAME WRONG RIGHT COMMAND CONDITION...: ok with the text RIGHT if CONDITION succeeds, else FAIL with WRONG.
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

# --- shared by the checks ---------------------------------------------------------------------------------------------

# sysctl_is NAME: prints its value, empty if there is none.  NAME has slashes, because the name of a device may have a dot.
sysctl_is()
{
	cat "/proc/sys/net/$1" 2>/dev/null
}

# name_sysctl NAME: prints the name as the command line of sysctl(8) needs it.
name_sysctl()
{
	word "$(echo "net/$1" | tr ./ /.)"
}

# stands NAME: succeeds if the file itself has a line of this directive.
stands()
{
	grep -qi "^[[:space:]]*$1[[:space:]]" "$conf"
}

# set_directive NAME VALUE: prints the command that sets a directive that the file may have only once.
set_directive()
{
	if stands "$1"; then
		echo "sed -i 's/^[[:space:]]*$1[[:space:]].*/$1 $2/I' $file"
	elif [ -z "$(tail -c 1 "$conf")" ]; then
		echo "echo '$1 $2' >>$file"
	else
		echo "echo >>$file && echo '$1 $2' >>$file" # the last line does not end with a newline
	fi
}

# add_directives NAME VALUES: prints the command that adds lines of a directive that the file may have many times.
add_directives()
{
	lines=
	[ -z "$(tail -c 1 "$conf")" ] || lines="echo && "
	for value in $2; do
		lines="${lines}echo '$1 $value' && "
	done
	echo "{ ${lines% && }; } >>$file"
}

# drop_directive NAME [VALUE]: prints the command that removes it from the file.
drop_directive()
{
	value=$(printf %s "${2-}" | sed 's/[./]/\\&/g')
	echo "sed -i '/^[[:space:]]*$1[[:space:]]${value:+[[:space:]]*$value[^0-9.]}/Id' $file"
}

# tool COMMAND [PACKAGE]: prints COMMAND, and the package to install if its program is missing.
tool()
{
	if have "${1%% *}"; then
		echo "$1"
	else
		echo "$1 # Debian: apt install ${2:-${1%% *}}"
	fi
}

# after WORD TEXT: prints the word after WORD, from the first line of TEXT that has one.
after()
{
	set -f
	IFS=$newline
	for row in $2; do
		case $row in
		*" $1 "*)
			row=${row##*" $1 "}
			printf '%s\n' "${row%% *}"
			break
			;;
		esac
	done
	unset IFS
	set +f
}

find_uplinks()
{
	defaults4=$(ip -4 route show default 2>/dev/null)
	uplink4=$(after dev "$defaults4")
	gateway4=$(after via "$defaults4")
	uplink6=$(after dev "$(ip -6 route show default 2>/dev/null)")
}

colours_wanted()
{
	[ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]
}

# one_to_start_from: prints the configuration of Tayga, if there is one, because nat64d reads it unchanged; else the example.
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
		is_here "${process#/proc/}" || continue
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
		finding FAIL configuration "$(mistakes | sed -n 1p)" "$(test_command)"
		return 1
	fi
	warned=$(warnings)
	[ -z "$warned" ] || printf '%s\n' "$warned" | while read -r warning; do
		finding WARN configuration "$warning"
	done
	[ -z "$warned" ] || problems=$((problems + 1)) # the loop above counted in a subshell
	finding ok configuration "nat64d accepts $conf"
}

# If the daemon or its device is missing, the other checks would only report the same cause again.
check_device_and_routes()
{
	if [ -z "$daemon" ]; then
		finding skip device "not checked, and neither are addresses, routes and pings: there is no daemon"
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
	check_sandbox
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
	file=$(word "$conf") # quoted for use in a command
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
