"""`dnnctl serve`: a trained run over HTTP."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from dnnctl.cli.evaluate import AcceptAltered, ChosenWeights, check_weights
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import RunReference, RunsDir
from dnnctl.cli.printing import print_text
from dnnctl.errors import UserError
from dnnctl.store.catalog import load_run
from dnnctl.store.purpose import Wanted
from dnnctl.store.seal import ALTERED

HERE = "127.0.0.1"
MEGABYTE = 1_000_000
NEEDED = ("fastapi", "uvicorn", "python_multipart")


def serve_command(
    run: RunReference,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on; 0.0.0.0 is every network.")
    ] = HERE,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="PORT", help="The port; 0 takes a free one.")
    ] = 8000,
    rate: Annotated[
        float, typer.Option("--rate", min=0.001, max=1e6, metavar="N", help="Requests that are answered per second.")
    ] = 50.0,
    max_rows: Annotated[int, typer.Option("--max-rows", min=1, metavar="N", help="Rows in a request.")] = 10_000,
    max_mb: Annotated[int, typer.Option("--max-mb", min=1, metavar="N", help="The size of a request, in MB.")] = 16,
    weights: ChosenWeights = "best",
    accept_altered: AcceptAltered = False,
    runs_dir: RunsDir = None,
) -> None:
    """Answer requests over HTTP with a trained run: JSON rows or images in, predictions out, and a page to try it."""
    with failures_reported():
        check_extra()
        chosen = check_weights(weights)
        record = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        from dnnctl.serving.app import build_app
        from dnnctl.serving.guard import LOOPBACK, Limits
        from dnnctl.serving.server import address_of, open_socket, serve
        from dnnctl.serving.service import load_service

        with open_socket(host, port) as listening:
            service = load_service(record, chosen, accept_altered=accept_altered)
            if service.altered:
                print_notice(f"{ALTERED}: {', '.join(service.altered)}.")
            is_local = listening.getsockname()[0] in LOOPBACK
            if not is_local:
                print_notice(
                    f"everybody who can reach {host} can use this run: there is no password and no encryption."
                )
            limits = Limits(max_rows, max_mb * MEGABYTE, rate)
            app = build_app(service, limits, tuple(dict.fromkeys([*LOOPBACK, host.lower()])) if is_local else ())
            print_text(f"serving {record.id} at {address_of(listening)} (Ctrl-C stops it)")
            serve(app, listening)
            print_text("stopped")


def check_extra() -> None:
    """Check that the packages of the extra are installed.

    Raises:
        UserError: one is not.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UserError("serve needs FastAPI and uvicorn. Install them: pip install 'dnnctl[serve]'")
