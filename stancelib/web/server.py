"""uvicorn as it is run here: a socket that is bound first, clients that must not dawdle, and no log of requests."""

from __future__ import annotations

import asyncio
import socket

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from stancelib.web.guard import Guard

#: How long the head of a request may take, how long a client may leave an answer unread, and how long a connection stays
#: open between requests.
HEAD_SECONDS, UNREAD_SECONDS, IDLE_SECONDS = 10.0, 30.0, 5
#: Connections at a time; each may hold a body in memory.
CONNECTIONS = 128


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Args:
        host: a name or address of this machine.
        port: 0 for one that is free.

    Raises:
        OSError: there is no such host, or the port is taken or not for this user.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family, backlog=CONNECTIONS)


def serve(app: Guard, sock: socket.socket) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM)."""
    server(app).run([sock])


def server(app: Guard) -> uvicorn.Server:
    """A server that can be run and stopped."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # what is worth saying, `Guard` says
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=16 << 10,
    )
    return uvicorn.Server(config)


class _Protocol(H11Protocol):
    """uvicorn waits for ever for the end of a request's head, and for a client to take its answer; this does not."""

    _head: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # The end of an answer must not wait for the client's word that its beginning came: 40 ms a request.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        _cancel(self._unread)

    def connection_lost(self, exc: Exception | None) -> None:
        _cancel(self._head)
        _cancel(self._unread)
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            _cancel(self._head)
            self._head = None
        elif self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS, self.transport.abort)


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
