#!/usr/bin/env bash
# Storms of every kind with pools of several sizes; a table in the log shows their effect on ten thousand regular hosts.
STORMS=long
export STORMS
exec "$(dirname "$NAT64D")/tests/sim/check_storms"
