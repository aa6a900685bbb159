"""Importing this leaves the tests no network: only this machine's own addresses can be reached, which Dask needs."""

from __future__ import annotations

import socket
import sys

_OWN = {"127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "", None, socket.gethostname()}
_REACHING_OUT = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_LOOKING_UP = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in _REACHING_OUT:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a Unix socket
    elif event in _LOOKING_UP:
        host = arguments[0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host not in _OWN:
        raise OSError(f"the tests have no network: {event} {host}")


sys.addaudithook(_refuse)
