"""What a person sees: pages, and how a refusal looks on one."""

from __future__ import annotations

import dataclasses
import typing as t

import flask

from ..app_state import current_state
from ..core import errors
from . import answers
from . import i18n
from . import urls


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """A link that leads a person on."""

    url: str
    label: str


def site() -> dict[str, str]:
    """Say which site this is, so that people can tell it from another."""
    state = current_state()
    host = state.host.base_url().partition("://")[2]
    return {"site_name": state.settings.site_name or host, "site_host": host}


def static_url(filename: str) -> str:
    """Return the URL of one of our static files; it holds the version."""
    return flask.url_for("qrlogin.static", filename=filename)


def render(name: str, **context: t.Any) -> flask.Response:
    """Render one of our pages."""
    return flask.make_response(
        flask.render_template(
            f"qrlogin/{name}.html",
            language=i18n.language(),
            direction=i18n.direction(),
            static_url=static_url,
            login_url=flask.url_for("qrlogin.login"),
            **site(),
            **context,
        )
    )


def wants_page() -> bool:
    """Tell whether the client is a person's browser rather than a program."""
    accepts = flask.request.accept_mimetypes
    return bool(accepts["text/html"] > accepts["application/json"])


def error_page(refusal: errors.Refusal, action: Action | None) -> flask.Response:
    """Render a refusal for a person, with the one step that helps, else the way to the site."""
    links = {"main": urls.main_page()}
    return render("error", error=answers.told(refusal), action=action, links=links)
