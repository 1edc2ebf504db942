#!/usr/bin/env python3
"""Packets that no ordinary program sends, and what the kernel tells a program about those it did send.

complaint HOST PORT         one datagram into the void: the error, who sent it, which packet it is about
shoot HOST PORT SIZE        one datagram, and no waiting
discover HOST PORT SIZE     a datagram with the DF bit, shorter each time the path says so: the size that came back
nocheck HOST PORT SIZE      a datagram without DF and checksum: "echo" or the complaint
tolerate PORT               udp.py's echo over IPv6, for datagrams without checksum too
throw HOST SIZE NUMBER...   packets of SIZE bytes of each of the protocols, as `take' knows them
take FAMILY SIZE NUMBER...  says of each protocol whether they arrive, and as they left: "NUMBER: unchanged"
"""
import errno
import os
import random
import select
import socket
import struct
import sys
import time

IP_RECVERR, IPV6_RECVERR, SO_NO_CHECK, UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX = 11, 25, 11, 101, 102
IP_MTU_DISCOVER, IP_MTU, IPV6_MTU_DISCOVER, IPV6_MTU = 10, 14, 23, 24
PMTUDISC_DONT, PMTUDISC_DO = 0, 2


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def udp(host, port, pmtu=None):
    six = ":" in host
    s = socket.socket(family(host), socket.SOCK_DGRAM)
    if pmtu is not None:
        s.setsockopt(*((socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER) if six else (socket.IPPROTO_IP, IP_MTU_DISCOVER)), pmtu)
    s.setsockopt(*((socket.IPPROTO_IPV6, IPV6_RECVERR) if six else (socket.IPPROTO_IP, IP_RECVERR)), 1)
    s.connect((host, port))
    return s


def read_error(s, wait=2):
    """The next entry of the error queue: number, offender, destination of the packet it is about."""
    poll = select.poll()
    poll.register(s, 0)
    if not poll.poll(wait * 1000):
        return None
    _, aux, _, peer = s.recvmsg(2000, 512, socket.MSG_ERRQUEUE)
    for level, kind, data in aux:
        if (level, kind) not in ((socket.IPPROTO_IPV6, IPV6_RECVERR), (socket.IPPROTO_IP, IP_RECVERR)):
            continue
        number = struct.unpack_from("=I", data)[0]
        offender = socket.inet_ntop(socket.AF_INET6, data[24:40]) if level == socket.IPPROTO_IPV6 \
            else socket.inet_ntop(socket.AF_INET, data[20:24])
        return errno.errorcode[number], offender, peer
    return None


def complaint(host, port):
    s = udp(host, port)
    s.send(b"x")
    got = read_error(s)
    print(f"{got[0]} from {got[1]} about {got[2][0]} port {got[2][1]}" if got else "silence")


def shoot(host, port, size):
    udp(host, port).send(os.urandom(size))


def discover(host, port, size):
    six = ":" in host
    header = 48 if six else 28
    s = udp(host, port, PMTUDISC_DO)
    data = random.Random(1191).randbytes(size)
    for _ in range(20):
        try:
            s.send(data)
            s.settimeout(0.3)
            if s.recv(65536) == data:
                print(f"{len(data) + header} bytes")
                return
            sys.exit("other bytes came back")
        except (TimeoutError, socket.timeout):
            pass
        except OSError as e:
            if e.errno != errno.EMSGSIZE:
                raise
            mtu = s.getsockopt(socket.IPPROTO_IPV6, IPV6_MTU) if six else s.getsockopt(socket.IPPROTO_IP, IP_MTU)
            data = data[:mtu - header]
    sys.exit("no answer")


def nocheck(host, port, size):
    s = udp(host, port, PMTUDISC_DONT)
    s.setsockopt(*((socket.IPPROTO_UDP, UDP_NO_CHECK6_TX) if ":" in host else (socket.SOL_SOCKET, SO_NO_CHECK)), 1)
    data = os.urandom(size)
    s.send(data)
    poll = select.poll()
    poll.register(s, select.POLLIN)
    events = poll.poll(500)
    if not events:
        print("silence")
    elif events[0][1] & select.POLLERR:
        print("{0} from {1}".format(*read_error(s)))
    else:
        print("echo" if s.recv(65536) == data else "other bytes")


def tolerate(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)
    s.bind(("", port))
    while True:
        s.sendto(*s.recvfrom(65536))


def known(protocol, size):
    return random.Random(protocol).randbytes(size)


def throw(host, size, *protocols):
    socks = [(socket.socket(family(host), socket.SOCK_RAW, p), known(p, size)) for p in protocols]
    for _ in range(3):
        for s, data in socks:
            s.sendto(data, (host, 0))
        time.sleep(0.1)


def take(version, size, *protocols):
    socks = [socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_RAW, p) for p in protocols]
    print("ready", flush=True)
    end = time.monotonic() + 1.5
    for s in socks:
        s.settimeout(max(end - time.monotonic(), 0.01))
        try:
            got = s.recv(65536)
        except (TimeoutError, socket.timeout):
            print(f"{s.proto}: nothing")
            continue
        if version == 4:
            got = got[(got[0] & 15) * 4:]
        print(f"{s.proto}: " + ("unchanged" if got == known(s.proto, size) else f"{len(got)} other bytes"))


def main():
    modes = {f.__name__: f for f in (complaint, shoot, discover, nocheck, tolerate, throw, take)}
    if len(sys.argv) < 2 or sys.argv[1] not in modes:
        sys.exit(__doc__)
    modes[sys.argv[1]](*(int(a) if a.isdigit() else a for a in sys.argv[2:]))


main()
