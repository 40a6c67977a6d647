"""e2gmm-lab as a Python package: carries the JupyterLab extension, the kernel, and the `e2gmm` command.

All three are TypeScript, in `e2gmm` and `node_modules` beside this file. The Python here finds a Node and hands over; it
imports little, since it runs whenever a kernel starts.
"""
