"""Draws the states of a login request from the table of transitions, as an SVG picture."""

from __future__ import annotations

import collections
import html

from flask_qrlogin.core.login_request import State
from flask_qrlogin.core.transitions import TRANSITIONS

#: The middle of each state's box.
_PLACES = {
    State.EXPIRED: (340, 40),
    State.PENDING: (100, 150),
    State.SCANNED: (340, 150),
    State.APPROVED: (600, 150),
    State.REDEEMED: (840, 150),
    State.CANCELLED: (220, 270),
    State.DENIED: (560, 270),
}
_HALF_WIDTH, _HALF_HEIGHT = 82, 26
#: Where a label stands on its line.
_ALONG = 0.2
_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 940 310" role="img" \
font-family="system-ui, sans-serif" font-size="14" text-anchor="middle">
<title>The states of a login request</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" \
orient="auto"><path d="M0 0L8 4L0 8z" fill="#52615f"/></marker></defs>
<rect width="940" height="310" rx="12" fill="#fff"/>"""


def picture() -> str:
    """Return the picture. Dashed lines are what the clock does; nobody writes it."""
    arrows: dict[tuple[State, State], list[str]] = collections.defaultdict(list)
    again: dict[State, list[str]] = collections.defaultdict(list)
    for (old, event), new in TRANSITIONS.items():
        (again[old] if old is new else arrows[old, new]).append(event)
    lines = [_arrow(old, new, ", ".join(events)) for (old, new), events in arrows.items()]
    lines += [_arrow(state, State.EXPIRED, "") for state in State if not state.is_end]
    boxes = [_box(state, ", ".join(again[state])) for state in State]
    return "\n".join([_HEAD, *lines, *boxes, "</svg>", ""])


def _arrow(old: State, new: State, label: str) -> str:
    (x1, y1), (x2, y2) = _PLACES[old], _PLACES[new]
    dx, dy = x2 - x1, y2 - y1
    # From edge to edge of the boxes, not from middle to middle.
    cut = min(
        _HALF_WIDTH / abs(dx) if dx else 1,
        _HALF_HEIGHT / abs(dy) if dy else 1,
    )
    start = x1 + dx * cut, y1 + dy * cut
    end = x2 - dx * cut, y2 - dy * cut
    dashes = "" if label else ' stroke-dasharray="4 4"'
    line = (
        f'<path d="M{start[0]:.0f} {start[1]:.0f}L{end[0]:.0f} {end[1]:.0f}" stroke="#52615f"'
        f'{dashes} marker-end="url(#tip)"/>'
    )
    if not label:
        return line
    along = 0.45 if dy == 0 else _ALONG
    x = start[0] + (end[0] - start[0]) * along
    y = start[1] + (end[1] - start[1]) * along + (-6 if dy == 0 else 5)
    return line + _text(x, y, label, halo=True)


def _box(state: State, again: str) -> str:
    x, y = _PLACES[state]
    fill = "#eef2f3" if state.is_end else "#d7eeee"
    rect = (
        f'<rect x="{x - _HALF_WIDTH}" y="{y - _HALF_HEIGHT}" width="{2 * _HALF_WIDTH}" '
        f'height="{2 * _HALF_HEIGHT}" rx="10" fill="{fill}" stroke="#0b6467"/>'
    )
    if not again:
        return rect + _text(x, y + 5, state, bold=True)
    return rect + _text(x, y - 4, state, bold=True) + _text(x, y + 15, f"↻ {again}", small=True)


def _text(
    x: float, y: float, text: str, *, bold: bool = False, small: bool = False, halo: bool = False
) -> str:
    style = ' font-weight="600"' * bold + ' font-size="11"' * small
    style += ' stroke="#fff" stroke-width="5" paint-order="stroke"' * halo
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="#15211f"{style}>{html.escape(text)}</text>'
