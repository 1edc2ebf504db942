# What up, down and check share: messages, the configuration as nat64d reads it, arithmetic on IPv4 prefixes.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of nat64-host

say()
{
	echo "nat64-host: $*"
}

# die MESSAGE: one line, and the exit status that the command has for "could not".
die()
{
	echo "nat64-host: $*" >&2
	exit "$failure"
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# have_nft: one that works, for a kernel may lack nftables.
# has PATTERN: does standard input have such a line?  Reads all of it: a service is started with SIGPIPE ignored, and who
# writes to a reader that has gone complains then.
has()
{
	[ -n "$(grep "$@")" ]
}

have_nft()
{
	have nft && nft list tables >/dev/null 2>&1
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || die "$verb needs root: sudo nat64-host $verb $conf"
	have ip || die "ip is missing (Debian: apt install iproute2)"
}

# --- the configuration ----------------------------------------------------------------------------------------------

# The daemon of the build tree for its tests, else the one installed beside this program.
find_nat64d()
{
	nat64d=${NAT64D:-$sbindir/nat64d}
	[ -x "$nat64d" ] || nat64d=$(command -v nat64d) || die "nat64d is not installed (no $sbindir/nat64d)"
}

# Where the service keeps its leases: a relative map-file begins there.
service_directory()
{
	case $conf in
	"$sysconfdir"/nat64/*.conf) echo "/var/lib/nat64d/$(basename "$conf" .conf)" ;;
	*) echo /var/lib/nat64d ;;
	esac
}

run_nat64d()
{
	STATE_DIRECTORY=${STATE_DIRECTORY:-$(service_directory)} "$nat64d" "$@" --config "$conf"
}

# read_conf: the canonical form, or what is wrong with it and 1.
read_conf()
{
	canonical=$(run_nat64d --print 2>/dev/null) && device=$(values tun-device) && return
	canonical=
	return 1
}

# need_conf: the mistakes of a broken file are nat64d's to tell.
need_conf()
{
	find_nat64d
	[ -e "$conf" ] || die "$conf: no such file (nat64.conf(5) explains it; $example is one to start from)"
	read_conf && return
	run_nat64d --test 2>&1 | grep -v '^warning: ' >&2
	die "$conf: not a configuration that nat64d takes; nothing was changed"
}

# values DIRECTIVE: its values, one a line.
values()
{
	printf '%s\n' "$canonical" | sed -n "s/^$1 //p"
}

# map_file: its path, if there is one.
map_file()
{
	file=$(values map-file)
	case $file in
	"" | /*) echo "$file" ;;
	*) echo "$(values data-dir)/$file" ;;
	esac
}

# all_maps: "IPv4/LENGTH IPv6/LENGTH" lines, those of map-file among them.  nat64d has approved of both files.
all_maps()
{
	file=$(map_file)
	{
		values map
		[ -z "$file" ] || sed -n 's/#.*//; s/^[[:space:]]*[Mm][Aa][Pp][[:space:]]\{1,\}//p' "$file"
	} | awk 'NF == 2 { print $1 ($1 ~ "/" ? "" : "/32"), $2 ($2 ~ "/" ? "" : "/128") }'
}

# --- IPv4 arithmetic ------------------------------------------------------------------------------------------------

# For awk: is the prefix A within B, do they overlap?  Numbers there are exact far beyond 32 bits.
# shellcheck disable=SC2016 # the dollars are awk's
ipv4_awk='
function number(a, part) { split(a, part, /[.\/]/); return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4] }
function len(p) { return p ~ "/" ? substr(p, index(p, "/") + 1) + 0 : 32 }
function same(a, b, bits) { return int(number(a) / 2 ^ (32 - bits)) == int(number(b) / 2 ^ (32 - bits)) }
function within(a, b) { return len(a) >= len(b) && same(a, b, len(b)) }
function overlap(a, b) { return within(a, b) || within(b, a) }
function private(a) {
	return within(a, "10.0.0.0/8") || within(a, "172.16.0.0/12") || within(a, "192.168.0.0/16") || within(a, "100.64.0.0/10")
}
# As src/addr.c has it.
function special(a) {
	if (a ~ /^192\.0\.0\.(9|10)$/) return 0
	return private(a) || within(a, "0.0.0.0/8") || within(a, "127.0.0.0/8") || within(a, "169.254.0.0/16") ||
		within(a, "192.0.0.0/24") || within(a, "192.0.2.0/24") || within(a, "192.88.99.0/24") ||
		within(a, "198.18.0.0/15") || within(a, "198.51.100.0/24") || within(a, "203.0.113.0/24") ||
		within(a, "224.0.0.0/3")
}
'

# only_private: those of the prefixes on standard input that no router of the internet knows.
only_private()
{
	awk "$ipv4_awk"' private($1) { print $1 }'
}

is_private()
{
	[ -n "$(echo "$1" | only_private)" ]
}

# is_global ADDRESS: may 64:ff9b::/96 hold it?
is_global()
{
	echo "$1" | awk "$ipv4_awk"'{ exit special($1) }'
}

# overlap PREFIX PREFIX
overlap()
{
	echo "$1 $2" | awk "$ipv4_awk"'{ exit !overlap($1, $2) }'
}

is_ipv4()
{
	echo "$1" | awk -F. 'NF != 4 { bad = 1 } { for (i = 1; i <= NF; i++) if ($i !~ /^[0-9]+$/ || $i > 255) bad = 1 } END { exit bad }'
}

# nth PREFIX N: its Nth address, from 0.
nth()
{
	echo "$1 $2" | awk "$ipv4_awk"'{
		n = number($1) + $2
		printf "%d.%d.%d.%d\n", int(n / 16777216), int(n / 65536) % 256, int(n / 256) % 256, n % 256
	}'
}
