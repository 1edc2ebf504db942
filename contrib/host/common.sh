# Functions that init, up, down and check share: messages, the configuration as nat64d reads it, IPv4 arithmetic.
# shellcheck shell=sh disable=SC2154,SC2034 # variables of nat64-host

newline='
'

say()
{
	echo "nat64-host: $*"
}

# die MESSAGE: prints MESSAGE and exits with the failure status of the command.
die()
{
	echo "nat64-host: $*" >&2
	exit "$failure"
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# has PATTERN: succeeds if standard input has such a line.  It reads all input: a service starts with SIGPIPE ignored, and a
# program that writes to a closed pipe then prints an error.
has()
{
	[ -n "$(grep "$@")" ]
}

# have_nft: succeeds if nft works; the kernel may lack nftables.
have_nft()
{
	have nft && nft list tables >/dev/null 2>&1
}

# word TEXT: prints TEXT quoted as one word of a shell command.
word()
{
	case $1 in
	"" | *[!A-Za-z0-9_./:@%+=,-]*) printf "'%s'\n" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# words TEXT: prints each word of TEXT, quoted.
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

# plain TEXT: prints text from other programs in one line, without `=>' and without control characters for the terminal.
plain()
{
	case $1 in
	*[![:print:]]* | *'=>'*) printf %s "$1" | tr '\001-\037\177-\377' '?' | sed 's/=>/->/g' ;;
	*) printf %s "$1" ;;
	esac
}

# rest_of BEGINNING TEXT: prints the rest of each line of TEXT that has this beginning.
rest_of()
{
	set -f
	IFS=$newline
	for row in $2; do
		case $row in
		"$1"*) printf '%s\n' "${row#"$1"}" ;;
		esac
	done
	unset IFS
	set +f
}

# in_words: joins the lines of standard input with commas.
in_words()
{
	paste -s -d , - | sed 's/,/, /g'
}

# setting NAME: prints its value from the environment, or else from the file that the service reads.
setting()
{
	case $1 in
	NAT44) set -- "$1" "${NAT44-unset}" ;;
	GUARD) set -- "$1" "${GUARD-unset}" ;;
	INBOUND) set -- "$1" "${INBOUND-unset}" ;;
	LOCAL) set -- "$1" "${LOCAL-unset}" ;;
	esac
	[ "$2" != unset ] || set -- "$1" "$(written_setting "$1")"
	printf '%s\n' "$2"
}

# written_setting NAME: from the file that the service reads, whatever the environment says.
written_setting()
{
	sed -n "s/^$1=[\"']*\([a-z]*\).*/\1/p" "$sysconfdir/default/nat64d" 2>/dev/null | tail -n 1
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || die "$verb needs root: sudo nat64-host $verb $(word "$conf")"
	have ip || die "ip is missing (Debian: apt install iproute2)"
}

# --- the configuration ----------------------------------------------------------------------------------------------

# Sets `nat64d' to $NAT64D (tests set it), or else to the installed program.
find_nat64d()
{
	nat64d=${NAT64D:-$sbindir/nat64d}
	[ -x "$nat64d" ] || nat64d=$(command -v nat64d) || die "nat64d is not installed (no $sbindir/nat64d)"
}

# service_directory: prints the directory in which the service keeps its leases; a relative map-file is relative to it.
service_directory()
{
	case $conf in
	"$sysconfdir"/nat64/*.conf) echo "/var/lib/nat64d/$(basename "$conf" .conf)" ;;
	*) echo /var/lib/nat64d ;;
	esac
}

# state_directory: prints the value of STATE_DIRECTORY for a nat64d that reads the configuration.
state_directory()
{
	echo "${STATE_DIRECTORY:-$(service_directory)}"
}

run_nat64d()
{
	STATE_DIRECTORY=$(state_directory) "$nat64d" "$@" --config "$conf"
}

# test_command: prints the command that shows all mistakes, also those in the files of data-dir.
test_command()
{
	echo "STATE_DIRECTORY=$(word "$(state_directory)") $(word "$nat64d") --test --config $(word "$conf")"
}

# read_conf: reads the configuration with one run of the daemon.  It sets `canonical' (the configuration without the maps,
# which all_maps prints) and `said' (the messages).  It returns 1 if nat64d does not accept the configuration.  Only this
# function reads files that the user of the daemon may write: root must not depend on a second, different content.
read_conf()
{
	reading=$({ run_nat64d --print --expand 2>&3 3>&- | awk -f "$lib/facts.awk" 3>&-; } 3>&1)
	said=$(printf '%s\n' "$reading" | grep -v '^=')
	canonical=$(printf '%s\n' "$reading" | sed -n 's/^= //p')
	strange=
	case $newline$reading in
	*"$newline=! "*) strange=$(printf '%s\n' "$reading" | sed -n 's/^=! //p' | sed -n 1p) ;;
	esac
	[ -z "$strange" ] || said="$conf: $strange: its value cannot be used in a command"
	device=$(values tun-device)
	[ -n "$device" ] && [ -z "$strange" ]
}

# mistakes: prints the errors of the daemon without its warnings.  For a map-file, it prints only the file and line: the user
# of the daemon may replace that file by a link, and the error would quote a file that the user must not read.
mistakes()
{
	printf '%s\n' "$said" | grep -v '^warning: ' | other_files
}

warnings()
{
	[ -z "$said" ] || printf '%s\n' "$said" | sed -n 's/^warning: //p' | other_files
}

other_files()
{
	CONF=$conf TEST=$(test_command) awk '
		index($0, "/") != 1 || index($0, ENVIRON["CONF"] ":") == 1 { print; next }
		match($0, /:[0-9]+: /) { print substr($0, 1, RSTART + RLENGTH - 3) ": to see what is wrong with this line, run: " ENVIRON["TEST"]; next }
		{ print }'
}

# need_conf: reads the configuration; if that fails, prints the errors of nat64d and exits.
need_conf()
{
	find_nat64d
	[ -e "$conf" ] || die "$conf: no such file ($example is an example; nat64.conf(5) explains it)"
	read_conf && return
	mistakes >&2
	die "$conf: nat64d does not accept this configuration; nothing was changed"
}

# values DIRECTIVE: prints its values, one per line.  It runs no other program, because check calls it a hundred times.
values()
{
	rest_of "$1 " "$canonical"
}

# first_of DIRECTIVE: prints its first value.
first_of()
{
	set -- "$(values "$1")"
	printf '%s\n' "${1%%"$newline"*}"
}

# has_value DIRECTIVE VALUE: succeeds if this is one of its values.
has_value()
{
	case $newline$(values "$1")$newline in
	*"$newline$2$newline"*) ;;
	*) return 1 ;;
	esac
}

# row_of DIRECTIVE: prints its values in one line.
row_of()
{
	# shellcheck disable=SC2046 # words
	set -- $(values "$1")
	echo "$*"
}

# map_file: prints its path, if there is one.
map_file()
{
	rest_of '# map-file ' "$canonical"
}

# all_maps: prints "IPv4/LENGTH IPv6/LENGTH" lines, including those of map-file.
all_maps()
{
	printf '%s\n' "$reading" | sed -n 's/^=M //p'
}

# --- IPv4 arithmetic ------------------------------------------------------------------------------------------------

# Functions for awk, whose numbers are exact up to 53 bits.
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
# The same list as in src/lib/addr.c.
function special(a) {
	if (a ~ /^192\.0\.0\.(9|10)$/) return 0
	return private(a) || within(a, "0.0.0.0/8") || within(a, "127.0.0.0/8") || within(a, "169.254.0.0/16") ||
		within(a, "192.0.0.0/24") || within(a, "192.0.2.0/24") || within(a, "192.88.99.0/24") ||
		within(a, "198.18.0.0/15") || within(a, "198.51.100.0/24") || within(a, "203.0.113.0/24") ||
		within(a, "224.0.0.0/3")
}
'

# only_private: prints those prefixes of standard input that are private.
only_private()
{
	awk "$ipv4_awk"' private($1) { print $1 }'
}

is_private()
{
	[ -n "$(echo "$1" | only_private)" ]
}

# is_global ADDRESS: succeeds if 64:ff9b::/96 may contain it.
is_global()
{
	echo "$1" | awk "$ipv4_awk"'{ exit special($1) }'
}

# overlap PREFIX PREFIX: succeeds if they share an address.
overlap()
{
	echo "$1 $2" | awk "$ipv4_awk"'{ exit !overlap($1, $2) }'
}

is_ipv4()
{
	echo "$1" | awk -F. 'NF != 4 { bad = 1 } { for (i = 1; i <= NF; i++) if ($i !~ /^[0-9]+$/ || $i > 255) bad = 1 } END { exit bad }'
}

# nth PREFIX N: prints its Nth address, or its last one if it has fewer; the first one is 0.
nth()
{
	echo "$1 $2" | awk "$ipv4_awk"'{
		last = 2 ^ (32 - len($1)) - 1
		n = number($1) + ($2 < last ? $2 : last)
		printf "%d.%d.%d.%d\n", int(n / 16777216), int(n / 65536) % 256, int(n / 256) % 256, n % 256
	}'
}

# --- networks of the machine ----------------------------------------------------------------------------------------

# real_networks: prints "PREFIX DEVICE" lines of all routed IPv4 networks except those of the translator.
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
