"""Runs all cells of a notebook and writes the executed notebook and an HTML page.

    python binder/execute.py NOTEBOOK OUTPUT_FOLDER

The notebook itself is not changed. Both results are written to temporary files and renamed at the end, so that a
failed run keeps the results of the last good one.
"""

import os
import sys
import time
from pathlib import Path

import nbformat
import nbformat.reader
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter


def title(cell) -> str:
    """First non-empty line of a cell, to show which one is running."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    return (lines or ["(empty)"])[0][:70]


class TellingClient(NotebookClient):
    """Prints each cell as it runs, and its duration."""

    async def async_execute_cell(self, cell, cell_index, **options):
        if cell.cell_type != "code" or not cell.source.strip():
            return await super().async_execute_cell(cell, cell_index, **options)
        code = [i for i, each in enumerate(self.nb.cells) if each.cell_type == "code" and each.source.strip()]
        print(f"  cell {code.index(cell_index) + 1} of {len(code)}: {title(cell)}", end="", flush=True)
        started = time.monotonic()
        try:
            return await super().async_execute_cell(cell, cell_index, **options)
        finally:
            print(f"  {time.monotonic() - started:.1f} s", flush=True)


def write_beside(target: Path, text: str) -> None:
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def main(source: Path, output: Path) -> int:
    try:
        notebook = nbformat.read(source, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError) as error:
        print(f"{source}: not a notebook: {str(error).splitlines()[0][:200]}", file=sys.stderr)
        return 1
    started = time.monotonic()
    print(f"Running {source.name}")
    client = TellingClient(notebook, timeout=None, resources={"metadata": {"path": str(source.parent)}})
    try:
        client.execute()
    except CellExecutionError as error:
        print(f"\n{error}", file=sys.stderr)
        print(f"{source.name}: a cell failed; nothing was written", file=sys.stderr)
        return 1
    except NoSuchKernel as error:
        print(f"{source.name}: {error}; nothing was written", file=sys.stderr)
        return 1
    except DeadKernelError as error:
        print(f"{source.name}: the kernel died: {error}; nothing was written", file=sys.stderr)
        return 1
    page, _ = HTMLExporter().from_notebook_node(notebook, {"metadata": {"name": source.stem}})
    output.mkdir(parents=True, exist_ok=True)
    write_beside(output / source.name, nbformat.writes(notebook))
    write_beside(output / f"{source.stem}.html", page)
    print(f"Done in {time.monotonic() - started:.0f} s: {output / source.name} and {source.stem}.html beside it")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2])))
