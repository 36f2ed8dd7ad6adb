"""What a client has sent."""

from __future__ import annotations

import typing as t

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import UnsupportedMediaType

from ..core import errors


class Body:
    """The fields of a request's body, JSON or a form, of the types that are asked for.

    Raises:
        BadRequest: it cannot be read, or a field is missing or of a wrong type.
        UnsupportedMediaType: it is neither JSON nor, where allowed, a form.
    """

    def __init__(self, *, forms: bool) -> None:
        request = flask.request
        try:
            if forms and request.mimetype in (
                "application/x-www-form-urlencoded",
                "multipart/form-data",
            ):
                self._fields: t.Any = request.form.to_dict()
                self.is_form: bool = True
            else:
                self._fields = request.get_json()
                self.is_form = False
        except UnsupportedMediaType:
            raise errors.UnsupportedMediaType from None
        except HTTPException as error:
            raise errors.BadRequest(error.description) from None
        except (RecursionError, ValueError):
            raise errors.BadRequest("The body is not JSON that can be read.") from None
        if not isinstance(self._fields, dict):
            raise errors.BadRequest("The body has to be an object.")

    def text(self, name: str) -> str:
        """Return a field that has to be a text."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise errors.BadRequest(f"{name!r} has to be a text.")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a field that may be missing, null or, in a form, empty."""
        value = self._fields.get(name)
        return None if value is None or (self.is_form and value == "") else self.text(name)

    def flag(self, name: str) -> bool:
        """Return a field that is true or false; in a form it is there or not."""
        value = self._fields.get(name)
        if self.is_form or value is None:
            return bool(value)
        if not isinstance(value, bool):
            raise errors.BadRequest(f"{name!r} has to be true or false.")
        return value

    def number(self, name: str, default: int) -> int:
        """Return a field that is a whole number of at least 0, or the default."""
        value = self._fields.get(name, default)
        if self.is_form and isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:9])
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise errors.BadRequest(f"{name!r} has to be a whole number of at least 0.")
        return value
