"""Prints the state diagram of how-it-works.md from the table: ``python docs/state_diagram.py``."""

from __future__ import annotations

from flask_qrlogin.login_request import State
from flask_qrlogin.transitions import TRANSITIONS


def diagram() -> str:
    """Return the table of transitions as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.PENDING}"]
    lines += [f"    {old} --> {new}: {event}" for (old, event), new in TRANSITIONS.items()]
    lines += [f"    {state} --> {State.EXPIRED}" for state in State if not state.is_end]
    lines += [f"    {state} --> [*]" for state in State if state.is_end]
    return "\n".join(lines)


if __name__ == "__main__":
    print(diagram())
