"""Starts the Jupyter kernel: python -m e2gmm_lab.kernel [NODE_FLAG ...] CONNECTION_FILE

The kernelspec runs this module: a kernelspec in a wheel cannot contain an installation path, but Jupyter replaces `python`
by the path of its own Python.
"""

import sys

from .node import become_node


def main() -> None:
    *flags, connection_file = sys.argv[1:] or [""]
    if not connection_file:
        sys.exit("usage: python -m e2gmm_lab.kernel [NODE_FLAG ...] CONNECTION_FILE")
    become_node("e2gmm-kernel.js", [connection_file], flags)


if __name__ == "__main__":
    main()
