"""Odd environments: streams, terminals, encodings, directories, homes and limits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from attack.attack import Attack, Outcome
from attack.sample_store import put_store
from sample_specs import write_spec

LIMIT = 120
"""Seconds for one command."""


@dataclass(frozen=True)
class Environment:
    """What surrounds a command."""

    name: str
    before: str = ""
    """What the shell does first."""
    after: str = ""
    """What follows the command, such as a redirection."""
    variables: dict[str, str | None] = field(default_factory=dict)
    """Environment variables; None removes one."""
    runs: bytes = b"runs"
    """The runs directory."""


LONG = b"x" * 300
DEEP = b"/".join([b"y" * 200] * 2)
TOO_DEEP = b"/".join([b"z" * 200] * 25)
ENVIRONMENTS = (
    Environment("standard output is closed", after=">&-"),
    Environment("standard error is closed", after="2>&-"),
    Environment("all streams are closed", after="<&- >&- 2>&-"),
    Environment("standard input is closed", after="<&-"),
    Environment("standard output is full", after=">/dev/full"),
    Environment("standard error is full", after="2>/dev/full"),
    Environment("both outputs are full", after=">/dev/full 2>/dev/full"),
    Environment("the reader takes one byte", after="| head -c 1", before="set -o pipefail;"),
    Environment("the reader has ended", after="| exec true", before="set -o pipefail;"),
    Environment("output and errors go to one closed pipe", after="2>&1 | exec true", before="set -o pipefail;"),
    Environment("a Latin-1 terminal", variables={"PYTHONIOENCODING": "latin-1"}),
    Environment("an ASCII terminal", variables={"PYTHONIOENCODING": "ascii"}),
    Environment("a strict ASCII terminal", variables={"PYTHONIOENCODING": "ascii:strict"}),
    Environment("the C locale", variables={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    Environment("the C locale, accents", variables={"LC_ALL": "C", "PYTHONUTF8": "0"}, runs="é".encode()),
    Environment("an unknown locale", variables={"LC_ALL": "xx_YY.nonsense"}),
    Environment("a dumb terminal", variables={"TERM": "dumb"}),
    Environment("no terminal type", variables={"TERM": None}),
    Environment("no colors", variables={"NO_COLOR": "1"}),
    Environment("20 columns", variables={"COLUMNS": "20", "LINES": "5"}),
    Environment("0 columns", variables={"COLUMNS": "0"}),
    Environment("columns that are no number", variables={"COLUMNS": "wide"}),
    Environment("a name of 300 characters", runs=LONG),
    Environment("a path of 401 characters", runs=DEEP),
    Environment("a path of 5,000 characters", runs=TOO_DEEP),
    Environment("spaces", runs=b" a b  c "),
    Environment("a quote and a dollar sign", runs=b"a'b\"c$HOME`id`"),
    Environment("Unicode", runs="läufe-日本-😀".encode()),
    Environment("not UTF-8", runs=b"caf\xe9-\xff\xfe"),
    Environment("a name like an option", runs=b"./--help"),
    Environment("a hidden directory", runs=b".runs"),
    Environment("a file", runs=b"/dev/null"),
    Environment("a kernel's directory", runs=b"/proc/self"),
    Environment("a directory that cannot be made", runs=b"/sys/dnnctl"),
    Environment("a read-only directory", before="chmod -R a-w runs;"),
    Environment("a deleted working directory", before='mkdir gone; cd gone; rmdir "$PWD";'),
    Environment("no home", variables={"HOME": None}),
    Environment("a home that does not exist", variables={"HOME": "/nonexistent"}),
    Environment("a home that is a file", variables={"HOME": "/dev/null"}),
    Environment("a home that is relative", variables={"HOME": "x"}),
    Environment("a cache in a file", variables={"XDG_CACHE_HOME": "/dev/null", "DNNCTL_CACHE_DIR": None}),
    Environment("no temporary directory", variables={"TMPDIR": "/nonexistent"}),
    Environment("no path", variables={"PATH": None}),
    Environment("an unknown time zone", variables={"TZ": "No/Where"}),
    Environment("1 GB of memory", before="ulimit -v 1000000;"),
    Environment("32 open files", before="ulimit -n 32;"),
    Environment("8 open files", before="ulimit -n 8;"),
    Environment("empty files only", before="ulimit -f 0;"),
    Environment("files of 1 KB", before="ulimit -f 1;"),
    Environment("a stack of 256 KB", before="ulimit -s 256;"),
    Environment("SIGPIPE is ignored", before="trap '' PIPE;", after="| exec true"),
    Environment("SIGINT is ignored", before="trap '' INT;"),
    Environment("newlines", runs=b"a\nb\r\nc"),
    Environment("a terminal escape", runs=b"\x1b[31mred\x1b]0;title\x07"),
)
COMMANDS = (
    "list", "show good", "compare good bad", "list --json", "check spec.yaml", "show --json good", "list --csv",
    "report good -o runs/report.html", "remove good --yes", "schema", "init runs/new.yaml", "--help", "show nowhere",
)  # fmt: skip
HEAVY = ("train spec.yaml", "train spec.yaml --json", "evaluate good", "doctor", "find-rate spec.yaml")
N_LIGHT = 2
"""The number of light commands in each environment."""
ROUNDS_TO_A_HEAVY_ONE = 4


def attack(seed: int) -> Attack:
    """The attack of a seed: two light commands, and in every fourth round one that loads TensorFlow."""
    rounds, place = divmod(seed, len(ENVIRONMENTS))
    environment = ENVIRONMENTS[place]
    if rounds % ROUNDS_TO_A_HEAVY_ONE == ROUNDS_TO_A_HEAVY_ONE - 1:
        commands = [HEAVY[(place + rounds) % len(HEAVY)]]
    else:
        commands = [COMMANDS[(place + rounds * N_LIGHT + n) % len(COMMANDS)] for n in range(N_LIGHT)]
    runs = os.fsdecode(environment.runs).removeprefix("./").partition("/")[0]
    writes = ("spec.yaml", "digits.npz", "runs", "x", runs)
    return Attack(f"environments: {environment.name}", seed, lambda folder: _act(folder, environment, commands), writes)


def _act(folder: Path, environment: Environment, commands: list[str]) -> Iterator[Outcome]:
    put_store(folder)
    write_spec(folder).rename(folder / "spec.yaml")
    target = os.fsencode(folder) + b"/" + environment.runs
    if not environment.runs.startswith((b"/", b"runs")):
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120 (bytes)
            shutil.copytree(os.fsencode(folder / "runs"), target)
        except OSError:
            pass  # a name that no file system takes
    for command in commands:
        yield _run(folder, environment, command)


def _run(folder: Path, environment: Environment, command: str) -> Outcome:
    """Run a command in a shell."""
    is_about_runs = command.split()[0] in ("list", "show", "compare", "report", "remove", "train", "evaluate")
    options = f" --runs-dir {quote(os.fsdecode(environment.runs))}" if is_about_runs else ""
    line = f"{environment.before} {quote(sys.executable)} -m dnnctl {command}{options} {environment.after}"
    variables = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "DNNCTL_CACHE_DIR": ""}
    for name, value in environment.variables.items():
        variables.pop(name, None) if value is None else variables.update({name: value})
    try:
        done = subprocess.run(
            ["/bin/bash", "-c", os.fsencode(line)], capture_output=True, check=False, cwd=folder, env=variables,
            timeout=LIMIT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome([line], -1, "", "", "no end")
    text = [stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr)]
    return Outcome([command, *options.split()[:1]], done.returncode, *text)
