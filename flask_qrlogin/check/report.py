"""All that a check found, for a person and for a program."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import textwrap
import typing as t

from . import arrival
from . import choices
from . import host
from .finding import Evidence
from .finding import Finding
from .finding import Status
from .mitigations import MITIGATIONS

_CHECKS = (*host.CHECKS, *choices.CHECKS, *arrival.CHECKS)
_WIDTH = 100


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """The findings of the checks, and the state of the 17 mitigations."""

    checks: tuple[Finding, ...]
    mitigations: tuple[Finding, ...]

    @classmethod
    def of(cls, evidence: Evidence) -> Report:
        """Look at everything."""
        return cls(
            tuple(check(evidence) for check in _CHECKS),
            tuple(mitigation(evidence) for mitigation in MITIGATIONS),
        )

    def count(self, status: Status) -> int:
        """Return how many findings have a status."""
        return sum(each.status is status for each in (*self.checks, *self.mitigations))

    def fails(self, *, strict: bool) -> bool:
        """Tell whether there is a problem or, if that is asked, anything unknown."""
        return bool(self.count(Status.PROBLEM) or (strict and self.count(Status.UNKNOWN)))

    def as_json(self) -> dict[str, t.Any]:
        """Return what can be written as JSON."""
        return dataclasses.asdict(self)

    def as_text(self) -> str:
        """Return the report for a person."""
        return "\n".join(
            [
                *_table("Checks", self.checks),
                "",
                *_table("Mitigations of the IETF cross-device practice", self.mitigations),
                "",
                f"{self.count(Status.PROBLEM)} problems, {self.count(Status.UNKNOWN)} unknown.",
            ]
        )


def _table(title: str, findings: c.Sequence[Finding]) -> c.Iterator[str]:
    yield title
    width = max(len(each.name) for each in findings)
    for each in findings:
        head = f"  {each.status:<8} {each.name:<{width}}  "
        says = [each.says]
        if each.advice and each.status is not Status.OK:
            says.append(f"→ {each.advice}")
        rows = [
            row
            for text in says
            # Names of keys and files stay whole, to be copied.
            for row in textwrap.wrap(text, _WIDTH - len(head), break_on_hyphens=False)
        ]
        for number, row in enumerate(rows):
            yield (head if number == 0 else " " * len(head)) + row
