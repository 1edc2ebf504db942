#!/usr/bin/env python3
"""inetd.py ADDRESS PORT COMMAND...: what a socket unit with Accept=yes does: runs COMMAND for each connection, which is its
standard input and output."""
import socket
import subprocess
import sys
import threading

listener = socket.create_server((sys.argv[1], int(sys.argv[2])), family=socket.AF_INET6, backlog=64)
while True:
    connection, _ = listener.accept()
    process = subprocess.Popen(sys.argv[3:], stdin=connection, stdout=connection)
    connection.close()
    threading.Thread(target=process.wait, daemon=True).start()
