#!/usr/bin/env python3
"""Packets that somebody else should not get through, and who sees them.

watch DEVICE MARK END  says "ready", and ends well once a packet with MARK has passed DEVICE; 1 if there is one with END first
send FROM TO MARK      a datagram to the discard port
ask TO PORT            opens a TCP connection: ends well if it is accepted
tell TO PORT           a datagram: ends well if it comes back
serve ADDRESS PORT...  accepts connections there, and sends datagrams back
"""
import selectors
import socket
import sys

PATIENCE = 1.0


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def watch(device, mark, last):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    s.bind((device, 3))
    print("ready", flush=True)
    while True:
        packet = s.recv(65536)
        if mark.encode() in packet:
            return
        if last.encode() in packet:
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


def tell(to, port):
    s = socket.socket(family(to), socket.SOCK_DGRAM)
    s.settimeout(PATIENCE)
    try:
        s.connect((to, int(port)))
        s.send(b"there and back")
        s.recv(100)
    except OSError:
        sys.exit(1)


def serve(address, *ports):
    waiting = selectors.DefaultSelector()
    for port in ports:
        waiting.register(socket.create_server((address, int(port)), family=family(address)), selectors.EVENT_READ, True)
        s = socket.socket(family(address), socket.SOCK_DGRAM)
        s.bind((address, int(port)))
        waiting.register(s, selectors.EVENT_READ, False)
    while True:
        for key, _ in waiting.select():
            try:
                if key.data:
                    key.fileobj.accept()[0].close()
                else:
                    key.fileobj.sendto(*key.fileobj.recvfrom(100))
            except OSError:  # an ICMP error about an answer
                pass


if __name__ == "__main__":
    {"watch": watch, "send": send, "ask": ask, "tell": tell, "serve": serve}[sys.argv[1]](*sys.argv[2:])
