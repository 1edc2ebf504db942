#!/usr/bin/env python3
"""Who is it, as the other side sees him?

serve PORT            tell everybody who connects his address, IPv6 and IPv4
ask HOST PORT [FROM]  print what HOST says
"""
import socket
import sys


def serve(port):
    s = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=50)
    while True:
        c, peer = s.accept()
        c.sendall(peer[0].removeprefix("::ffff:").encode())
        c.close()


def ask(host, port, source=None):
    with socket.create_connection((host, port), 3, (source, 0) if source else None) as s:
        return s.recv(100).decode()


def main(command, *args):
    if command == "serve":
        serve(int(args[0]))
    try:
        print(ask(*args))
    except OSError as e:
        sys.exit(str(e))


main(*sys.argv[1:])
