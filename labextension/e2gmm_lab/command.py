"""The `e2gmm` command."""

import sys

from .node import become_node


def main() -> None:
    become_node("e2gmm.js", sys.argv[1:], [])
