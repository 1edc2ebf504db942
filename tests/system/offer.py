#!/usr/bin/env python3
"""Asks for an IPv4 address as a host that can do without one (RFC 8925): offer.py DEVICE.

Prints "option: NUMBER VALUE" lines of the first DHCPOFFER.
"""
import socket
import struct
import sys

COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER = 1, 2
REQUEST_LIST, MESSAGE_TYPE, END = 55, 53, 255
BROADCAST = 0x8000

device = sys.argv[1]
with open(f"/sys/class/net/{device}/address", encoding="ascii") as file:
    hardware = bytes.fromhex(file.read().strip().replace(":", ""))
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
link.bind(("", 68))
link.settimeout(2)
message = struct.pack("!BBBBIHH16s16s192x", 1, 1, 6, 0, 0x64646464, 0, BROADCAST, b"", hardware) + COOKIE
message += bytes([MESSAGE_TYPE, 1, DISCOVER, REQUEST_LIST, 3, 1, 3, 108, END])
for _ in range(5):
    link.sendto(message, ("255.255.255.255", 67))
    try:
        data = link.recv(2000)
    except TimeoutError:
        continue
    options = data[240:]
    while options and options[0] != END:
        if options[0] == 0:
            options = options[1:]
            continue
        print("option:", options[0], options[2 : 2 + options[1]].hex())
        options = options[2 + options[1] :]
    sys.exit(0)
sys.exit(1)
