#!/usr/bin/env bash
# Builds the wheel in a checkout, the current folder, and installs it into the environment of $PYTHON, which has pip and
# hatchling. Run by rattler-build.
set -euo pipefail
python="${PYTHON:-python3}"
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT

npm ci --ignore-scripts --no-audit --no-fund
npm run build
node labextension/wheel.mjs --python "$python" --out "$out"
# The recipe names the dependencies, for conda to bring
"$python" -m pip install --no-deps --no-build-isolation --no-input "$out"/*.whl
