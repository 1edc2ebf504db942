# Forwarding: switches it on, and restores each value unless another program has changed it since.
#
# The two switches for all devices also change the value of every device, and accept_redirects, so all of them are
# recorded.  The values are written to /proc/sys directly: sysctl(8) may be missing, and a device may have a dot in its name.
# shellcheck shell=sh disable=SC2154 # variables of updown.sh

sys=/proc/sys/net
switches="$sys/ipv4/ip_forward $sys/ipv6/conf/all/forwarding"

# snapshot: prints the current values as "FILE VALUE" lines.
snapshot()
{
	# shellcheck disable=SC2086 # two words
	grep -s . $switches "$sys"/ipv4/conf/*/forwarding "$sys/ipv4/conf/all/accept_redirects" \
		"$sys"/ipv6/conf/*/forwarding "$sys"/ipv6/conf/*/accept_ra | sed 's/:/ /'
}

# ra_devices: prints the devices whose default route or address came from a router advertisement.  When forwarding is switched
# on, the kernel ignores advertisements unless accept_ra is 2: it removes the route at once, and the address when its lifetime
# ends.  If accept_ra is 0, another program handles advertisements.
ra_devices()
{
	{
		ip -6 route show default proto ra 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p'
		ip -6 -o addr show scope global dynamic 2>/dev/null | awk '{ print $2 }'
	} | sort -u | while read -r dev; do
		[ "$(cat "$sys/ipv6/conf/$dev/accept_ra" 2>/dev/null)" != 1 ] || echo "$dev"
	done
}

switch_on()
{
	for dev in $(ra_devices); do
		echo 2 >"$sys/ipv6/conf/$dev/accept_ra"
		say "$dev: accept_ra=2, so that it keeps its IPv6 default route and addresses"
	done
	for file in $switches; do
		[ "$(cat "$file")" = 1 ] || echo 1 >"$file" || return
	done 2>/dev/null
}

# remember BEFORE AFTER: records what this up has changed, in addition to earlier records.  The first call has an empty AFTER:
# if up is killed before the second call, all values count as changed by up.
remember()
{
	touch "$space/sysctl.old" "$space/sysctl.new"
	merged=$({ cat "$space/sysctl.old"; echo "$1"; } | awk 'NF == 2 && !seen[$1]++') && echo "$merged" >"$space/sysctl.old"
	[ -n "$2" ] || return 0
	merged=$({ cat "$space/sysctl.new"; echo "="; echo "$1"; echo "="; echo "$2"; } | awk '
		$1 == "=" { part++; next }
		part == 0 { new[$1] = $2 }
		part == 1 { before[$1] = $2 }
		part == 2 && (!($1 in new) || before[$1] != $2) { new[$1] = $2 }
		END { for (file in new) print file, new[file] }')
	echo "$merged" >"$space/sysctl.new"
}

forwarding_on()
{
	before=$(snapshot)
	remember "$before" ""
	switch_on && remember "$before" "$(snapshot)"
}

# differing: prints those "FILE VALUE" lines of standard input that differ from the current values.
differing()
{
	{ cat; echo "="; snapshot; } | awk '
		$1 == "=" { now = 1; next }
		!now { wanted[$1] = $2; next }
		($1 in wanted) && wanted[$1] != $2 { print $1, wanted[$1]; delete wanted[$1] }'
}

write_sysctls()
{
	while read -r file value; do
		case $file,$value in
		*/../* | *, | *,*[!0-9-]*) ;;
		"$sys"/ipv[46]/*) echo "$value" >"$file" ;;
		esac
	done 2>/dev/null
}

# Restore the switches first, because they change the other values.
restore_sysctls()
{
	[ -f "$space/sysctl.old" ] || return 0
	wanted=$({ cat "$space/sysctl.old"; echo "="; cat "$space/sysctl.new"; echo "="; snapshot; } | awk '
		$1 == "=" { part++; next }
		part == 0 { old[$1] = $2 }
		part == 1 { new[$1] = $2 }
		part == 2 && ($1 in old) { print $1, (!($1 in new) || new[$1] == $2) ? old[$1] : $2 }')
	for file in $switches; do
		printf '%s\n' "$wanted" | grep "^$file " | differing | write_sysctls
	done
	printf '%s\n' "$wanted" | differing | write_sysctls
	rm -f "$space/sysctl.old" "$space/sysctl.new"
}
