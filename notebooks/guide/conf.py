"""Sphinx configuration of the book. `npm run docs` builds it from a copy of notebooks/ with generated pages beside it."""

import json
from pathlib import Path

_root = Path(__file__).resolve().parents[2]
_package = json.loads((_root / "package.json").read_text(encoding="utf-8"))

project = "e2gmm-lab"
author = "the e2gmm-lab developers"
copyright = author
version = release = _package["version"]

extensions = ["myst_nb"]
exclude_patterns = ["output", "**.ipynb_checkpoints"]
root_doc = "index"

# Notebooks are shown as they were executed and kept; the build runs nothing
nb_execution_mode = "off"
# Pages load nothing from elsewhere
nb_ipywidgets_js = {}
nb_merge_streams = True
# Headings of every level can be linked to, as on GitHub
myst_heading_anchors = 6
myst_enable_extensions = ["deflist"]
suppress_warnings = [
    "myst.header",  # TypeDoc's pages leave out levels
    "mystnb.unknown_mime_type",  # live widgets have a picture beside them
]

html_theme = "furo"
html_title = f"e2gmm-lab {version}"
html_static_path = ["style"]
html_css_files = ["book.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
html_permalinks_icon = "#"
pygments_style = "default"
