"""The pages in a real browser: they are drawn, answer, and ask nobody but their own server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image

import dnnctl
from browser import Browser, open_browser
from dnnctl.serving.app import build_app
from dnnctl.serving.guard import Limits
from dnnctl.serving.server import address_of, open_socket
from sample_tables import NAMES

pytestmark = pytest.mark.heavy
NASTY = "<img src=x onerror=alert(1)></script>"
ANSWERED = """new Promise((done) => {
  const wait = () => document.getElementById("answer").hidden && document.getElementById("error").hidden
    ? setTimeout(wait, 20) : done();
  wait();
})"""
SEEN = """({
  answer: document.querySelector("#answer dd")?.textContent,
  names: [...document.querySelectorAll(".bar span:first-child")].map((each) => each.textContent),
  bars: [...document.querySelectorAll(".fill")].map((each) => parseFloat(each.style.width)),
  error: document.getElementById("error").hidden ? "" : document.getElementById("error").textContent,
  tooWide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  paper: getComputedStyle(document.body).backgroundColor,
  asked: performance.getEntriesByType("resource").map((each) => each.name),
  unnamed: [...document.querySelectorAll("input, select, button, img")].filter((each) =>
    !(each.textContent.trim() || each.alt || each.closest("label"))).length,
})"""


@contextmanager
def served(service: Any) -> Iterator[str]:
    """The address of a server in this process."""
    with open_socket("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(build_app(service, Limits()), log_config=None, lifespan="off"))
        thread = Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield address_of(listening)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


def drop(data: bytes) -> str:
    """The script that drops a file on the page."""
    return f"""{{
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array({list(data)})], "a.png"));
      document.querySelector(".drop").dispatchEvent(new DragEvent("drop", {{dataTransfer: files}}));
    }}"""


def png(pixels: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize(("width", "is_dark"), [(480, True), (1280, False)])
def test_an_image_is_dropped_and_answered(width: int, is_dark: bool, images: Any, browser: Browser) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (6, 6)).astype(np.uint8)
    found = dnnctl.predict(images.run, pixels[None])
    with served(images) as url:
        browser.visit(url, width=width, is_dark=is_dark)
        browser.run(drop(png(pixels)))
        browser.run(ANSWERED)
        seen = browser.run(SEEN)
        browser.run(drop(b"no image"))
        browser.run("new Promise((done) => setTimeout(done, 300))")
        browser.run(ANSWERED)
        assert "not an image" in browser.run(SEEN)["error"]
    assert seen["answer"] == found["prediction"][0]
    expected = sorted(((100 * float(found[f"p_{n}"][0]), str(n)) for n in range(3)), reverse=True)
    assert seen["names"] == [name for _, name in expected]
    np.testing.assert_allclose(seen["bars"], [value for value, _ in expected], atol=0.01)
    assert (seen["error"], seen["tooWide"], seen["unnamed"]) == ("", False, 0)
    assert {asked for asked in seen["asked"] if not asked.startswith(("blob:", "data:"))} <= {f"{url}predict"}
    assert seen["paper"] == ("rgb(20, 22, 26)" if is_dark else "rgb(255, 255, 255)")


def test_a_row_is_typed_in_and_what_is_wrong_is_text(table: Any, browser: Browser) -> None:
    """A form for all types of columns. HTML in a value or in an error is shown as it is, and no script runs."""
    row = {"size": "90000", "new": "true", "sold": "1990-01-01", "colour": NASTY, "zip": "00001", "owner": "owner 1"}
    with served(table) as url:
        browser.visit(url)
        names = browser.run(
            "[...document.querySelectorAll('#fields label')].map((each) => each.firstChild.textContent)"
        )
        assert set(names) == {NAMES.get(key, key) for key in row}
        for key, value in row.items():
            place = names.index(NAMES[key])
            browser.run(
                f"document.querySelectorAll('#fields label')[{place}].querySelector('input, select').value = {value!r}"
            )
        browser.run("document.querySelector('button').click()")
        browser.run(ANSWERED)
        seen = browser.run(SEEN)
        typed = {NAMES[key]: [True if value == "true" else value] for key, value in row.items()}
        expected = float(dnnctl.predict(table.run, {**typed, NAMES["size"]: [90000.0]})["prediction"][0])
        assert float(seen["answer"]) == pytest.approx(expected, rel=5e-3)
        assert (seen["error"], seen["unnamed"]) == ("", 0)
        browser.run(f"document.getElementById('error').textContent = {NASTY!r}")
        browser.visit(f"{url}docs")
        assert "POST /predict" in browser.run("document.body.textContent")
        assert browser.run("document.scripts.length") == 0
    assert not [line for line in browser.console if "Failed to load resource" not in line], browser.console


def test_names_from_the_run_cannot_end_the_script(
    table: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(table.run.facts.spec, "description", f"</script>{NASTY}<script>alert(2)")
    with served(table) as url:
        browser.visit(url)
        assert browser.run("document.querySelectorAll('img').length") == 0
        assert NASTY in browser.run("document.getElementById('description').textContent")


def test_no_page_names_another_server(images: Any) -> None:
    from dnnctl.serving.description import describe
    from dnnctl.serving.page import build_page

    page = build_page(images, describe(images, Limits()))
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert Path(str(images.run.path)).parent.name not in page.text.replace(images.run.id, "")
