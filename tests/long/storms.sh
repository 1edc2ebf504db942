#!/usr/bin/env bash
# Storms of every kind before pools of several sizes: what they do to ten thousand honest hosts, as a table in the log.
STORMS=long
export STORMS
exec "$(dirname "$NAT64D")/tests/sim/check_storms"
