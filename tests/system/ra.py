#!/usr/bin/env python3
"""Router advertisements on a link, for a test.

  ra.py send DEVICE PREFIX   announces PREFIX/64, with a lifetime, each half second; it is no default router
  ra.py hear DEVICE          solicits one, prints "router ADDRESS", "rdnss ADDRESS", "pref64 PREFIX" lines of the first answer
"""
import ipaddress
import socket
import struct
import sys
import time

ALL_NODES, ALL_ROUTERS = "ff02::1", "ff02::2"
SOLICITATION, ADVERTISEMENT = 133, 134
PREFIX, RDNSS, PREF64 = 3, 25, 38
LENGTHS = [96, 64, 56, 48, 40, 32]  # RFC 8781, section 4, by the Prefix Length Code


def open_socket(device):
    link = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    index = socket.if_nametoindex(device)
    link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    link.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    return link, index


def send(device, prefix):
    option = struct.pack("!BBBBIII", PREFIX, 4, 64, 0xC0, 86400, 14400, 0) + ipaddress.IPv6Address(prefix).packed
    message = struct.pack("!BBHBBHII", ADVERTISEMENT, 0, 0, 64, 0, 0, 0, 0) + option
    while True:
        try:
            link, index = open_socket(device)
            with link:
                link.sendto(message, (ALL_NODES, 0, 0, index))
        except OSError:
            pass  # the link is down while the machine boots
        time.sleep(0.5)


def options(data):
    while len(data) >= 8 and data[1]:
        yield data[0], data[: data[1] * 8]
        data = data[data[1] * 8 :]


def hear(device):
    link, index = open_socket(device)
    link.settimeout(1)
    for _ in range(20):
        link.sendto(struct.pack("!BBHI", SOLICITATION, 0, 0, 0), (ALL_ROUTERS, 0, 0, index))
        try:
            data, source = link.recvfrom(2000)
        except TimeoutError:
            continue
        if data[0] != ADVERTISEMENT:
            continue
        print("router", source[0].split("%")[0])
        for kind, option in options(data[16:]):
            if kind == RDNSS:
                for start in range(8, len(option), 16):
                    print("rdnss", ipaddress.IPv6Address(option[start : start + 16]))
            elif kind == PREF64:
                length = LENGTHS[option[3] & 7]
                print(f"pref64 {ipaddress.IPv6Address(option[4:16] + bytes(4))}/{length}")
        return 0
    return 1


if sys.argv[1] == "send":
    send(sys.argv[2], sys.argv[3])
else:
    sys.exit(hear(sys.argv[2]))
