"""`dnnctl serve`: its options reach the server; the server is tested with the application."""

from __future__ import annotations

from typing import Any

import pytest

from command_line import call
from dnnctl.store.record import RunRecord


def test_without_the_extra_one_sentence_says_what_to_install(
    runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnnctl.cli.serve.find_spec", lambda name: None if name == "uvicorn" else object())
    done = call("serve", runs[0].id)
    assert (done.exit_code, "pip install 'dnnctl[serve]'" in done.stderr) == (2, True)


@pytest.mark.heavy
@pytest.mark.parametrize(("host", "is_local"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_only_a_local_server_is_silent_and_strict(
    host: str, is_local: bool, runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that every network reaches warns, and answers to every name."""
    built: list[Any] = []

    class Loaded:
        altered = ()

    monkeypatch.setattr("dnnctl.serving.service.load_service", lambda *_, **__: Loaded())
    monkeypatch.setattr("dnnctl.serving.app.build_app", lambda *given: built.append(given))
    monkeypatch.setattr("dnnctl.serving.server.serve", lambda *_: None)
    runs[0].folder.model.write_bytes(b"model")
    done = call("serve", runs[0].id, "--host", host, "--port", 0, "--rate", 2, "--max-rows", 3, "--max-mb", 4)
    assert done.exit_code == 0, done.output
    assert "http://127.0.0.1:" in done.stdout
    assert ("no password" in done.stderr) == (not is_local)
    ((_, limits, hosts),) = built
    assert (limits.rate, limits.rows, limits.bytes) == (2, 3, 4_000_000)
    assert hosts == (("127.0.0.1", "::1", "localhost") if is_local else ())
