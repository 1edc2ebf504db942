# Shared by tests of texts and command lines: prints TAP.
# shellcheck shell=sh

# Do not depend on these settings of the caller.
export LC_ALL=C
umask 022
unset CDPATH NOTIFY_SOCKET STATE_DIRECTORY JOURNAL_STREAM

count=0
failed=0

# report STATUS NAME [TEXT]: prints one test point, ok if STATUS is 0; otherwise, prints TEXT too.
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

# leave_out NAME WHY: prints one skipped test point.
leave_out()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# finish: prints the plan and ends the test.
finish()
{
	echo "1..$count"
	exit $((failed > 0))
}
