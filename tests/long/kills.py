#!/usr/bin/env python3
"""Hosts for kills.sh.

send FIRST LAST NEW    these hosts 2001:db8:2::N each send five datagrams a second; each second, a new one from NEW on begins
hear FILE              on 8.8.8.8: records the address of each host, "N ADDRESS", each time it is another one
"""
import socket
import sys
import time

EVERY = 0.2  # seconds between two datagrams of a host


def open_host(number):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind((f"2001:db8:2::{number:x}", 0))
    s.setblocking(False)
    return s


def send(first, last, new):
    hosts = {i: open_host(i) for i in range(first, last + 1)}
    begun = time.monotonic()
    while True:
        for number, s in hosts.items():
            try:
                s.sendto(b"%d" % number, ("64:ff9b::808:808", 9))
            except OSError:  # nat64d is not there
                pass
            time.sleep(EVERY / len(hosts))
        if time.monotonic() - begun > 1:
            begun = time.monotonic()
            hosts[new] = open_host(new)
            new += 1


def hear(path):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("8.8.8.8", 9))
    seen = {}
    with open(path, "w", buffering=1) as out:
        while True:
            data, (address, _) = s.recvfrom(100)
            if seen.get(int(data)) != address:
                seen[int(data)] = address
                print(int(data), address, file=out)


if sys.argv[1] == "send":
    send(*map(int, sys.argv[2:]))
else:
    hear(sys.argv[2])
