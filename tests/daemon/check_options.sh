#!/bin/sh
# check_options - the command line: each error is one line; each option is in the help, the manual and the completion; and -t
# checks a configuration as the service would.
#
# Prints TAP.  $srcdir is the top of the source tree, $NAT64D the daemon.

top=${srcdir:-.}
NAT64D=${NAT64D:-./nat64d}
unset STATE_DIRECTORY
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

# says NAME STATUS TEXT [OPTION...]: TEXT is all of standard error, and STATUS the exit status.
says()
{
	name=$1 status=$2 text=$3
	shift 3
	said=$("$NAT64D" "$@" 2>&1 >/dev/null </dev/null)
	[ $? -eq "$status" ] && [ "$said" = "$text" ]
	report $? "$name" "$said"
}

check_mistakes()
{
	try="try nat64d --help"
	says "an unknown letter" 1 "nat64d: unknown option -x; $try" -x
	says "an unknown letter among others" 1 "nat64d: unknown option -x; $try" --test -nxd
	says "an unknown word" 1 "nat64d: unknown option --tset; $try" --tset
	says "an unknown word with an argument" 1 "nat64d: unknown option --tset=1; $try" --tset=1
	says "an abbreviation of two" 1 "nat64d: unknown option --s; $try" --s
	says "a colon" 1 "nat64d: unknown option -:; $try" -:
	says "a missing argument to a short option" 1 "nat64d: missing argument to -c; $try" -nc
	says "a missing argument to a long option" 1 "nat64d: missing argument to --config; $try" --config
	for option in --test --nodetach --debug --mktun --version; do
		says "an argument to $option" 1 "nat64d: this option takes no argument: $option=1; $try" "$option=1" -tn
	done
	says "two actions" 1 "nat64d: more than one of -t, -T, --prepare, --mktun, --rmtun and --rmfilter; $try" -t -T
	says "--expand, and nothing to print" 1 "nat64d: --expand needs -T; $try" --expand
	says "--expand with -t" 1 "nat64d: --expand needs -T; $try" -t --expand
	says "an argument" 1 "nat64d: only options are accepted, not the argument x; $try" x
}

check_help()
{
	for option in -h --help --version; do
		[ -n "$("$NAT64D" "$option" 2>"$dir/err")" ] && [ ! -s "$dir/err" ]
		report $? "$option prints something, on standard output"
		[ -c /dev/full ] || continue
		said=$("$NAT64D" "$option" 2>&1 >/dev/full)
		[ $? -eq 1 ] && [ "$said" = "nat64d: standard output: No space left on device" ]
		report $? "$option says that it cannot be written" "$said"
	done
	[ "$("$NAT64D" -h)" = "$("$NAT64D" --help)" ]
	report $? "-h is --help"
}

# Prints the long options in the program's help.
options()
{
	"$NAT64D" --help | grep -o -e '--[a-z]*' | sort -u
}

check_described()
{
	[ "$(options | wc -l)" -ge 15 ]
	report $? "the help lists the options" "$(options)"
	for option in $(options); do
		grep -q "^\.It Fl .*-${option#--}\( \|\$\)" "$top/man/nat64d.8"
		report $? "$option is in nat64d.8"
		sed '/^_nat64_host/,$d' "$top/contrib/nat64d.bash-completion" | grep -Eqe "(^|[ '])$option([ ']|\$)"
		report $? "$option is in the completion"
	done
}

# config LINE...: a configuration, on standard output.
config()
{
	printf '%s\n' 'tun-device nat64' 'ipv4-addr 192.168.255.1' 'prefix 2001:db8:64::/96' "$@"
}

# on_new_machine COMMAND...: in a private mount namespace, with an /etc whose only user is nat64d and with an empty /var/lib.
on_new_machine()
{
	unshare -m sh -c 'mount -t tmpfs tmpfs /etc && mount -t tmpfs tmpfs /var/lib && echo nat64d:x:997:997::/:/bin/false >/etc/passwd || exit 77
		exec "$@"' sh "$@" 2>&1
}

fine="configuration is valid"

# Which user nat64d takes for the user of the daemon.
daemon_user=$(getent passwd nat64d | cut -d : -f 1)
daemon_user=${daemon_user:-$(id -un)}

check_judging()
{
	config 'dynamic-pool 10.0.0.0/24' >"$dir/c"
	says "-t: no data-dir: the service may set one" 0 "$dir/c: $fine" -t -c "$dir/c"
	STATE_DIRECTORY=$dir/none says "-t: the service manager creates a STATE_DIRECTORY" 0 "$dir/c: $fine" -t -c "$dir/c"
	config 'dynamic-pool 10.0.0.0/24' 'map-file hosts.map' >"$dir/c"
	echo 'map 192.0.2.1 2001:db8::1' >"$dir/hosts.map"
	says "-t: only the service knows the directory of a relative map-file" 1 \
		"$dir/c:5: map-file: hosts.map is relative, but there is no data-dir (give an absolute path; nat64d.service sets STATE_DIRECTORY=/var/lib/nat64d)" -t -c "$dir/c"
	STATE_DIRECTORY=$dir says "-t: as the service does" 0 "$dir/c: $fine" -t -c "$dir/c"
	config 'dynamic-pool 10.0.0.0/24' "data-dir $dir/none" >"$dir/c"
	says "-t: a data-dir that does not exist, and who must create it" 1 \
		"$dir/c:5: data-dir: $dir/none does not exist (create it: install -d -o $daemon_user $dir/none)" -t -c "$dir/c"
	STATE_DIRECTORY=$dir/none.old says "-t: a STATE_DIRECTORY whose name is longer is another one" 1 \
		"$dir/c:5: data-dir: $dir/none does not exist (create it: install -d -o $daemon_user $dir/none)" -t -c "$dir/c"
	says "-t -u: for the user named" 1 \
		"$dir/c:5: data-dir: $dir/none does not exist (create it: install -d -o 12345 $dir/none)" -t -u 12345 -g 12345 -c "$dir/c"
	says "-T: does not report that" 0 "" -T -c "$dir/c"
	mkdir "$dir/none" && chmod 755 "$dir"
	says "-t: a data-dir that exists" 0 "$dir/c: $fine" -t -u "$(id -u)" -g "$(id -g)" -c "$dir/c"
	config "data-dir $dir/nought" >"$dir/c"
	says "-t: a data-dir that nothing needs" 0 "$dir/c: $fine" -t -c "$dir/c"
	config 'control-group no-such-group' >"$dir/c"
	says "-t: a control-group that does not exist" 1 \
		"$dir/c:4: control-group: no-such-group: no such group (create it with groupadd(8), or remove this line)" -t -c "$dir/c"
	says "-T: does not report that, either" 0 "" -T -c "$dir/c"
	config 'control-group no-such-group' 'control off' >"$dir/c"
	says "-t: a control-group that nothing needs" 0 "$dir/c: $fine" -t -c "$dir/c"
}

check_new_machine()
{
	config 'dynamic-pool 10.0.0.0/24' 'data-dir /var/lib/none/a' >"$dir/c"
	if [ "$(id -u)" -ne 0 ] || ! on_new_machine true; then
		leave_out "-t on a new machine" "needs root, and to mount"
		return
	fi
	said=$(on_new_machine "$NAT64D" -t -c "$dir/c")
	[ "$said" = "$dir/c:5: data-dir: /var/lib/none/a does not exist (create it: install -d -o nat64d /var/lib/none/a)" ]
	report $? "-t: the user of the units must own a data-dir that does not exist" "$said"
	config 'control-group 12345' >"$dir/c"
	said=$(on_new_machine "$NAT64D" -t -c "$dir/c")
	[ "$said" = "warning: $dir/c:4: control-group: 12345: user nat64d is not a member of that group, so the units cannot start the daemon (add it with usermod(8))
$dir/c: $fine" ]
	report $? "-t: the user of the units must be a member of control-group" "$said"
}

# Prints the maps in the output of --print: those of map-file, and the line that names it.
expanded()
{
	"$NAT64D" -T --expand -c "$dir/c" | grep -e '^map' -e '^# map-file'
}

check_expand()
{
	printf '%s\n' '# a comment' 'MAP 192.0.2.0/24 2001:db8:1::/120' '' 'map 192.0.2.200/32	2001:db8::200/128' >"$dir/maps"
	config 'map 198.51.100.1 2001:db8::1' "map-file $dir/maps" 'dynamic-pool 10.0.0.0/24' >"$dir/c"
	said=$(expanded 2>/dev/null)
	[ "$said" = "map 198.51.100.1 2001:db8::1
map 192.0.2.0/24 2001:db8:1::/120
map 192.0.2.200 2001:db8::200
# map-file $dir/maps" ]
	report $? "--expand writes out the maps of map-file" "$said"
	"$NAT64D" -T --expand -c "$dir/c" >"$dir/expanded" 2>/dev/null
	[ "$("$NAT64D" -T --expand -c "$dir/expanded" 2>/dev/null)" = "$(grep -v '^# map-file' "$dir/expanded")" ]
	report $? "the output of --expand can be read again" "$(cat "$dir/expanded")"
	config 'dynamic-pool 10.0.0.0/24' "data-dir $dir/none" >"$dir/c"
	says "--expand: prints the warnings of -t" 0 \
		"warning: $dir/c:5: data-dir: $dir/none does not exist (create it: install -d -o $daemon_user $dir/none)" -T --expand -c "$dir/c"
}

# in_spool COMMANDS: with a private /var/spool that belongs to root, and $dir/c as the configuration; 12345 is the daemon's user.
in_spool()
{
	# shellcheck disable=SC2016 # for the inner shell
	CONF=$dir/c NAT64D=$NAT64D unshare -m sh -c 'mount -t tmpfs -o mode=755 tmpfs /var/spool || exit 77
		as="-u 12345 -g 12346 -c $CONF"; '"$1" 2>&1
}

# prepared NAME WANTED COMMANDS: one test point, which compares the output of COMMANDS.
prepared()
{
	config 'dynamic-pool 10.0.0.0/24' "data-dir ${3:-/var/spool/tayga}" >"$dir/c"
	said=$(in_spool "$4")
	[ "$said" = "$2" ]
	report $? "$1" "$said"
}

# Root creates data-dir only where no other user can interfere, and only for the daemon.
check_prepare()
{
	if [ "$(id -u)" -ne 0 ] || ! (config >"$dir/c" && in_spool true); then
		leave_out "--prepare" "needs root, and to mount"
		return
	fi
	chmod 755 "$dir"
	owner='stat -c "%u:%g %a"'
	prepared "--prepare makes data-dir for the user" "12345:12346 750" "" \
		"\$NAT64D --prepare \$as; $owner /var/spool/tayga"
	prepared "whatever the umask, and with slashes at the end" "12345:12346 750" /var/spool/leases// \
		"umask 077; \$NAT64D --prepare \$as; $owner /var/spool/leases"
	prepared "-t: fine, for that will make it" "$dir/c: $fine" "" "\$NAT64D -t \$as"
	prepared "only its last part" "no" /var/spool/a/b \
		"\$NAT64D --prepare \$as; [ -e /var/spool/a ] || echo no"
	prepared "not behind a link" "no" /var/spool/link/b \
		"mkdir /var/spool/a; ln -s a /var/spool/link; \$NAT64D --prepare \$as; [ -e /var/spool/a/b ] || echo no"
	prepared "nor one that is not followed" "no" /var/spool/link \
		"ln -s /var/spool/a /var/spool/link; \$NAT64D --prepare \$as; [ -e /var/spool/a ] || echo no"
	for mode in "chown 12345" "chmod 1777" "chmod 775"; do
		prepared "nor below a directory after $mode" "no" /var/spool/a/b \
			"mkdir -m 755 /var/spool/a; $mode /var/spool/a; \$NAT64D --prepare \$as; [ -e /var/spool/a/b ] || echo no"
	done
	prepared "-t: says so" \
		"$dir/c:5: data-dir: /var/spool/a/b does not exist (create it: install -d -o 12345 /var/spool/a/b)" /var/spool/a/b \
		"mkdir -m 1777 /var/spool/a; \$NAT64D -t \$as"
	prepared "Tayga's own directory is given to the user, with the leases and the key" \
		"12345:12346 700 12345:12346 644 12345:12346 600 0:0 644" "" \
		"cd /var/spool; mkdir -m 700 tayga; : >tayga/dynamic.map; : >tayga/other; (umask 077; : >tayga/pool.key)
		\$NAT64D --prepare \$as; echo \$($owner tayga tayga/dynamic.map tayga/pool.key tayga/other)"
	prepared "no file with another name, and no link" "0:0 600 0:0 600" "" \
		"cd /var/spool; mkdir tayga; umask 077; : >a; : >b; ln a tayga/dynamic.map; ln -s ../b tayga/pool.key
		\$NAT64D --prepare \$as; echo \$($owner a b)"
	prepared "no other directory is given away" "0:0 755" /var/spool/mine \
		"mkdir -m 755 /var/spool/mine; \$NAT64D --prepare \$as; $owner /var/spool/mine"
	prepared "-t: says that the user cannot write there" \
		"$dir/c:5: data-dir: /var/spool/mine cannot be written by user 12345 (change its owner: chown 12345 /var/spool/mine)" \
		/var/spool/mine "mkdir -m 755 /var/spool/mine; \$NAT64D -t \$as"
	prepared "-t: nor to the file" \
		"$dir/c:5: data-dir: /var/spool/mine/dynamic.map cannot be written by user 12345 (chown 12345 /var/spool/mine/dynamic.map)" \
		/var/spool/mine "cd /var/spool; mkdir mine; : >mine/dynamic.map; chown 12345 mine; \$NAT64D -t \$as"
	prepared "-t: nor on a file system that is read-only" \
		"$dir/c:5: data-dir: /var/spool/tayga does not exist (create it: install -d -o 12345 /var/spool/tayga)" "" \
		"mount -o remount,ro /var/spool; \$NAT64D -t \$as"
	prepared "-t changes nothing" "0:0 755 tayga" "" \
		"cd /var/spool; mkdir -m 755 tayga; \$NAT64D -t \$as 2>/dev/null; echo \$($owner tayga) *"
	prepared "map-file is not read" "12345:12346 750" "/var/spool/tayga
map-file $dir/none" "\$NAT64D --prepare \$as; $owner /var/spool/tayga"
	prepared "mistakes of the configuration are left to the start" "0" "/var/spool/tayga
no-such-directive" "\$NAT64D --prepare \$as; echo \$?"
}

# Root reads in a directory of another user: with no more privileges than that user, and without blocking.
check_foreign()
{
	if [ "$(id -u)" -ne 0 ]; then
		leave_out "root reads a map-file with the rights of its directory's owner" "needs root"
		return
	fi
	mkdir "$dir/theirs" && chown 12345 "$dir/theirs" && chmod 755 "$dir"
	config "map-file $dir/theirs/maps" >"$dir/c"
	echo 'map 192.0.2.1 2001:db8::1' >"$dir/theirs/maps"
	[ "$(expanded)" = "map 192.0.2.1 2001:db8::1
# map-file $dir/theirs/maps" ]
	report $? "root reads a map-file that the owner of its directory may read"
	printf 'secret\nmap 192.0.2.2 2001:db8::2\n' >"$dir/secret"
	chmod 640 "$dir/secret"
	ln -sf ../secret "$dir/theirs/maps"
	denied="$dir/c:4: map-file: cannot open $dir/theirs/maps: Permission denied"
	for option in --test --print "--print --expand"; do
		# shellcheck disable=SC2086 # two words
		said=$("$NAT64D" $option -c "$dir/c" 2>&1)
		[ $? -eq 1 ] && [ "${said%% (*}" = "$denied" ]
		report $? "$option: a link to what that owner may not read is not followed" "$said"
	done
	mkdir "$dir/theirs/sub" && ln -sf "$dir" "$dir/theirs/sub/up"
	config "map-file $dir/theirs/sub/up/secret" >"$dir/c"
	said=$("$NAT64D" -T --expand -c "$dir/c" 2>&1)
	[ $? -eq 1 ] && [ "${said#*Permission denied}" != "$said" ]
	report $? "nor does one on the way" "$said"
	config "map-file $dir/theirs/maps" >"$dir/c"
	rm "$dir/theirs/maps" && mkfifo -m 666 "$dir/theirs/maps"
	said=$(exec 9<>"$dir/theirs/maps" && timeout 5 "$NAT64D" -T --expand -c "$dir/c" 2>&1)
	[ $? -eq 1 ] && [ "${said#*: Resource temporarily unavailable}" != "$said" ]
	report $? "--expand does not wait for a FIFO" "$said"
}

check_mistakes
check_help
check_expand
check_prepare
check_foreign
check_described
check_judging
check_new_machine
finish
