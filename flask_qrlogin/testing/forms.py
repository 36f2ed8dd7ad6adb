"""Reads what a page lets a person do."""

from __future__ import annotations

import dataclasses
import html.parser

from werkzeug.test import TestResponse

#: How a browser sends one without files, even one without fields.
FORM_TYPE = "application/x-www-form-urlencoded"


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """A form of a page: where it goes, and its hidden fields."""

    action: str
    fields: dict[str, str] = dataclasses.field(default_factory=dict)


class _FormReader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "").lower() == "post":
            self.forms.append(Form(values.get("action", "")))
        elif tag == "input" and values.get("type") == "hidden" and self.forms:
            self.forms[-1].fields[values["name"]] = values.get("value", "")


def forms(page: TestResponse) -> list[Form]:
    """Return the forms of a page that are sent by POST."""
    reader = _FormReader()
    reader.feed(page.text)
    return reader.forms
