"""What every request must pass, and what every response has: bounds on sizes and rates, and headers for browsers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dnnctl.serving.token_bucket import TokenBucket
from dnnctl.text import format_bytes

LOOPBACK = ("127.0.0.1", "::1", "localhost")
NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""What a browser may load for an answer that is no page."""


@dataclass(frozen=True)
class Limits:
    """How much a client may ask for."""

    rows: int = 10_000
    """The number of rows in a request."""
    bytes: int = 16_000_000
    """The size of a request's body."""
    rate: float = 50.0
    """Requests per second."""
    seconds: float = 60.0
    """The time to send a request's body."""


class Guard:
    """An ASGI middleware that refuses requests that are too large or too many, before they are read.

    Args:
        hosts: the values of the Host header that are answered; empty for all. A server that is bound to this machine
            must not answer to other names: with those, a page of any website could read the answers (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, limits: Limits, hosts: tuple[str, ...] = ()) -> None:
        self.app = app
        self.limits = limits
        self.hosts = hosts
        self.bucket = TokenBucket(limits.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        refusal = self._refusal(Headers(scope=scope), scope["path"])
        if refusal is not None:
            return await refusal(scope, receive, _with_headers(send))
        return await self.app(scope, self._bounded(receive), _with_headers(send))

    def _refusal(self, headers: Headers, path: str) -> JSONResponse | None:
        if self.hosts and host_name(headers.get("host", "")) not in self.hosts:
            return refuse(400, f"This server answers only to {', '.join(self.hosts)}.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 20 or int(length) > self.limits.bytes:
            return refuse(413, self._too_large(), {"connection": "close"})
        wait = 0.0 if path == "/health" else self.bucket.take()
        if wait:
            text = f"Too many requests: {self.limits.rate:g} per second are answered. Wait, and send it again."
            return refuse(429, text, {"retry-after": str(math.ceil(wait))})
        return None

    def _bounded(self, receive: Receive) -> Receive:
        """The same, but a body that is longer than its header says, or has no length, ends in an error."""
        n_bytes = 0

        async def receive_some() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > self.limits.bytes:
                raise HTTPException(413, self._too_large(), {"connection": "close"})
            return message

        return receive_some

    def _too_large(self) -> str:
        return f"The request is too large: its body may have {format_bytes(self.limits.bytes)}. Send fewer rows."


def refuse(status: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as a response."""
    return JSONResponse({"error": text}, status, headers)


def host_name(value: str) -> str:
    """The host in a Host header, which may have a port: `[::1]:8000`."""
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.rpartition(":")[0].lower() if ":" in value else value.lower()


def _with_headers(send: Send) -> Send:
    async def send_some(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", NOTHING)
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "no-referrer"
            headers["cache-control"] = "no-store"
        await send(message)

    return send_some
