"""What a test is told when the app refuses something."""

from __future__ import annotations

import collections.abc as c
import typing as t

from werkzeug.test import TestResponse

from ..core.errors import Refusal


class Refused(AssertionError):
    """The app refused: ``not_allowed (403): This account is locked.``

    Expect it by ``pytest.raises(Refused, match="not_allowed")``; else the test fails with it.
    """

    def __init__(self, *, code: str, status: int, title: str, detail: str | None = None) -> None:
        super().__init__(f"{code} ({status}): {detail or title}")
        #: The stable code of the error, such as ``request_expired``.
        self.code = code
        #: The status of the answer.
        self.status = status
        #: One sentence for a person, in the language of the answer.
        self.title = title
        #: What was said of this one case, if anything.
        self.detail = detail

    @classmethod
    def by(cls, refusal: Refusal) -> Refused:
        """Tell what no answer says, but the page that is on the screen."""
        return cls(
            code=refusal.code, status=refusal.status, title=refusal.title, detail=refusal.detail
        )


def require_success(response: TestResponse, shown: c.Mapping[str, t.Any]) -> None:
    """See that an answer is none that refuses; ``shown`` is what its page was rendered with.

    Raises:
        Refused
        AssertionError: it is an error that is not ours.
    """
    if response.status_code < 400:
        return
    told = response.json if response.mimetype == "application/problem+json" else shown.get("error")
    if told is None:
        raise AssertionError(
            f"{response.request.method} {response.request.path} was answered with "
            f"{response.status}, which is no refusal of flask_qrlogin's: {response.text[:300]}"
        )
    raise Refused(
        code=told["code"],
        status=response.status_code,
        title=told["title"],
        detail=told.get("detail"),
    )
