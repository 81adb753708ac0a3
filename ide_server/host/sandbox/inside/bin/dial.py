"""Answers each port that comes on standard input, a socket of messages, with a connection to it, or why there is none.

It runs for as long as the host holds the other end.
"""

import array
import os
import socket

LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def connect(port):
    failure = None
    for family, address in LOOPBACKS:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.connect((address, port))
            return connection
        except OSError as error:
            connection.close()
            failure = failure or error
    raise failure


def main():
    host = socket.socket(fileno=0)
    while True:
        request = host.recv(16)
        if not request:
            return
        try:
            with connect(int(request)) as connection:
                passed = array.array("i", [connection.fileno()])
                host.sendmsg([b"ok"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
        except OSError as error:
            host.send(os.strerror(error.errno or 0).encode())


main()
