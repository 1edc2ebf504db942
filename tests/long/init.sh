#!/usr/bin/env bash
# One command to a page by name on Debian 13, with radvd, and by each manager of the network an address for DNS64.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export NAT64_RELEASE=${NAT64_RELEASE:-trixie} MANAGERS=${MANAGERS:-networkd ifupdown NetworkManager}
exec "$here/../system/init.sh"
