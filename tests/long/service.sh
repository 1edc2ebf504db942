#!/usr/bin/env bash
# Users notice nothing, the long series: 100 restarts, 20 kills, 5 upgrades under 20 downloads, and the figures of it.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export RESTARTS=${RESTARTS:-100} KILLS=${KILLS:-20} UPGRADES=${UPGRADES:-5} DOWNLOADS=${DOWNLOADS:-20} STRICT=yes
exec "$here/../system/restarts.sh"
