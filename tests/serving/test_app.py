"""Over HTTP, a run answers what `predict` answers. Nothing that is sent crashes it, and no file can be read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from PIL import Image

import dnnctl
from dnnctl.serving.app import build_app
from dnnctl.serving.guard import Limits
from image_files import draw_pixels
from sample_specs import write_digits
from sample_tables import NAMES, TEST

pytestmark = pytest.mark.heavy
JSON = {"content-type": "application/json"}


def client(service: Any, **limits: Any) -> TestClient:
    return TestClient(build_app(service, Limits(**{"rate": 1e6, **limits})), raise_server_exceptions=False)


def png(pixels: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def rows_of(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What `predict` returned, row by row."""
    columns = {name: values.tolist() for name, values in found.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def table_rows(folder: Path) -> list[dict[str, Any]]:
    frame = pd.read_csv(folder / TEST, dtype={NAMES["zip"]: str}, keep_default_na=False)
    return [{key: None if value == "" else value for key, value in row.items()} for row in frame.to_dict("records")]


def test_rows_of_a_table_get_the_numbers_of_predict(table: Any, folder: Path) -> None:
    rows = table_rows(folder)
    answer = client(table).post("/predict", json=rows)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == rows_of(dnnctl.predict(table.run, folder / TEST))
    assert answer.json()["run"] == table.run.id


def test_arrays_and_images_get_the_numbers_of_predict(images: Any, floats: Any, folder: Path) -> None:
    """As nested lists, as the objects of JSON lines, as a form with files and as the bytes of one file."""
    with np.load(write_digits(folder / "again.npz")) as data:
        inputs = data["x_test"]
    ask = client(images)
    expected = rows_of(dnnctl.predict(images.run, inputs))
    assert ask.post("/predict", json=inputs.tolist()).json()["predictions"] == expected
    assert ask.post("/predict", json=[{"inputs": row} for row in inputs.tolist()]).json()["predictions"] == expected
    files = [("file", (f"{n}.png", png(image))) for n, image in enumerate(inputs[:5])]
    found = ask.post("/predict", files=files).json()["predictions"]
    assert [row.pop("path") for row in found] == [f"{n}.png" for n in range(5)]
    five = rows_of(dnnctl.predict(images.run, inputs[:5]))
    assert found == [{key: value for key, value in row.items() if key != "row"} for row in five]
    one = ask.post("/predict", content=png(inputs[0]), headers={"content-type": "image/png"}).json()["predictions"]
    alone = rows_of(dnnctl.predict(images.run, inputs[:1]))[0]
    assert one == [{"path": "image", **{key: value for key, value in alone.items() if key != "row"}}]
    numbers = np.load(folder / "test.npy")
    expected = rows_of(dnnctl.predict(floats.run, numbers))
    assert client(floats).post("/predict", json=numbers.tolist()).json()["predictions"] == expected


def test_what_the_run_says_of_itself_has_no_path_of_this_machine(table: Any, images: Any, folder: Path) -> None:
    for service, kind in ((table, "table"), (images, "image")):
        ask = client(service)
        facts = ask.get("/metadata").json()
        assert (facts["run"], facts["inputs"]["kind"]) == (service.run.id, kind)
        assert ask.get("/health").json() == {"status": "ok", "run": service.run.id}
        pages = [ask.get(path) for path in ("/", "/metadata", "/openapi.json", "/docs")]
        assert [page.status_code for page in pages] == [200] * 4
        assert not any(str(folder) in page.text for page in pages)
        assert "http://" not in pages[0].text


def test_the_example_of_the_reference_is_answered(table: Any, floats: Any) -> None:
    for service in (table, floats):
        ask = client(service)
        content = ask.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]["content"]
        assert ask.post("/predict", json=content["application/json"]["example"]).status_code == 200


def row_of(folder: Path, **changes: Any) -> dict[str, Any]:
    return {**table_rows(folder)[0], **changes}


def test_wrong_requests_are_refused_in_words(table: Any, images: Any, folder: Path) -> None:
    size = NAMES["size"]
    without = {key: value for key, value in row_of(folder).items() if key != size}
    ask, ask_images = client(table, rows=3, bytes=100_000), client(images)
    form = {"content-type": "multipart/form-data; boundary=x"}
    for answer, status, words in [
        (ask.post("/predict", content=b"{", headers=JSON), 400, "not JSON"),
        (ask.post("/predict", content=b"[NaN]", headers=JSON), 400, "not JSON"),
        (ask.post("/predict", content=b"[" * 5000, headers=JSON), 400, "not JSON"),
        (ask.post("/predict", content=b"\xff", headers=JSON), 400, "not JSON"),
        (ask.post("/predict", json=[]), 422, "list of rows"),
        (ask.post("/predict", json={"rows": []}), 422, "list of rows"),
        (ask.post("/predict", json=[[1]]), 422, "row:1: the row must be an object"),
        (ask.post("/predict", json=[without]), 422, size),
        (ask.post("/predict", json=[row_of(folder), without]), 422, f"row:2: no key '{size}'"),
        (ask.post("/predict", json=[row_of(folder, **{size: "big"})]), 422, "is a number, but 'big' in row 1"),
        (ask.post("/predict", json=[row_of(folder, **{size: [1]})]), 422, "is a list, but must be"),
        (ask.post("/predict", json=[row_of(folder)] * 4), 413, "4 rows. At most 3"),
        (ask.post("/predict", content=b" " * 100_001, headers=JSON), 413, "too large"),
        (ask.post("/predict", content=iter([b" " * 60_000] * 2), headers=JSON), 413, "too large"),
        (ask.post("/predict", data={"size": "1"}), 415, "Content-Type: application/json"),
        (ask.post("/predict", content=b"[]"), 415, "Content-Type: application/json"),
        (ask.post("/predict", files={"file": ("a.png", png(draw_pixels(1, 6, 6)[0]))}), 422, "is an image, but"),
        (ask_images.post("/predict", files={"file": ("a.png", b"no")}), 422, "a.png: not an image"),
        (ask_images.post("/predict", files={"file": ("a.png", png(np.zeros((5, 5), np.uint8)))}), 422, "5 × 5, but"),
        (ask_images.post("/predict", files=[("f", ("a", b"")), ("f", ("a", b""))]), 422, "the same name"),
        (ask_images.post("/predict", content=b"no form", headers=form), 400, "multipart"),
        (ask_images.post("/predict", content=b"--x\r\nno\r\n", headers=form), 400, ""),
        (ask_images.post("/predict", files={"nothing": ("", "1")}), 422, "has no file"),
        (ask_images.post("/predict", json=[[1, 2]]), 422, "row:1: the inputs have the shape 2. It must be 6 × 6"),
        (ask_images.post("/predict", json=["a"]), 422, "not numbers"),
        (ask_images.post("/predict", json=[np.full((6, 6), 0.5).tolist()]), 422, "uint8 pixels"),
        (ask_images.post("/predict", json=[np.full((6, 6), 10**30, object).tolist()]), 422, "row:1"),
        (ask_images.get("/predict"), 405, "Not Allowed"),
        (ask_images.get("/nothing"), 404, "Not Found"),
    ]:  # fmt: skip
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"], answer.text


def test_paths_in_a_request_are_not_opened(images: Any, table: Any, tmp_path: Path) -> None:
    """Neither as a row, nor as the name of a file, nor in the address."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(np.zeros((6, 6), np.uint8)))
    ask = client(images)
    for row in (str(secret), [str(secret)], {"path": str(secret)}, {"inputs": str(secret)}):
        assert ask.post("/predict", json=[row]).status_code == 422
    for path in (f"/{secret}", "/..%2f..%2fetc/passwd", f"/%2e%2e/{secret}", "/run.json", "/static/run.json"):
        assert ask.get(path).status_code == 404
    white = ask.post("/predict", files={"file": (str(secret), png(np.full((6, 6), 255, np.uint8)))}).json()
    black = ask.post("/predict", content=secret.read_bytes(), headers={"content-type": "image/png"}).json()
    white_row, black_row = white["predictions"][0], black["predictions"][0]
    assert white_row["path"] == str(secret)
    assert white_row["p_0"] != black_row["p_0"], "the bytes that were sent are what is answered"
    assert client(table).post("/predict", json=[{"path": str(secret)}]).status_code == 422


def damaged(draw: np.random.Generator, whole: bytes) -> bytes:
    """A request with some random bytes, or cut off, or random as a whole."""
    found = bytearray(whole)
    for _ in range(int(draw.integers(1, 6))):
        found[int(draw.integers(len(found)))] = int(draw.integers(256))
    way = draw.integers(4)
    if way == 0:
        return bytes(found[: int(draw.integers(len(found)))])
    return draw.bytes(int(draw.integers(1, 50_000))) if way == 1 else bytes(found)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Starlette closes no file of a cut form
def test_random_bytes_never_crash_it(table: Any, images: Any, folder: Path) -> None:
    """A million bytes as JSON, as forms and as images: every answer is JSON, and none is a failure of the server."""
    draw = np.random.default_rng(11)
    form = png(draw_pixels(1, 6, 6)[0]) + draw.bytes(5000)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    wholes = [
        (client(table), "application/json", json.dumps(table_rows(folder)).encode()),
        (client(images), "application/json", json.dumps(np.zeros((60, 6, 6), int).tolist()).encode()),
        (client(images), "image/png", form),
        (client(images), "multipart/form-data; boundary=x", head + form + b"\r\n--x--\r\n"),
    ]
    n_bytes, seen = 0, set()
    while n_bytes < 1_000_000:
        ask, kind, whole = wholes[int(draw.integers(len(wholes)))]
        body = damaged(draw, whole)
        n_bytes += len(body)
        answer = ask.post("/predict", content=body, headers={"content-type": kind})
        assert answer.status_code in (200, 400, 422), (kind, body, answer.text)
        assert ("error" in answer.json()) == (answer.status_code != 200)
        seen.add(answer.status_code)
    assert seen == {200, 400, 422}


def test_a_bug_is_no_traceback(images: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(images), "answer_rows", lambda *_: 1 / 0)
    answer = client(images).post("/predict", json=[[1]])
    assert (answer.status_code, "ZeroDivision" in answer.text, "bug" in answer.json()["error"]) == (500, False, True)
