"""What can be asked of us: every endpoint of the app's URL map, and requests to it."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import urlencode

from hypothesis import strategies as st
from werkzeug.routing import Rule

from . import hostile
from .shots import altered
from .shots import changed
from .shots import FORM
from .shots import JSON
from .shots import Pairs
from .shots import Picks
from .shots import Shot
from .world import Values
from .world import World

_MULTIPART = "multipart/form-data; boundary=x"
#: What most of our forms ask for.
_FORM = ("token", "confirm_token", "since", "number", "name", "code")


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """One rule of the URL map, with one of its methods."""

    rule: Rule
    method: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"

    def good(self, values: Values, *, body: bytes, content_type: str) -> Shot:
        """Return a request that is in order but for its body."""
        headers = (("Origin", "http://localhost"), ("Content-Type", content_type))
        target = self.target(Picks(_first), values, 1, strange=False)
        return Shot(self.method, target, (*headers, values.bearers[0]), values.cookies, body)

    def target(self, picks: Picks, values: Values, focus: int, *, strange: bool) -> str:
        """Return a path that leads there, with good values or, if told so, strange ones."""
        parts = []
        for is_variable, text in self.rule._trace:
            if not is_variable:
                parts.append(text.lstrip("|"))
                continue
            words = getattr(self.rule._converters[text], "items", None)
            good = str(picks.one(sorted(words)) if words else values.pick(picks, text, focus))
            if strange and picks.rarely(2):
                good = picks.one([hostile.in_path(altered(picks, good)), *hostile.PATH_PARTS])
            parts.append(good)
        return "".join(parts)


def endpoints(world: World) -> list[Endpoint]:
    """Find our endpoints, and the host's page with our panel; what is posted comes first."""
    found = [
        Endpoint(rule, method)
        for rule in world.host.app.url_map.iter_rules()
        if rule.endpoint.startswith("qrlogin") or rule.endpoint == "login"
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]
    return sorted(found, key=lambda endpoint: (endpoint.method != "POST", str(endpoint)))


@st.composite
def requests(draw: st.DrawFn, ways: list[Endpoint], values: Values) -> Shot:
    """Requests to these endpoints: good ones, nearly good ones and absurd ones."""
    return requests_by(Picks(draw), ways, values)


def requests_by(picks: Picks, ways: list[Endpoint], values: Values) -> Shot:
    """Choose one of them."""
    posts = [way for way in ways if way.method == "POST"]
    way = picks.one(posts if picks.below(3) else ways)
    how = picks.one(["good", "good", "nearly", "nearly", "strange"])
    strange = how == "strange"
    focus = picks.below(100)
    target = way.target(picks, values, focus, strange=strange)
    fields = _fields(picks, values, focus, strange=strange)
    if picks.rarely():
        target += "?" + urlencode(fields, errors="surrogatepass")
    headers: Pairs = () if picks.rarely() else (("Origin", "http://localhost"),)
    headers += picks.one([(), *((bearer,) for bearer in values.bearers)])
    cookies = [picks.one(values.cookies) for _ in range(picks.below(4))]
    cookies += [pair for pair in values.cookies if pair[0].endswith(_id(values, focus))]
    body, kind = b"", ""
    if way.method not in ("GET", "HEAD"):
        if strange and picks.rarely(2):
            body, kind = picks.draw(hostile.bodies), picks.one(hostile.CONTENT_TYPES)
        else:
            wants_json = "/api/" in target and not picks.rarely()
            body, kind = _written(picks, fields, json=wants_json)
        headers += (("Content-Type", kind),) if kind else ()
    shot = Shot(way.method, target, headers, tuple(cookies), body)
    if way.rule.endpoint == "login":
        return shot  # The form that it shows is the host's.
    if how == "nearly":
        return changed(picks, shot)
    if not strange:
        return shot
    more = [picks.one(hostile.HEADERS) for _ in range(picks.below(4))]
    if picks.rarely(4):
        more.append((picks.one(hostile.HEADERS)[0], picks.draw(hostile.header_values)))
    return dataclasses.replace(
        shot,
        method=picks.one(hostile.METHODS) if picks.rarely() else shot.method,
        headers=(*shot.headers, *more),
        length=picks.one(hostile.LENGTHS) if picks.rarely(4) else None,
    )


def _first(strategy: st.SearchStrategy[t.Any]) -> t.Any:
    return 0


def _id(values: Values, focus: int) -> str:
    return str(values.named["id"][focus % len(values.named["id"])])


def _fields(picks: Picks, values: Values, focus: int, *, strange: bool) -> list[tuple[str, t.Any]]:
    """Return fields under names that we know, some of them twice; mostly with a good value."""
    names = [*values.named]
    chosen = [
        *(_FORM if picks.below(4) else ()),
        *(picks.one(names) for _ in range(picks.below(4))),
    ]
    return [
        (
            name,
            picks.draw(hostile.values)
            if strange and picks.rarely(3)
            else values.pick(picks, name, focus),
        )
        for name in chosen
    ]


def _written(picks: Picks, fields: list[tuple[str, t.Any]], *, json: bool) -> tuple[bytes, str]:
    kind = "json" if json else picks.one(["form", "json", "multipart", "files"])
    if kind == "json":
        return hostile.json_object(fields), JSON
    texts = [(name, str(value)) for name, value in fields]
    if kind == "form":
        return urlencode(texts, errors="surrogatepass").encode(), FORM
    return hostile.multipart(texts, file=kind == "files"), _MULTIPART
