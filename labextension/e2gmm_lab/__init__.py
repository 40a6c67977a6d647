"""e2gmm-lab as a Python package: the JupyterLab extension, the kernel, and the `e2gmm` command.

All three are TypeScript, in `e2gmm` and `node_modules` beside this file. The Python code only finds Node and starts it; it
imports little, since it runs at every kernel start.
"""
