#!/bin/sh
# Replaces the unit tests if there is no Check library, so that `make check` reports that they are skipped.
echo "1..0 # SKIP the Check library was not found by configure (Debian: apt-get install check)"
