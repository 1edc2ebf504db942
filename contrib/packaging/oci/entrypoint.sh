#!/bin/sh
# nat64-container - runs nat64d in a container: makes a configuration from the environment, sets up NAT44 in the network
# namespace of the container, and becomes the daemon, which gets the signals and gives the exit status.
#
#   nat64-container            start
#   nat64-container health     ask the daemon; exit status 0 if all is well
#   nat64-container COMMAND    run COMMAND instead
#
# Exit status of a start: 1 if something is wrong with the configuration or the container, else that of nat64d.

sysconfdir=/etc
run=/run/nat64d
state=/var/lib/nat64d
user=nat64d
settings="NAT64_PREFIX NAT64_POOL NAT64_IPV4_ADDR NAT64_IPV6_ADDR NAT64_MAP NAT64_ALLOW NAT64_DENY NAT64_DIRECTIVES"

say()
{
	echo "nat64-container: $*" >&2
}

die()
{
	say "$*"
	exit 1
}

# has_cap NUMBER: is this capability effective here?
has_cap()
{
	set -- "$1" "$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)"
	[ $((0x${2:-0} >> $1 & 1)) -eq 1 ]
}

# becomes_user: CAP_SETGID and CAP_SETUID let the daemon become another user and give up all rights.
becomes_user()
{
	has_cap 6 && has_cap 7
}

as_daemon()
{
	if becomes_user; then
		setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
	else
		"$@"
	fi
}

# each DIRECTIVE WORDS: a line for each word.
each()
{
	directive=$1
	set -f
	for word in $2; do
		echo "$directive $word"
	done
	set +f
}

# own_address: ipv4-addr.  Unless it is given, it is the first host address of the first pool.
own_address()
{
	if [ -n "${NAT64_IPV4_ADDR-}" ]; then
		echo "$NAT64_IPV4_ADDR"
		return
	fi
	network=${pool%%[ ,]*}
	network=${network%/*}
	echo "${network%.*}.$((${network##*.} + 1))"
}

# configuration: from the environment.  A map is IPV4=IPV6.
configuration()
{
	pool=${NAT64_POOL-192.168.255.0/24}
	echo "tun-device nat64"
	echo "tun-setup yes"
	echo "ipv4-addr $(own_address)"
	[ -z "${NAT64_IPV6_ADDR-}" ] || echo "ipv6-addr $NAT64_IPV6_ADDR"
	each prefix "${NAT64_PREFIX-64:ff9b::/96}"
	each dynamic-pool "$pool"
	each map "${NAT64_MAP-}" | tr '=' ' '
	each allow "${NAT64_ALLOW-}"
	each deny "${NAT64_DENY-}"
	printf '%s\n' "${NAT64_DIRECTIVES-}"
}

# given: the settings that are in the environment.
given()
{
	for name in $settings; do
		eval "[ -z \"\${$name+set}\" ] || printf ' %s' $name"
	done
}

# choose_conf: the file of the operator, or one that is made here.
choose_conf()
{
	conf=$sysconfdir/nat64.conf
	if [ -e "$conf" ]; then
		[ -z "$(given)" ] || die "there is $conf, so these have no effect and must go:$(given)"
	else
		conf=$run/nat64.conf
		pool=${NAT64_POOL-192.168.255.0/24}
		case ${NAT64_IPV4_ADDR-}$pool in
		"") die "without a pool NAT64_IPV4_ADDR is needed" ;;
		esac
		# The user of the daemon may write to the directory, and what is there may be a link.
		rm -f "$conf"
		configuration >"$conf" || die "cannot write $conf (a read-only container needs a tmpfs on /run)"
	fi
}

# make_place DIRECTORY: for the user of the daemon.  Without CAP_CHOWN, everybody may write there; the container has no
# other users.
make_place()
{
	mkdir -p "$1" 2>/dev/null || return
	! becomes_user || chown "$user:$user" "$1" 2>/dev/null || chmod 777 "$1" 2>/dev/null
}

# keep_leases: where the volume for them can be written to.
keep_leases()
{
	make_place "$state"
	if as_daemon test -w "$state"; then
		export STATE_DIRECTORY="$state"
	else
		say "$state is not writable: leases end with the container"
	fi
}

# check_forwarding: in a container /proc/sys is mostly read-only.
check_forwarding()
{
	for switch in ipv4/ip_forward ipv6/conf/all/forwarding; do
		[ "$(cat "/proc/sys/net/$switch" 2>/dev/null)" = 1 ] || { echo 1 >"/proc/sys/net/$switch"; } 2>/dev/null ||
			die "net.$(echo "$switch" | tr / .) is not 1 (--sysctl net.ipv4.ip_forward=1 --sysctl net.ipv6.conf.all.forwarding=1)"
	done
}

# set_up_nat44: the rules are in the network namespace of the container, and go with it.
set_up_nat44()
{
	case ${NAT64_NAT44:-yes} in
	no) return ;;
	yes) ;;
	*) die "NAT64_NAT44 is yes or no, not \`$NAT64_NAT44'" ;;
	esac
	export INBOUND="${NAT64_INBOUND:-no}" GUARD="${NAT64_GUARD:-yes}" LOCAL="${NAT64_LOCAL:-no}"
	nat64-host up "$conf" || die "no NAT44 (NAT64_NAT44=no does without)"
}

start()
{
	[ -c /dev/net/tun ] || die "/dev/net/tun is missing (--device /dev/net/tun)"
	has_cap 12 || die "CAP_NET_ADMIN is missing (--cap-add NET_ADMIN)"
	mkdir -p "$run" 2>/dev/null || die "cannot write to /run (a read-only container needs a tmpfs there)"
	choose_conf
	make_place "$run"
	export RUNTIME_DIRECTORY="$run"
	keep_leases
	said=$(as_daemon nat64d --test -c "$conf" 2>&1) || { printf '%s\n' "$said" >&2 && exit 1; }
	check_forwarding
	set_up_nat44
	if becomes_user; then
		exec nat64d --nodetach --stdout -u "$user" -c "$conf"
	else
		exec nat64d --nodetach --stdout -c "$conf"
	fi
}

case ${1-} in
"" | start) start ;;
health) as_daemon nat64ctl -s "$run/control" health ;;
*) exec "$@" ;;
esac
