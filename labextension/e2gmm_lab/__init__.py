"""e2gmm-lab as a Python package: carries the JupyterLab extension, the kernel, and the `e2gmm` command.

All three are TypeScript, in `e2gmm` and `node_modules` beside this file. The Python here finds a Node and hands over.
"""

from importlib.metadata import version

__version__ = version("e2gmm-lab")
