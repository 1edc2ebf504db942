#!/usr/bin/env python3
"""Packets that somebody else should not get through, and who sees them.

watch DEVICE MARK      says "ready", and ends well once a packet with MARK has passed DEVICE; 1 after a while without
send FROM TO MARK      a datagram to the discard port
ask TO PORT            opens a TCP connection: ends well if it is accepted
"""
import select
import socket
import sys
import time

PATIENCE = 0.6


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def watch(device, mark):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    s.bind((device, 3))
    print("ready", flush=True)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if select.select([s], [], [], end - time.monotonic())[0] and mark.encode() in s.recv(65536):
            return
    sys.exit(1)


def send(source, to, mark):
    s = socket.socket(family(to), socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.sendto(mark.encode(), (to, 9))


def ask(to, port):
    try:
        socket.create_connection((to, int(port)), PATIENCE).close()
    except OSError:
        sys.exit(1)


if __name__ == "__main__":
    {"watch": watch, "send": send, "ask": ask}[sys.argv[1]](*sys.argv[2:])
