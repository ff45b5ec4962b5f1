"""What is refused before an application sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from dnnctl.serving.guard import Guard, Limits, host_name


async def read_all(_scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the whole body."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def ask(guard: Guard, headers: dict[str, str], chunks: list[bytes], path: str = "/predict") -> tuple[Any, int]:
    """The status, or the error that the application gets, and how many chunks were read."""
    sent: list[Message] = []
    n_read = 0

    async def receive() -> Message:
        nonlocal n_read
        n_read += 1
        return {"type": "http.request", "body": chunks[n_read - 1], "more_body": n_read < len(chunks)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    try:
        asyncio.run(guard(scope, receive, send))
    except Exception as error:
        return error, n_read
    assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]
    return sent[0]["status"], n_read


@pytest.mark.parametrize("length", ["10000000000", "101", "9" * 5000, "-1", "1e9", "x"])
def test_a_body_that_says_it_is_too_large_is_not_read(length: str) -> None:
    assert ask(Guard(read_all, Limits(bytes=100)), {"content-length": length}, [b"x"]) == (413, 0)


def test_a_body_without_a_length_is_read_up_to_the_limit() -> None:
    guard = Guard(read_all, Limits(bytes=100))
    error, n_read = ask(guard, {}, [b"x" * 30] * 1000)
    assert (error.status_code, n_read) == (413, 4)
    assert ask(guard, {}, [b"x" * 50] * 2) == (200, 2)


def test_too_many_requests_are_told_when_to_come_back() -> None:
    guard = Guard(read_all, Limits(rate=0.01))
    assert [ask(guard, {}, [b""])[0] for _ in range(3)] == [200, 429, 429]
    assert ask(guard, {}, [b""], "/health")[0] == 200


def test_a_local_server_answers_only_to_its_own_names() -> None:
    """A website whose name leads to 127.0.0.1 gets nothing."""
    guard = Guard(read_all, Limits(), ("127.0.0.1", "::1", "localhost"))
    for host, status in [
        ("localhost:80", 200), ("127.0.0.1", 200), ("[::1]:8000", 200), ("LOCALHOST", 200),
        ("evil.com", 400), ("localhost.evil.com:80", 400), ("", 400),
    ]:  # fmt: skip
        assert ask(guard, {"host": host}, [b""])[0] == status, host
    assert ask(Guard(read_all, Limits()), {"host": "anything"}, [b""])[0] == 200
    assert host_name("[::1]") == "::1"
