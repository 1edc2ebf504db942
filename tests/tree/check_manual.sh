#!/bin/sh
# check_manual - checks nat64.7: each block is marked for the tests, its files are accepted, the names in it exist, and its
# addresses are reserved for documentation.  netns/manual.sh runs its commands.  Of nat64-rules.7, this test checks names and
# addresses.
#
# Prints TAP.  $srcdir is the top of the source tree, $NAT64D the daemon.

top=${srcdir:-.}
page=$top/man/nat64.7
rules=$top/man/nat64-rules.7
NAT64D=${NAT64D:-./nat64d}
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

# none NAME LINES: one point, ok if LINES is empty.
none()
{
	[ -z "$2" ]
	report $? "$1" "$2"
}

blocks()
{
	awk -f "$top/tests/tree/manual.awk" "$page"
}

block()
{
	awk -v block="$1" -f "$top/tests/tree/manual.awk" "$page"
}

# of KIND: prints NUMBER MACHINE PATH SECTION of each block, separated by tabs.
of()
{
	blocks | awk -F '\t' -v OFS='\t' -v kind="$1" '$2 == kind { print $1, $3, $4, $5 }'
}

# --- marks ----------------------------------------------------------------------------------------------------------

check_marks()
{
	none "every literal block is marked" "$(of unmarked)"
	none "every command has a machine to run on" "$(of run | awk -F '\t' '$2 == "-"')"
	none "every file has a machine and a path" "$(of file | awk -F '\t' '$3 !~ /^\//')"
	none "there is much to try" "$([ "$(of run | wc -l)" -ge 15 ] || of run)"
	# The mark must have the same name that the reader sees.
	none "every file is named in the text before it" "$(of file | while IFS="$tab" read -r number machine path section; do
		head -n $((number - 3)) "$page" | tail -n 5 | grep -Fq ".Pa $path" || echo "$number: $path ($machine, $section)"
	done)"
}

# --- files and commands ------------------------------------------------------------------------------------------------

# tried NUMBER: prints the messages of nat64d about this configuration and its map-file.
tried()
{
	block "$1" | sed "s|^map-file .*/|map-file $dir/|" >"$dir/conf"
	STATE_DIRECTORY=$dir "$NAT64D" --test --config "$dir/conf" 2>&1 || return
}

check_configurations()
{
	if ! [ -x "$NAT64D" ]; then
		leave_out "configurations" "there is no $NAT64D"
		return
	fi
	of file | grep '\.map	' | while IFS="$tab" read -r number machine path section; do
		block "$number" >"$dir/${path##*/}"
	done
	of file | grep '\.conf	' | grep nat64 >"$dir/list"
	while IFS="$tab" read -r number machine path section; do
		none "nat64d takes $path of $section, without a warning" "$(tried "$number" | grep -v ': configuration is valid$')"
	done <"$dir/list"
}

check_commands()
{
	none "every command is one line that sh understands" "$(of run | while IFS="$tab" read -r number rest; do
		block "$number" | while read -r line; do sh -n -c "$line" 2>&1 || echo "$number: $line ($rest)"; done
	done)"
}

# --- words --------------------------------------------------------------------------------------------------------------

directives()
{
	sed -n 's/^\.It Ic \([^ ]*\).*/\1/p' "$top/man/nat64.conf.5"
}

# marked MACRO PAGE: prints the arguments of that macro.
marked()
{
	sed -n "s/^\.\(It \)\{0,1\}$1 //p; s/^\.Pq $1 //p" "$2" | tr ', ' '\n' | grep '^[a-z]' | sort -u
}

# check_names PAGE NAME: checks that the names in PAGE exist.
check_names()
{
	none "every directive in $2 is in nat64.conf.5" "$(marked Ic "$1" | while read -r word; do
		directives | grep -Fqx -e "$word" || echo "$word"
	done)"
	none "every reason and finding in $2 is in nat64d.8 or nat64-host.8" "$(marked Cm "$1" | grep -v '^like-this$' | while read -r word; do
		grep -Eq "^\.(It )?Cm (.* )?$word( |\$)" "$top/man/nat64d.8" "$top/man/nat64-host.8" || echo "$word"
	done)"
	# A section of this page, or after `under', of the page that is named next.
	none "every section that $2 refers to is there" "$(awk '/^\.Sx / { sub(/^\.Sx /, ""); sub(/ [.,;:)]$/, ""); print }' "$1" | sort -u | while read -r title; do
		grep -Fqx -e ".Sh $title" -e ".Ss $title" "$1" "$top/man/nat64d.8" "$top/man/nat64.conf.5" || echo "$title"
	done)"
}

# options_with_text PAGE...: prints the lines in which words of the text follow an option, so that mdoc makes them options, too.
options_with_text()
{
	awk '/^\./ {
		option = 0
		for (i = 1; i <= NF; i++) {
			word = $i
			sub(/^\./, "", word)
			if (word ~ /^[A-Z][a-z]$/)
				option = word == "Fl" ? i : 0
			else if (option && i > option + 1 && word ~ /^[a-z][a-z]/) {
				print FILENAME ":" FNR ": " $0
				next
			}
		}
	}' "$@"
}

check_words()
{
	none "no text of a page is formatted as an option" "$(cd "$top" && options_with_text man/*.[578])"
	check_names "$page" nat64.7
	check_names "$rules" nat64-rules.7
	none "every option of nat64d that it calls exists" "$(sed -n 's/^ *\(.*up \)\{0,1\}nat64d \(-[^ ]*\).*/\2/p' "$page" | sort -u | while read -r option; do
		grep -Eq "^\.It (Fl [a-zA-Z] , )?Fl (${option#-})( |\$)|^\.It Fl ${option#-} ," "$top/man/nat64d.8" || echo "$option"
	done)"
}

# --- addresses ------------------------------------------------------------------------------------------------------------

# addresses PAGE PATTERN: prints the addresses in it that match the pattern.  The clause [1812-4.3.2.7] is not an address.
addresses()
{
	sed 's/[0-9]\{3,4\}-[0-9.]*[0-9]//g' "$1" | grep -Eo "$2" | sort -u
}

ipv4='\b[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\b'
ipv6='\b[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f:.]*'

# Allowed: RFC 5737, RFC 3849, private networks, addresses of the RFCs about translators, and 8.8.8.8; in the rules, also those
# that they treat specially.
check_addresses()
{
	none "its IPv4 addresses are for documentation, or private" "$(addresses "$page" "$ipv4" |
		grep -Ev '^(192\.0\.2|198\.51\.100|203\.0\.113|192\.168\.[0-9]+|192\.0\.0|100\.6[4-7]\.[0-9]+|172\.16\.[0-9]+|10\.[0-9]+\.[0-9]+)\.|^8\.8\.8\.8$|^0\.0\.0\.0$|^169\.254\.0\.0$|^240\.0\.0\.0$')"
	none "its IPv6 addresses are for documentation" "$(addresses "$page" "$ipv6" | grep -Ev '^2001:db8:|^64:ff9b:')"
	none "the IPv4 addresses of the rules are for documentation, or special" "$(addresses "$rules" "$ipv4" |
		grep -Ev '^(192\.0\.2\.33|192\.0\.0\.8|(0|127|224|240)\.0\.0\.0|169\.254\.0\.0|255\.255\.255\.255|239\.255\.255\.250)$')"
	none "the IPv6 addresses of the rules are for documentation, or special" "$(addresses "$rules" "$ipv6" |
		grep -Ev '^2001:db8:|^64:ff9b:|^(fe80|ff00|ff02)::$|^ffff:0:0$')"
}

# The first commands of a new user, and those of .ci/run.
check_readme()
{
	none "README names the commands to set up, to try and to test" "$(for command in 'nat64-host init --dns64 unbound' contrib/demo contrib/test; do
		grep -Fqx -e "    $command" "$top/README" || echo "$command"
	done)"
}

# The comments in the files repeat the steps.
check_dns64()
{
	none "the DNS64 files it copies are there" "$(sed -n 's|^cp .*/dns64/\([^ ]*\) .*|\1|p' "$page" | while read -r name; do
		[ -r "$top/contrib/dns64/$name" ] || echo "$name"
	done)"
	none "its commands for BIND are those of the file" "$(sed -n '/^sed .*named/p; /^named-checkconf/p' "$page" | while read -r line; do
		grep -Fq -e "$line" "$top/contrib/dns64/named.conf.options" || echo "$line"
	done)"
}

tab=$(printf '\t')
check_marks
check_configurations
check_commands
check_words
check_addresses
check_readme
check_dns64
finish
