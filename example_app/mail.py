"""The mails that the application would send: it writes them into the log."""

from __future__ import annotations

import flask

from flask_qrlogin import LinkedDevice

from .models import Account


def send_notice(account: Account, device: LinkedDevice, url: str) -> None:
    """Tell a person that a browser was logged in, and where to say that it was not them."""
    flask.current_app.logger.info(
        "Mail to %s: %s was logged in as you by QR code. If this wasn't you: %s",
        account.username,
        device.name,
        url,
    )
