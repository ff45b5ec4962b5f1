"""A real server on a real socket, asked by real clients."""

from __future__ import annotations

import json
import re
import signal
import socket
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

import dnnctl
import forked
from dnnctl.errors import UserError
from dnnctl.serving.server import address_of, open_socket
from forked import Forked

START = b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def test_a_port_that_is_taken_is_refused_and_zero_finds_another() -> None:
    with open_socket("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert address_of(first) == f"http://127.0.0.1:{port}/"
        with pytest.raises(UserError, match=rf"127\.0\.0\.1, port {port}: .*in use.*--port 0"):
            open_socket("127.0.0.1", port)
    for host in ("no such host", "192.0.2.1", "x" * 300):
        with pytest.raises(UserError, match="another --host"):
            open_socket(host, 0)


def everything(address: tuple[str, int], head: bytes, body: bytes = b"", times: int = 1) -> bytes:
    """What the server sends back until it closes the connection."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(head)
        try:
            for _ in range(times):
                connection.sendall(body)
        except OSError:
            pass  # it has closed the connection: it does not want to read that much
        found = bytearray()
        while part := connection.recv(65536):
            found += part
        return bytes(found)


@pytest.mark.heavy
def test_a_server_answers_as_predict_and_stops_on_ctrl_c(images: Any) -> None:
    """The numbers are exact; 10 GB are refused before they are read, whether announced or not; Ctrl-C is no failure."""
    process = Forked(forked.dnnctl, "serve", images.run.path, "--port", "0")
    try:
        line = process.stdout.readline()
        (url, port) = re.findall(r"(http://127\.0\.0\.1:(\d+)/) \(Ctrl-C", line)[0]
        inputs = np.random.default_rng(5).integers(0, 256, (7, 6, 6)).astype(np.uint8)
        body = json.dumps(inputs.tolist()).encode()
        with urlopen(Request(f"{url}predict", body, {"Content-Type": "application/json"}), timeout=60) as answer:
            rows = json.load(answer)["predictions"]
        found = dnnctl.predict(images.run, inputs)
        assert [[row[name] for row in rows] for name in found] == [values.tolist() for values in found.values()]
        with pytest.raises(HTTPError, match="415"):
            urlopen(f"{url}predict", b"x", timeout=60)
        address = ("127.0.0.1", int(port))
        assert b" 413 " in everything(address, START + b"Content-Length: 10000000000\r\n\r\n").partition(b"\r\n")[0]
        chunk = b"F4240\r\n" + b"x" * 1_000_000 + b"\r\n"
        assert b" 413 " in everything(address, START + b"Transfer-Encoding: chunked\r\n\r\n", chunk, 10_000)
        assert b" 400 " in everything(address, np.random.default_rng(6).bytes(70_000))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert (process.wait(), out, err) == (0, "stopped\n", "")
    finally:
        process.end()
