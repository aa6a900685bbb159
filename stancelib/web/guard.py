"""What a request must be before the application sees it, and what every answer carries. Plain ASGI.

Three strangers are kept out: a web page of another site that the user has open (Origin, Sec-Fetch-Site), a name of
another site that was made to point here (Host; "DNS rebinding"), and a body that is too large, too deep or too slow.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOG = logging.getLogger("stancelib.web")

#: Nothing may be loaded, run, framed or sent by an answer; the page has a policy of its own.
CLOSED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
FAILED = "the server failed; nothing is wrong with the request"
HEADERS = {
    "content-security-policy": CLOSED,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::[0-9]{1,5})?")
#: A body that is too large is thrown away as it comes, up to so many times the limit: who still sends hears no answer.
_HEARD_OUT = 8
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class RefusedError(Exception):
    """A request that is answered with a status and a reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application in front of another.

    Args:
        app: the other.
        hosts: the names by which the server may be called, besides localhost and any IP address: a name of another site
            can be made to point here, an address can't.
        size: bytes that a body may have.
        depth: how deep its JSON may be nested.
        seconds: how long it may take to arrive.
    """

    app: App
    hosts: Collection[str]
    size: int
    depth: int
    seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            headers = _headers(scope)
            self._check_host(headers)
            _check_site(scope["method"], headers)
            await self.app(scope, await self._received(headers, receive), answer)
        except RefusedError as refused:
            await answer.refuse(refused.status, refused.reason)
        except Exception as error:
            # Not the error's own words: they may quote what was sent.
            place = traceback.extract_tb(error.__traceback__)[-1]
            _LOG.error("a request failed: %s in %s, line %s", type(error).__name__, place.name, place.lineno)
            await answer.refuse(500, FAILED)

    def _check_host(self, headers: dict[str, str]) -> None:
        found = _HOST.fullmatch(headers.get("host", "").lower())
        name = (found[1] or found[2]) if found else ""
        if not (name == "localhost" or name in self.hosts or _is_address(name)):
            raise RefusedError(421, "this server does not answer to that name; call it by its address or as localhost")

    async def _received(self, headers: dict[str, str], receive: Receive) -> Receive:
        """The body, read whole within the limits, as the application will receive it."""
        declared = headers.get("content-length", "0")
        if not declared.isdecimal():
            raise RefusedError(400, "Content-Length is no number")
        if len(declared) > 12 or int(declared) > self.size * _HEARD_OUT:
            raise self._too_large()
        body = bytearray()
        total = 0
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise RefusedError(400, "the request ended before its body did")
                    chunk = message.get("body", b"")
                    total += len(chunk)
                    if total <= self.size:
                        body += chunk
                    if total > self.size * _HEARD_OUT or not message.get("more_body", False):
                        break
        except TimeoutError:
            raise RefusedError(408, f"the body did not arrive within {self.seconds:g} seconds") from None
        if total > self.size:
            raise self._too_large()
        if _nesting(bytes(body)) > self.depth:
            raise RefusedError(400, f"the JSON is nested more than {self.depth} deep")
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def received() -> Message:
            return whole.pop() if whole else await receive()

        return received

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the body is larger than {self.size:,} bytes; send the article in parts")


class _Answer:
    """Sends an answer with the headers of every answer, and knows whether it has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            given = list(message.get("headers", []))
            names = {name.lower() for name, _ in given}
            more = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in names]
            message = {**message, "headers": [*given, *more]}
        await self._send(message)

    async def refuse(self, status: int, reason: str) -> None:
        if self._begun:
            return
        body = json.dumps({"detail": reason}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),  # what may still come of the body is not read
        ]
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self({"type": "http.response.body", "body": body})


def _headers(scope: Scope) -> dict[str, str]:
    """Of headers that come twice the values with a comma between, which no check lets through."""
    found: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1").lower()
        text = value.decode("latin-1").strip()
        found[name] = f"{found[name]},{text}" if name in found else text
    return found


def _check_site(method: str, headers: dict[str, str]) -> None:
    """Browsers say who asks; what says nothing is no browser, or the user at the address bar. A link from elsewhere to the
    page is no harm, as its sender does not see the answer."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    followed = method == "GET" and headers.get("sec-fetch-mode") == "navigate" and origin is None
    foreign = origin is not None and origin.partition("://")[2].lower() != headers["host"].lower()
    if foreign or not (followed or site in ("none", "same-origin")):
        raise RefusedError(403, "requests from pages of other sites are refused")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _nesting(body: bytes) -> int:
    """How deep brackets outside of strings are nested."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
