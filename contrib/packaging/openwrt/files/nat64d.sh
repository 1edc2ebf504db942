#!/bin/sh
# Protocol handler of netifd: an interface with "option proto 'nat64d'" in /etc/config/network is a NAT64 translator.
#
# netifd runs this file in /lib/netifd/proto.  The handler writes the configuration of the daemon, makes the TUN device,
# tells netifd the addresses and routes, and lets netifd run the daemon.  The options have the names that the protocol
# `tayga' gives them.
#
#   /var/run/nat64d/NAME.conf, NAME.pid    of interface NAME; root writes them
#   /var/run/nat64d/NAME/                  leases and control socket; belongs to the user of the daemon
#   /etc/nat64d/pool.key                   the secret by which hosts keep their IPv4 addresses over a reboot
# shellcheck shell=dash disable=SC2034,SC2154 # netifd reads and sets variables

[ -n "$INCLUDE_ONLY" ] || {
	# shellcheck disable=SC1091 # on OpenWrt only
	. ../netifd-proto.sh
	init_proto "$@"
}

nat64d_run=/var/run/nat64d
nat64d_key=/etc/nat64d/pool.key
nat64d_user=nat64d

proto_nat64d_init_config()
{
	no_device=1
	available=1
	lasterror=1
	proto_config_add_string "ipv4_addr"
	proto_config_add_string "ipv6_addr"
	proto_config_add_array "prefix"
	proto_config_add_array "dynamic_pool"
	proto_config_add_string "map_ipv4"
	proto_config_add_string "map_ipv6"
	proto_config_add_array "map"
	proto_config_add_array "allow"
	proto_config_add_array "deny"
	proto_config_add_array "directive"
	proto_config_add_string "ipaddr"
	proto_config_add_string "ip6addr:ip6addr"
	proto_config_add_boolean "noroutes"
	proto_config_add_string "data_dir"
	proto_config_add_string "zone"
}

# An element of a list may be one word or several: netifd splits "option prefix 'A B'" at blanks, but not the elements of
# "list".  The same lines come out of both.

# nat64d_words VALUE KEY DIRECTIVE: a line for each word.
nat64d_words()
{
	local word
	set -f
	for word in $1; do
		echo "$3 $word"
	done
	set +f
}

# nat64d_rows VALUE KEY DIRECTIVE: each word that is IPv4 begins a line, and the words that follow belong to it.
nat64d_rows()
{
	local word
	set -f
	for word in $1; do
		case $word in
		*:*) printf ' %s' "$word" ;;
		*.*.*.*) printf '\n%s %s' "$3" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	set +f
}

# nat64d_line VALUE: a directive as it is.
nat64d_line()
{
	printf '%s\n' "$1"
}

# nat64d_config NAME DEVICE: the configuration.
nat64d_config()
{
	echo "tun-device $2"
	echo "ipv4-addr $ipv4_addr"
	[ -z "$ipv6_addr" ] || echo "ipv6-addr $ipv6_addr"
	json_for_each_item nat64d_words prefix prefix
	json_for_each_item nat64d_rows dynamic_pool dynamic-pool
	echo
	[ -z "$map_ipv4" ] || echo "map $map_ipv4 $map_ipv6"
	json_for_each_item nat64d_rows map map
	echo
	json_for_each_item nat64d_words allow allow
	json_for_each_item nat64d_words deny deny
	json_for_each_item nat64d_line directive
	echo "data-dir ${data_dir:-$nat64d_run/$1}"
	[ ! -s "$nat64d_key" ] || echo "pool-key $nat64d_key"
	echo "control $nat64d_run/$1/control"
}

# nat64d_make_key: once, on the flash.  Without it the daemon makes a secret of its own, which a reboot loses.
nat64d_make_key()
{
	local key
	[ ! -s "$nat64d_key" ] || return 0
	key=$(hexdump -n 16 -e '16/1 "%02x"' /dev/urandom 2>/dev/null)
	[ ${#key} -eq 32 ] && mkdir -p "${nat64d_key%/*}" && (umask 077 && echo "$key" >"$nat64d_key") &&
		chown "$nat64d_user" "$nat64d_key"
}

# nat64d_make_dir DIRECTORY: for the user of the daemon.  One that exists stays as it is.
nat64d_make_dir()
{
	[ -d "$1" ] || { mkdir -p "$1" && chmod 750 "$1" && chown "$nat64d_user:$nat64d_user" "$1"; }
}

# nat64d_give_up NAME ERROR [TEXT]: the error is what `ifstatus' shows; netifd does not try again before a change.
nat64d_give_up()
{
	[ -z "$3" ] || logger -t nat64d "$1: $3"
	proto_notify_error "$1" "$2" ${3:+"$3"}
	proto_block_restart "$1"
}

# nat64d_route FAMILY PREFIX
nat64d_route()
{
	local length
	case $1,$2 in
	*,*/*) length=${2#*/} ;;
	4,*) length=32 ;;
	6,*) length=128 ;;
	esac
	"proto_add_ipv$1_route" "${2%/*}" "$length"
}

# nat64d_routes CONF: what `tun-setup yes' would add, from the configuration as the daemon understands it.
nat64d_routes()
{
	local directive value rest
	while read -r directive value rest; do
		case $directive in
		ipv4-addr | dynamic-pool | map | icmp-source-pool) nat64d_route 4 "$value" ;;
		ipv6-addr | prefix) nat64d_route 6 "$value" ;;
		icmp-node-id) [ "$value" != yes ] || nat64d_route 4 192.0.0.8 ;;
		esac
	done <<-END
		$(nat64d --print --expand -c "$1" 2>/dev/null)
	END
}

proto_nat64d_setup()
{
	local cfg=$1 link=nat64-$1 conf=$nat64d_run/$1.conf said
	local ipv4_addr ipv6_addr map_ipv4 map_ipv6 ipaddr ip6addr noroutes data_dir zone
	json_get_vars ipv4_addr ipv6_addr map_ipv4 map_ipv6 ipaddr ip6addr noroutes data_dir zone

	if [ ${#link} -gt 15 ]; then
		nat64d_give_up "$cfg" NAME_TOO_LONG "the name of the interface may have 9 characters"
		return
	elif [ -z "$ipv4_addr" ]; then
		nat64d_give_up "$cfg" REQUIRED_PARAMETERS_MISSING "ipv4_addr is missing"
		return
	fi

	nat64d_make_dir "$nat64d_run/$cfg"
	nat64d_make_dir "${data_dir:-$nat64d_run/$cfg}"
	nat64d_make_key
	nat64d_config "$cfg" "$link" >"$conf"

	if ! said=$(nat64d --test -u "$nat64d_user" -c "$conf" 2>&1); then
		nat64d_give_up "$cfg" INVALID_CONFIGURATION "$said"
		return
	fi
	if ! said=$(nat64d --mktun -u "$nat64d_user" -c "$conf" 2>&1); then
		nat64d_give_up "$cfg" NO_DEVICE "$said"
		return
	fi

	proto_init_update "$link" 1
	[ -z "$ipaddr" ] || proto_add_ipv4_address "$ipaddr" 32
	[ -z "$ip6addr" ] || proto_add_ipv6_address "$ip6addr" 128
	[ "$noroutes" = 1 ] || nat64d_routes "$conf"
	if [ -n "$zone" ]; then
		proto_add_data
		json_add_string zone "$zone"
		proto_close_data
	fi
	proto_send_update "$cfg"
	proto_run_command "$cfg" nat64d --nodetach --syslog -u "$nat64d_user" -p "$nat64d_run/$cfg.pid" -c "$conf"
}

# nat64d_ended NAME: waits until the daemon has saved the leases, five seconds at most: it holds the device as long.
nat64d_ended()
{
	local pid tries=0
	pid=$(cat "$nat64d_run/$1.pid" 2>/dev/null)
	while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && [ $tries -lt 5 ]; do
		sleep 1
		tries=$((tries + 1))
	done
}

proto_nat64d_teardown()
{
	local cfg=$1 conf=$nat64d_run/$1.conf
	proto_kill_command "$cfg"
	nat64d_ended "$cfg"
	if [ -e "$conf" ]; then
		nat64d --rmfilter -c "$conf" 2>/dev/null
		nat64d --rmtun -c "$conf" 2>/dev/null
	fi
	rm -f "$conf" "$nat64d_run/$cfg.pid"
}

[ -n "$INCLUDE_ONLY" ] || add_protocol nat64d
