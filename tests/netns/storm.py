#!/usr/bin/env python3
"""Hosts beside a storm; each has an address of its own and asks an echo server.

steady SECONDS FIRST N HOST PORT  N hosts from FIRST on send a datagram each 50 ms; prints SENT LOST REFUSED, the last one
                                  by ICMP errors
newcomers FIRST N HOST PORT       N hosts from FIRST on, one after another: each asks every 100 ms until it is answered,
                                  for three seconds at most; prints SERVED and the longest time in ms
"""
import ipaddress
import select
import socket
import sys
import time


def open_host(address, host, port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind((str(ipaddress.IPv6Address(address)), 0))
    s.connect((host, port))
    s.setblocking(False)
    return s


refused = 0


def send(s, data):
    global refused
    try:
        s.send(data)
    except OSError:  # an ICMP error that came before
        refused += 1
        s.send(data)


def drain(socks, answered, wait):
    global refused
    for s in select.select(socks, [], [], max(0, wait))[0]:
        try:
            answered.add(s.recv(100))
        except OSError:
            refused += 1


def steady(seconds, first, count, host, port):
    socks = [open_host(first + i, host, port) for i in range(count)]
    sent, answered = 0, set()
    begin = time.monotonic()
    while (now := time.monotonic()) < begin + seconds:
        for s in socks:
            send(s, sent.to_bytes(8, "big"))
            sent += 1
        while time.monotonic() < now + 0.05:
            drain(socks, answered, now + 0.05 - time.monotonic())
    end = time.monotonic() + 1
    while len(answered) < sent and time.monotonic() < end:
        drain(socks, answered, end - time.monotonic())
    print(sent, sent - len(answered), refused)


def wait_for_answer(s):
    begin = time.monotonic()
    while (now := time.monotonic()) < begin + 3:
        send(s, b"new")
        answered = set()
        while not answered and time.monotonic() < now + 0.1:
            drain([s], answered, now + 0.1 - time.monotonic())
        if answered:
            send(s, b"and again")  # as any host does: its lease is confirmed
            return time.monotonic() - begin
    return None


def newcomers(first, count, host, port):
    took = [wait_for_answer(open_host(first + i, host, port)) for i in range(count)]
    served = [t for t in took if t is not None]
    print(len(served), int(1000 * max(served, default=0)))


def main():
    if sys.argv[1] == "steady":
        steady(float(sys.argv[2]), int(ipaddress.IPv6Address(sys.argv[3])), int(sys.argv[4]), sys.argv[5], int(sys.argv[6]))
    elif sys.argv[1] == "newcomers":
        newcomers(int(ipaddress.IPv6Address(sys.argv[2])), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
    else:
        sys.exit(__doc__)


main()
