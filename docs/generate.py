"""Writes what the documentation takes from the code: ``python docs/generate.py``.

Tables stand in the pages between two comments, so that they can be read where nothing is built.
With ``--check`` it changes nothing, and fails if something is not as the code says.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import inspect
import pathlib
import re
import sys
import typing as t
from datetime import timedelta

import click
from sphinx.pycode import ModuleAnalyzer

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import state_diagram

from flask_qrlogin import cli
from flask_qrlogin import hooks
from flask_qrlogin import signals
from flask_qrlogin.config.settings import Settings
from flask_qrlogin.core import errors

DOCS = pathlib.Path(__file__).parent
TEMPLATES = pathlib.Path(hooks.__file__).parent / "templates/qrlogin"
_PART = re.compile(
    r"(<!-- begin (\w+): written by docs/generate\.py -->\n).*?(<!-- end -->)", re.DOTALL
)


def settings() -> str:
    """Write each key with its default and the comment at its field."""
    comments = _comments("flask_qrlogin.config")
    rows, meaning = [], ""
    for field in dataclasses.fields(Settings):
        # Fields that belong together may share the comment at the first of them.
        meaning = comments.get(("Settings", field.name), meaning)
        rows.append((f"`QRLOGIN_{field.name.upper()}`", _value(field.default), meaning))
    return _table(("key", "default", "meaning"), rows)


def hook_table() -> str:
    """Write each hook with what its decorator says, and the default that a function of ours is."""
    rows = []
    for field in dataclasses.fields(hooks.Hooks):
        text = _markdown(inspect.getdoc(getattr(hooks.HookDecorators, field.name)) or "")
        arguments = re.search(r"`f(\([^`]*\))`", text)
        if arguments is None:
            raise SystemExit(f"The docstring of the hook {field.name} shows no call, as `f(user)`.")
        text = re.sub(r": `f\([^`]*\)` returns", ". Return", text)
        text = re.sub(r": `f\([^`]*\)`", "", text)
        if inspect.isfunction(field.default) and field.default.__name__.startswith("default_"):
            text += f" Default: {_markdown(inspect.getdoc(field.default) or '')}"
        rows.append((f"`{field.name}{arguments[1]}`", text))
    return _table(("hook", "decides"), rows)


def signal_table() -> str:
    """Write each signal with the comment at it."""
    comments = _comments("flask_qrlogin.signals")
    names = [name for name, value in vars(signals).items() if hasattr(value, "receivers_for")]
    return _table(("signal", "sent when"), [(f"`{name}`", comments["", name]) for name in names])


def error_table() -> str:
    """Write each code with its status, and when it is answered."""
    rows = [
        (f"`{each.code}`", str(each.status), _markdown(inspect.getdoc(each) or ""))
        for each in errors.Refusal.__subclasses__()
    ]
    return _table(("code", "status", "because"), rows)


def commands() -> str:
    """Write each command with its help and options."""
    return "\n\n".join(_command(name, each) for name, each in sorted(cli.group.commands.items()))


def _command(name: str, command: click.Command) -> str:
    with click.Context(command, info_name=name) as context:
        usage = " ".join(command.collect_usage_pieces(context))
        lines = [f"## `flask qrlogin {name}`", f"`flask qrlogin {name} {usage}`"]
        # Click would break lines; a blank line ends a paragraph.
        lines += re.split(r"\n\s*\n", inspect.cleandoc(command.help or "").replace("\b\n", ""))
        records = [
            record
            for each in command.params
            if isinstance(each, click.Option)
            if (record := each.get_help_record(context))
        ]
    if records:
        lines.append(_table(("option", "meaning"), [(f"`{one}`", text) for one, text in records]))
    return "\n\n".join(lines)


def template_table() -> str:
    """Write each page with the first comment of its file, and its blocks."""
    rows, base = [], _blocks((TEMPLATES / "_base.html").read_text())
    for path in sorted(TEMPLATES.glob("_*.html")):
        if not (TEMPLATES / path.name[1:]).exists():
            continue
        source = path.read_text()
        comment = re.match(r"\s*{#\s*(.*?)\s*#}", source, re.DOTALL)
        own = [name for name in _blocks(source) if path.name == "_base.html" or name not in base]
        text = " ".join(comment[1].split()) if comment else ""
        rows.append((f"`{path.name[1:]}`", text, ", ".join(own)))
    return _table(("page", "what it is", "blocks of its own"), rows)


def _blocks(source: str) -> list[str]:
    return [f"`{name}`" for name in re.findall(r"{%-? block (\w+)", source)]


PARTS: dict[str, c.Callable[[], str]] = {
    "settings": settings,
    "hooks": hook_table,
    "signals": signal_table,
    "errors": error_table,
    "commands": commands,
    "templates": template_table,
}


def _comments(module: str) -> dict[tuple[str, str], str]:
    """Return the ``#:`` comments of a module, by class and name."""
    found = ModuleAnalyzer.for_module(module).find_attr_docs()
    return {key: _markdown("\n".join(lines)) for key, lines in found.items()}


def _markdown(text: str) -> str:
    """Turn the marks of a docstring into those of a table's cell, in one line."""
    text = re.sub(r":\w+:`[~.]*(?:[\w.]+\.)?(\w+)`", r"`\1`", text)
    return " ".join(text.replace("``", "`").split())


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    return f"`{value}`" if isinstance(value, str) else str(value)


def _table(head: c.Sequence[str], rows: c.Iterable[c.Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def written() -> c.Iterator[tuple[pathlib.Path, str]]:
    """Yield each file that holds something of the code, and what has to stand in it."""
    yield DOCS / "images/states.svg", state_diagram.picture()
    for page in sorted(DOCS.glob("**/*.md")):
        if "<!-- begin " in (text := page.read_text()):
            yield page, _PART.sub(lambda m: f"{m[1]}\n{PARTS[m[2]]()}\n\n{m[3]}", text)


def main(*arguments: t.Any) -> str | None:
    """Write them, or check that they are written."""
    old = [file for file, text in written() if not file.exists() or file.read_text() != text]
    if "--check" in arguments:
        return f"Run docs/generate.py: {', '.join(map(str, old))}" if old else None
    for file, text in written():
        if file in old:
            file.write_text(text)
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
