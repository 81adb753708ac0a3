"""Terminals: shells whose output outlives every connection, to be read on from any byte offset."""

from ide_server.host.terminals.client import STALL_SECONDS, Client, ClientStalled, Size
from ide_server.host.terminals.terminal import Pty, Terminal
from ide_server.host.terminals.terminals import PtySource, PtySources, Terminals

__all__ = [
    "STALL_SECONDS",
    "Client",
    "ClientStalled",
    "Pty",
    "PtySource",
    "PtySources",
    "Size",
    "Terminal",
    "Terminals",
]
