"""Finds the forms in a page, as a person's browser does."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser


@dataclasses.dataclass
class Form:
    """A form, what it sends without being filled in, and what each field lets one choose."""

    action: str
    fields: dict[str, str] = dataclasses.field(default_factory=dict)
    choices: dict[str, list[str]] = dataclasses.field(default_factory=dict)


def read_forms(page: str) -> list[Form]:
    """Return the forms of a page, in their order."""
    parser = _Parser()
    parser.feed(page)
    return parser.forms


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", "")))
        elif tag in ("input", "button") and found.get("name") and self.forms:
            form, name, value = self.forms[-1], found["name"], found.get("value", "")
            if found.get("type") == "hidden":
                form.fields[name] = value
            elif tag == "button" or found.get("type") == "radio":
                form.choices.setdefault(name, []).append(value)
