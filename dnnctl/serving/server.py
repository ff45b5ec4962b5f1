"""The web server: a socket, and uvicorn on it."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from dnnctl.errors import UserError

MOST_CONNECTIONS = 64
"""More are answered with 503."""
GRACE = 5
"""How long a request may take to finish after Ctrl-C, in seconds."""


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Args:
        port: 0 for a free one.

    Raises:
        UserError: the address cannot be used.
    """
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return socket.create_server(address[:2], family=family)  # type: ignore[arg-type]
    except (OSError, UnicodeError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fix = "Choose another --port, or --port 0 for a free one, or another --host."
        raise UserError(f"Cannot listen on {host}, port {port}: {reason}. {fix}") from None


def address_of(listening: socket.socket) -> str:
    """The address of the page, for a browser on this machine."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C or SIGTERM. Requests that have started are finished."""
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # damaged forms are answered, not reported here
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE,
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again when it has stopped
        uvicorn.Server(config).run(sockets=[listening])
