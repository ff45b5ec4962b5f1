"""The web application of one run: `POST /predict`, `/health`, `/metadata`, a page, and its own reference."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI, Request
from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from dnnctl import __version__
from dnnctl.errors import UserError
from dnnctl.serving.description import describe, request_body
from dnnctl.serving.guard import Guard, Limits, refuse
from dnnctl.serving.page import build_page, build_reference
from dnnctl.serving.service import Answer, Service

ERRORS = {
    400: "the body is not JSON, or the form is damaged",
    413: "the body is too large, or it has too many rows",
    415: "the content type is not supported",
    422: "the rows do not fit the run",
    429: "too many requests",
}
BRIEF = "Every error is a JSON object with the key `error`."


def build_app(service: Service, limits: Limits, hosts: tuple[str, ...] = ()) -> FastAPI:
    """The application of a run.

    Args:
        hosts: the values of the Host header that are answered; empty for all.
    """
    app = FastAPI(
        title=f"dnnctl: {service.run.id}", version=__version__, description=BRIEF, docs_url=None, redoc_url=None
    )
    app.add_middleware(Guard, limits=limits, hosts=hosts)
    for kind, handler in HANDLERS.items():
        app.add_exception_handler(kind, handler)
    facts = describe(service, limits)
    page, errors = build_page(service, facts), {status: {"description": text} for status, text in ERRORS.items()}

    @app.get("/health", summary="Whether the server answers")
    async def health() -> dict[str, str]:
        return {"status": "ok", "run": service.run.id}

    @app.get("/metadata", summary="The run, its inputs, its outputs and its results")
    async def metadata() -> dict[str, Any]:
        return facts

    body = {"requestBody": request_body(service)}

    @app.post("/predict", summary="Predict for rows or images", openapi_extra=body, responses=errors)  # type: ignore[arg-type]
    async def predict(request: Request) -> Answer:
        return await _predict(request, service, limits)

    @app.get("/", include_in_schema=False)
    async def show_page() -> Response:
        return HTMLResponse(page.text, headers=page.headers)

    @app.get("/docs", include_in_schema=False)
    async def show_reference() -> Response:
        reference = build_reference(app.openapi())
        return HTMLResponse(reference.text, headers=reference.headers)

    return app


async def _predict(request: Request, service: Service, limits: Limits) -> Answer:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        async with asyncio.timeout(limits.seconds):
            if kind == "multipart/form-data":
                images = await _read_form(request, limits)
                return await run_in_threadpool(service.answer_images, images)
            data = await request.body()
    except TimeoutError:
        raise HTTPException(408, f"The request took longer than {limits.seconds:g} s.") from None
    if kind.startswith("image/"):
        return await run_in_threadpool(service.answer_images, [("image", data)])
    if kind != "application/json":
        what = "JSON with the header Content-Type: application/json"
        raise HTTPException(415, f"Send {what}{', or an image' if service.takes_images else ''}.")
    return await run_in_threadpool(_answer_json, service, data, limits)


def _answer_json(service: Service, data: bytes, limits: Limits) -> Answer:
    try:
        rows = from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise HTTPException(400, f"The body is not JSON: {error}.") from None
    if not isinstance(rows, list) or not rows:
        shown = "[{…}, …]" if service.form.encoding is not None else "[[…], …]"
        raise UserError(f"The body must be a list of rows: {shown}.")
    if len(rows) > limits.rows:
        raise HTTPException(413, f"The request has {len(rows):,} rows. At most {limits.rows:,} are answered.")
    return service.answer_rows(rows)


async def _read_form(request: Request, limits: Limits) -> list[tuple[str, bytes]]:
    """The images of a form, by the names of their files."""
    async with request.form(max_files=limits.rows, max_fields=10) as form:
        files = [each for _, each in form.multi_items() if isinstance(each, UploadFile)]
        if not files:
            raise UserError("The form has no file. Send an image as the field `file`.")
        return [(each.filename or "image", await each.read()) for each in files]


async def _refuse_http(_request: Request, error: Any) -> JSONResponse:
    return refuse(error.status_code, str(error.detail), error.headers)


async def _refuse_input(_request: Request, error: Exception) -> JSONResponse:
    return refuse(422, str(error))


async def _refuse_memory(_request: Request, _error: Exception) -> JSONResponse:
    return refuse(413, "There is too little memory for this request. Send fewer rows.")


async def _refuse_bug(_request: Request, _error: Exception) -> JSONResponse:
    return refuse(500, "The server has a bug: see its standard error.")


HANDLERS: dict[Any, Any] = {
    HTTPException: _refuse_http,
    UserError: _refuse_input,
    MemoryError: _refuse_memory,
    Exception: _refuse_bug,
}
