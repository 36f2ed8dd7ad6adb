"""The panel with the code, and the button that opens it in a dialog, for templates of the host."""

from __future__ import annotations

import typing as t
from urllib.parse import unquote

import flask
import flask_login
import markupsafe
from werkzeug.routing import BuildError

from ...app_state import current_state
from ...core import errors
from .. import i18n
from .. import pages
from .. import people
from .. import urls

Size: t.TypeAlias = t.Literal["full", "compact"]


def panel(
    next: str | None = None,
    *,
    login_hint: str | None = None,
    size: Size = "full",
    nonce: str | None = None,
) -> markupsafe.Markup:
    """Render the panel with the QR code for a template of the host: ``{{ qrlogin() }}``.

    After the login the browser goes to ``next``, a path of this site, else to the ``next`` of the
    page's own query. On a page to which a phone came to log in, on its way to a code, there is no
    panel: another code would not help there. With a ``login_hint``, the name of an account, another
    account's phone is refused. The size ``"compact"`` fits beside a login form. ``nonce`` is that
    of a Content-Security-Policy, where ``'self'`` is not enough.

    Where the app lacks something that we need, the page goes without, and the log says what; in
    debug and testing it is raised.

    Raises:
        ValueError: ``next`` is not a path of this site, or there is no such size.
        ConfigurationError: in debug and testing.
    """
    if size not in t.get_args(Size):
        raise ValueError(f"qrlogin(size={size!r}): there are 'full' and 'compact'.")
    return _render("panel", next, login_hint=login_hint, size=size, nonce=nonce)


def button(
    next: str | None = None, *, login_hint: str | None = None, nonce: str | None = None
) -> markupsafe.Markup:
    """Render a button that opens the panel in a dialog: ``{{ qrlogin_button() }}``.

    No code is asked for until then, and closing withdraws it. Without JavaScript it is a link to
    the ready-made login page. It may stand within a form. The arguments are those of the panel.

    Raises:
        ValueError: ``next`` is not a path of this site.
        ConfigurationError: in debug and testing.
    """
    return _render("dialog", next, login_hint=login_hint, size="dialog", nonce=nonce)


def _render(name: str, next: str | None, **context: str | None) -> markupsafe.Markup:
    try:
        return _rendered(name, next, **context)
    except errors.ConfigurationError:
        if flask.current_app.debug or flask.current_app.testing:
            raise
        # The rest of the page, with the form for the password, is needed all the more.
        flask.current_app.logger.exception("flask_qrlogin leaves its panel out of a page.")
        return markupsafe.Markup()


def _rendered(name: str, next: str | None, **context: str | None) -> markupsafe.Markup:
    own = urls.own(next)
    if next is not None and own is None:
        raise ValueError(f"qrlogin(next={next!r}): give a path of this site, such as '/welcome'.")
    second_step = current_state().settings.require_login
    if (urls.kept_next() or "").startswith(_pages_of_phones()):
        return markupsafe.Markup()
    if second_step and people.at_browser() is None:
        return markupsafe.Markup()  # First comes the password.
    next = own or urls.wanted()
    return markupsafe.Markup(  # noqa: S704 - our own template, autoescaped
        flask.render_template(
            f"qrlogin/{name}.html",
            language=i18n.language(),
            direction=i18n.direction(),
            requests_url=flask.url_for("qrlogin.start"),
            page_url=flask.url_for("qrlogin.login", next=next),
            next=next,
            second_step=second_step,
            renewals=current_state().settings.auto_renewals,
            static_url=pages.static_url,
            **context,
            **around_code(next),
            **pages.site(),
        )
    )


def _pages_of_phones() -> tuple[str, ...]:
    """Return how the addresses begin at which a phone approves."""
    return (
        flask.url_for("qrlogin_phone.open_code", token=""),
        flask.url_for("qrlogin_code.show"),
        flask.url_for("qrlogin_scanner.show"),
    )


def around_code(next: str | None) -> dict[str, str | None]:
    """Return what is shown with every code: its logo, and for who cannot scan it, other ways."""
    state = current_state()
    code_url = flask.url_for("qrlogin_code.show") if state.settings.user_code else None
    return {
        "logo_url": state.qr_style.logo_url,
        "typing_at": code_url and pages.site()["site_host"] + code_url,
        "other_login_url": None if state.settings.require_login else _other_login(next),
    }


def _other_login(next: str | None) -> str | None:
    """Return where else a person can log in, if that is neither our own page nor this one."""
    manager = getattr(flask.current_app, "login_manager", None)
    if manager is None or manager.login_view is None:
        return None
    try:
        url: str = flask_login.login_url(manager.login_view, next)
    except BuildError:
        return None  # No view is called so: `flask qrlogin config` tells.
    request = flask.request
    shown = {flask.url_for("qrlogin.login"), request.root_path + request.path}
    return None if unquote(url.partition("?")[0]) in shown else url
