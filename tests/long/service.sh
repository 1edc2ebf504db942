#!/usr/bin/env bash
# The long series of tests/system/restarts.sh: 100 restarts, 20 kills and 5 upgrades during 20 downloads.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export RESTARTS=${RESTARTS:-100} KILLS=${KILLS:-20} UPGRADES=${UPGRADES:-5} DOWNLOADS=${DOWNLOADS:-20} STRICT=yes
exec "$here/../system/restarts.sh"
