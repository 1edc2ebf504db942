# For the units, before the daemon starts: /var/spool/tayga, where Tayga kept its leases as root, becomes the daemon's if it is
# the data-dir.  No other place is given away.
#
#   sh spool.sh NAT64D CONF
#
# Root gives away the directory alone, which only root can have put there.  What is in it may be a link, or another name of a
# file that is root's: the file of leases is not given away, but copied by the user of the daemon, with no other rights than his.
# shellcheck shell=sh

user=nat64d
spool=/var/spool/tayga
leases=$spool/dynamic.map
umask 077

# is_data_dir NAT64D CONF
is_data_dir()
{
	"$1" --print --config "$2" 2>/dev/null | grep -qx "data-dir $spool/*"
}

# is_given FILE: has the user of the daemon got it, if it is there?
is_given()
{
	[ ! -e "$1" ] || [ "$(stat -c %U "$1")" = $user ]
}

# only_root_changes DIRECTORY: is there nobody but root who could put another one in its place?
only_root_changes()
{
	case $(stat -c '%F %u %a' "$1") in
	"directory 0 "*[2367]? | "directory 0 "*[2367]) return 1 ;;
	"directory 0 "*) return 0 ;;
	esac
	return 1
}

take_leases()
{
	if [ -f "$leases" ] && [ ! -L "$leases" ] && cp "$leases" "$leases.taken"; then
		mv -f "$leases.taken" "$leases"
	fi
}

if [ "$1" = --take ]; then
	take_leases
	exit
fi
if [ ! -d "$spool" ] || [ -L "$spool" ]; then
	exit 0
fi
if is_given "$spool" && is_given "$leases"; then
	exit 0 # as at any start but the first: not even the configuration is asked
fi
is_data_dir "$1" "$2" || exit 0
only_root_changes "${spool%/*}" || exit 1
chown -h $user:$user "$spool" || exit
is_given "$leases" || exec setpriv --reuid $user --regid $user --clear-groups sh "$0" --take
