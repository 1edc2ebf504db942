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

# has PATTERN: does standard input have such a line?  Reads all of it: a service is started with SIGPIPE ignored, and who
# writes to a reader that has gone complains then.
has()
{
	[ -n "$(grep "$@")" ]
}

# have_nft: one that works, for a kernel may lack nftables.
have_nft()
{
	have nft && nft list tables >/dev/null 2>&1
}

# word TEXT: one word of a command that somebody may paste into a shell.
word()
{
	case $1 in
	"" | *[!A-Za-z0-9_./:@%+=,-]*) printf "'%s'\n" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# words TEXT: each of its words.
words()
{
	set -f
	quoted=
	for one in $1; do
		quoted=$quoted${quoted:+ }$(word "$one")
	done
	set +f
	printf '%s\n' "$quoted"
}

# plain TEXT: what others have written, in one line that cannot pass for a command of ours or do anything to a terminal.
plain()
{
	printf %s "$1" | tr '\001-\037\177-\377' '?' | sed 's/=>/->/g'
}

# in_words: the lines of standard input, with commas.
in_words()
{
	paste -s -d , - | sed 's/,/, /g'
}

# setting NAME: from the environment, or else from the file that the service reads.
setting()
{
	case $1 in
	NAT44) set -- "$1" "${NAT44-unset}" ;;
	GUARD) set -- "$1" "${GUARD-unset}" ;;
	INBOUND) set -- "$1" "${INBOUND-unset}" ;;
	LOCAL) set -- "$1" "${LOCAL-unset}" ;;
	esac
	[ "$2" != unset ] || set -- "$1" "$(sed -n "s/^$1=[\"']*\([a-z]*\).*/\1/p" "$sysconfdir/default/nat64d" 2>/dev/null | tail -n 1)"
	printf '%s\n' "$2"
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || die "$verb needs root: sudo nat64-host $verb $(word "$conf")"
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

# read_conf: everything that is known of the configuration, from one run of the daemon: `canonical' without the maps, which
# all_maps has, and what the daemon `said' of it.  1 if it is not one that nat64d takes.  Nothing else here reads a file that
# the user of the daemon may write: what root does next must not depend on what stands there then.
read_conf()
{
	reading=$({ run_nat64d --print --expand 2>&3 3>&- | awk -f "$lib/facts.awk" 3>&-; } 3>&1)
	said=$(printf '%s\n' "$reading" | grep -v '^=')
	canonical=$(printf '%s\n' "$reading" | sed -n 's/^= //p')
	strange=$(printf '%s\n' "$reading" | sed -n 's/^=! //p' | sed -n 1p)
	[ -z "$strange" ] || said="$conf: $strange: its value must not get into a command"
	device=$(values tun-device)
	[ -n "$device" ] && [ -z "$strange" ]
}

# mistakes: what the daemon has said, without its warnings.  Of a map-file, which may be anybody's, only where: the words that
# stand there could be those of a file that nobody else may see.
mistakes()
{
	printf '%s\n' "$said" | grep -v '^warning: ' | other_files
}

warnings()
{
	printf '%s\n' "$said" | sed -n 's/^warning: //p' | other_files
}

other_files()
{
	CONF=$conf awk '
		index($0, "/") != 1 || index($0, ENVIRON["CONF"] ":") == 1 { print; next }
		match($0, /:[0-9]+: /) { print substr($0, 1, RSTART + RLENGTH - 3) ": see what nat64d -t says of this line"; next }
		{ print }'
}

# need_conf: the mistakes of a broken file are nat64d's to tell.
need_conf()
{
	find_nat64d
	[ -e "$conf" ] || die "$conf: no such file (nat64.conf(5) explains it; $example is one to start from)"
	read_conf && return
	mistakes >&2
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
	printf '%s\n' "$canonical" | sed -n 's/^# map-file //p'
}

# all_maps: "IPv4/LENGTH IPv6/LENGTH" lines, those of map-file among them.
all_maps()
{
	printf '%s\n' "$reading" | sed -n 's/^=M //p'
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
# As src/lib/addr.c has it.
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

# --- networks that are there already --------------------------------------------------------------------------------

# real_networks: "PREFIX DEVICE" lines of what is not the translator's.
real_networks()
{
	ip -4 route show table all 2>/dev/null | awk -v own="$device" '
		$1 ~ /^(broadcast|unreachable|prohibit|blackhole|throw|multicast)$/ { next }
		{
			net = $1 ~ /^(local|anycast|nat|unicast)$/ ? $2 : $1; dev = ""
			for (i = 2; i < NF; i++) if ($i == "dev") dev = $(i + 1)
			if (net ~ /^[0-9]/ && net !~ /^127\./ && dev != "" && dev != "lo" && dev != own) print net, dev
		}' | sort -u
}
