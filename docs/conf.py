"""Settings of Sphinx: ``make docs`` builds the pages in ``docs/_build``."""

from __future__ import annotations

import typing as t

import flask_qrlogin

project = "flask_qrlogin"
copyright = "the flask_qrlogin developers"
version = release = flask_qrlogin.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
# A heading can be linked by its words, as on GitHub.
myst_heading_anchors = 3
html_theme = "furo"
html_title = "flask_qrlogin"
html_show_sphinx = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
nitpicky = True
# What belongs to others cannot be linked without a network.
nitpick_ignore_regex = [(r"py:.*", r"(?!flask_qrlogin\.\w+$).*")]


def setup(app: t.Any) -> None:
    """Leave out the arguments of a Protocol, which nobody calls."""
    app.connect(
        "autodoc-process-signature",
        lambda app, what, name, part, *_: (
            ("", "") if getattr(part, "_is_protocol", False) else None
        ),
    )
