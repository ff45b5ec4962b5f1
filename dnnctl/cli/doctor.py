"""`dnnctl doctor`: installed versions, available devices, and what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import terminal_width, wrap_text
from dnnctl.store.catalog import runs_directory
from dnnctl.store.file_system import lock_warning, mount_of


@dataclass(frozen=True)
class Finding:
    """The state of one thing that doctor examines."""

    subject: str
    state: str
    is_fine: bool = True
    hint: str = ""


def doctor_command(runs_dir: RunsDir = None, as_json: Json = False) -> None:
    """Show versions, devices, data and directories, and report what is missing.

    Exits with code 1 if training cannot work.
    """
    with failures_reported():
        findings = [
            *examine_packages(),
            *examine_tensorflow(),
            *examine_data(),
            *examine_directories(),
            examine_runs(runs_directory(runs_dir)),
        ]
    if as_json:
        print_json([asdict(finding) for finding in findings], indent=2)
    else:
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            mark = "ok" if finding.is_fine else "!!"
            hint = f" — {finding.hint}" if finding.hint else ""
            text = wrap_text(f"{finding.state}{hint}", terminal_width(), indent=width + 6)
            print_text(f"{mark}  {finding.subject:<{width}}  {text}")
    if not all(finding.is_fine for finding in findings):
        raise typer.Exit(1)


def examine_packages() -> list[Finding]:
    """Python and the packages that training needs."""
    from dnnctl.store.environment import PACKAGES, installed_version  # not above: `--help` and `list` need none of it

    findings = [Finding("python", f"{platform.python_version()} ({sys.executable})")]
    for package in PACKAGES:
        found = installed_version(package)
        hint = "" if found else f"pip install {package}"
        findings.append(Finding(package, found or "missing", found is not None, hint))
    return findings


def examine_tensorflow() -> list[Finding]:
    """Whether TensorFlow loads, and which devices it sees."""
    from dnnctl.commands.stderr import stderr_to

    try:
        with stderr_to(os.devnull):
            from dnnctl.engine.device import list_devices

            devices = list_devices()
    except Exception as error:  # the user must see any reason why TensorFlow cannot be loaded
        reason = " ".join(str(error).split())
        return [
            Finding("devices", f"TensorFlow cannot be loaded: {reason}", False, "pip install --force-reinstall dnnctl")
        ]
    cpus = os.cpu_count() or 1
    threads = "one thread for each core; change it with runtime.threads"
    cpu = Finding("cpu", f"{cpus} {'core' if cpus == 1 else 'cores'}, {platform.machine()}", hint=threads)
    gpus = [name for kind, name in devices if kind == "gpu"]
    if not gpus:
        hint = "training uses the CPU; to use an NVIDIA GPU: pip install 'dnnctl[gpu]'"
        return [cpu, Finding("gpu", "none", True, hint)]
    grows = os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH", "").lower() in ("true", "1")
    memory = "it takes memory as it needs it" if grows else "it takes all memory at once (TF_FORCE_GPU_ALLOW_GROWTH)"
    hint = f"training uses GPU 0, with deterministic operations; change it with runtime.gpu; {memory}"
    return [cpu, Finding("gpu", ", ".join(f"{index}: {name}" for index, name in enumerate(gpus)), hint=hint)]


def examine_data() -> list[Finding]:
    """The data sets that are available without a download."""
    from dnnctl.data.cache import cache_directory
    from dnnctl.data.cached_datasets import cached_datasets

    present = [name for name in cached_datasets() if name != "fashion_mnist_sample"]
    return [Finding("data", f"fashion_mnist_sample (bundled); in {cache_directory()}: {', '.join(present) or 'none'}")]


def examine_directories() -> list[Finding]:
    """The directories of data sets and of dnnctl's cache, and the variables that change them."""
    from dnnctl.data.cache import cache_directory
    from dnnctl.engine.compilation_cache import cache_warnings
    from dnnctl.store.cache import cache_directory as own_cache_directory

    own_cache = own_cache_directory()
    return [
        Finding("data directory", str(cache_directory()), hint="change it with DNNCTL_DATA_DIR"),
        Finding(
            "cache",
            str(own_cache) if own_cache else "off",
            hint="compiled steps, indexes of images; change it with DNNCTL_CACHE_DIR; an empty value disables it"
            + "".join(f". {warning}" for warning in cache_warnings()),
        ),
    ]


def examine_runs(directory: Path) -> Finding:
    """Whether runs can be written, and the free disk space."""
    existing = next(folder for folder in (directory, *directory.resolve().parents) if folder.exists())
    free = shutil.disk_usage(existing).free / 1e9
    mount = mount_of(directory)
    if not os.access(existing, os.W_OK):
        return Finding("runs", f"{directory} is not writable", False, "choose another --runs-dir")
    kind = f" on {mount.kind}" if mount else ""
    hint = "change it with --runs-dir or DNNCTL_RUNS_DIR"
    warning = lock_warning(directory)
    return Finding("runs", f"{directory}, {free:.0f} GB free{kind}", hint=f"{hint}. {warning}" if warning else hint)
