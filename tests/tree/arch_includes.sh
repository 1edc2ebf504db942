#!/bin/sh
# Every file of src/ and include/ includes only modules that stand before its own in the list of layers: no cycles.
# A module is a header with the files around it: src/xlat/xlat_4to6.c belongs to xlat, src/lease/leasetext.c to lease*.
srcdir=${srcdir:-.}
layers="posix wire reason offload addr csum bitmap siphash ident header packet lpm map pool bucket icmp reply mss nodeid train xlat batch
	conf lease* report poolwatch status log answer control options netlink tun send setup routes sandbox service datadir action daemon reload loop main nat64ctl"
set -f # the patterns are for `case', not for files

# The rung of a file or of what it includes; 0 for what is not in the list.
rung() {
	module=${1##*/}
	module=${module%.[ch]}
	n=0
	for m in $layers; do
		n=$((n + 1))
		# shellcheck disable=SC2254 # a pattern it is
		case $module in
		$m | ${m}_*) echo $n && return ;;
		esac
	done
	echo 0
}

# What FILE includes that it should not.
culprits() {
	own=$(rung "$1")
	[ "$own" -gt 0 ] || echo "(itself not in the list of layers)"
	sed -n 's/^#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$1" | while read -r header; do
		[ "$header" = config.h ] && continue
		other=$(rung "$header")
		[ "$other" -gt 0 ] && [ "$other" -le "$own" ] || echo "$header"
	done
}

count=0
status=0
for f in $(find "$srcdir/include" "$srcdir/src" -name '*.[ch]' | sort); do
	count=$((count + 1))
	bad=$(culprits "$f" | tr '\n' ' ')
	if [ -z "$bad" ]; then
		echo "ok $count - ${f#"$srcdir"/} includes lower layers only"
	else
		echo "not ok $count - ${f#"$srcdir"/} includes lower layers only: $bad"
		status=1
	fi
done
echo "1..$count"
exit $status
