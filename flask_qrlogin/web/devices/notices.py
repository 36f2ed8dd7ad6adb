"""Tells a person of a new login, and lets whoever gets the notice say "This wasn't me"."""

from __future__ import annotations

import typing as t

import flask

from ...app_state import current_state
from ...core import errors
from ...core.linked_device import LinkedDevice
from ...core.tokens import CLOCK_SKEW
from .. import answers
from .. import pages


def send(user: t.Any, device: LinkedDevice) -> None:
    """Have the application send its notice; the login is done, whatever becomes of that."""
    state = current_state()
    token = state.id_signer("notice").write(device.id, device.created_at)
    url = state.host.base_url() + flask.url_for("qrlogin_devices.notice", token=token)
    try:
        state.hooks.send_notice(user, device, url)
    except Exception:
        flask.current_app.logger.exception("The hook send_notice of flask_qrlogin failed.")


def notice(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``GET /notices/TOKEN``: which login it was.

    It ends nothing, since mail readers follow links. Nobody has to be logged in: the person may not
    be able to by now.
    """
    device = _device(token)
    url = flask.url_for("qrlogin_devices.disown", token=token)
    shown = answers.device_in_words(device) | {"ended": device.end_reason}
    return pages.render("notice", device=shown, links={"not_me": url})


def not_me(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /notices/TOKEN``: end that login, and all others that are under way."""
    device = _device(token)
    current_state().devices.not_me(device.id, user_id=device.user_id)
    return flask.redirect(flask.url_for("qrlogin_devices.notice", token=token), 303)


def _device(token: str) -> LinkedDevice:
    """Return the device that a notice is about.

    Raises:
        DeviceNotFound: not a notice of ours, too old, or the login is long over.
    """
    state = current_state()
    try:
        signed = state.id_signer("notice").read(token)
    except errors.TokenInvalid:
        raise errors.DeviceNotFound from None
    age = state.devices.now() - signed.issued_at
    if not -CLOCK_SKEW <= age <= state.settings.not_me_lifetime:
        raise errors.DeviceNotFound(
            "This link is too old. Log in to end logins that are not yours."
        )
    return state.devices.get(signed.id)
