# What the tests of texts and command lines share: TAP, one point at a time.
# shellcheck shell=sh

# What the caller's shell has no say in.
export LC_ALL=C
umask 022
unset CDPATH NOTIFY_SOCKET STATE_DIRECTORY JOURNAL_STREAM

count=0
failed=0

# report STATUS NAME [TEXT]: one point, ok if STATUS is 0; TEXT is shown otherwise.
report()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		[ -z "${3-}" ] || echo "$3" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# leave_out NAME WHY: one point that is skipped.
leave_out()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# finish: no more points.
finish()
{
	echo "1..$count"
	exit $((failed > 0))
}
