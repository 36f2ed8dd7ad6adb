"""What an application has to bring along: a key, a login manager, and a host to trust."""

from __future__ import annotations

import flask

from ..core.errors import ConfigurationError
from .settings import Settings


class Host:
    """The current app, which may be set up after us."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        #: Whether remember cookies that are refreshed were seen when we were added.
        self.knows_refreshing = False
        self._is_sound = False

    def problems(self) -> list[str]:
        """Return what the app lacks, each with what to do; known only once it is set up."""
        app = flask.current_app
        login_manager = getattr(app, "login_manager", None)
        problems = []
        if not app.config.get("SECRET_KEY"):
            problems.append(
                "flask_qrlogin signs its codes with the app's SECRET_KEY, which is not set. Set it "
                "to the output of: python -c 'import secrets; print(secrets.token_hex())'"
            )
        if login_manager is None:
            problems.append(
                "flask_qrlogin logs people in with Flask-Login, which this app does not have. "
                "Call LoginManager(app)."
            )
        elif login_manager.user_callback is None:
            problems.append(
                "Flask-Login cannot load users yet. Register a function with "
                "@login_manager.user_loader."
            )
        if not (
            self._settings.base_url or app.config.get("SERVER_NAME") or self.trusts_request_host()
        ):
            problems.append(
                "The URL in the QR code needs a host, and the Host header of a request can be "
                "forged to send people elsewhere. Set QRLOGIN_BASE_URL, for example to "
                "'https://example.com', or Flask's TRUSTED_HOSTS."
            )
        if app.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST") and not self.knows_refreshing:
            problems.append(
                "REMEMBER_COOKIE_REFRESH_EACH_REQUEST was set after QRLogin was added. Set it "
                "before: else logins by QR code get a remember cookie, which cannot be ended."
            )
        # One that is switched off has left its key there, and is not missed.
        has_limiter = app.extensions.get("limiter") or not app.config.get("RATELIMIT_ENABLED", True)
        if self._settings.rate_limits is not None and not has_limiter:
            problems.append(
                "QRLOGIN_RATE_LIMITS says what Flask-Limiter has to count, which this app does not "
                "have. Call Limiter(get_remote_address, app=app), or leave the key out."
            )
        if self._settings.user_code and not self._counts_codes():
            problems.append(
                "QRLOGIN_USER_CODE lets people type codes, which others could guess if nobody "
                "counts. Call Limiter(get_remote_address, app=app), switch on what "
                "RATELIMIT_ENABLED or 'code_person' in QRLOGIN_RATE_LIMITS has switched off, or "
                "leave the key out."
            )
        return problems

    def _counts_codes(self) -> bool:
        """Tell whether an enabled Flask-Limiter counts what each person types."""
        limiters = flask.current_app.extensions.get("limiter", ())
        limit = (self._settings.rate_limits or {}).get("code_person", "the default")
        return limit is not None and any(limiter.enabled for limiter in limiters)

    def check(self) -> None:
        """Refuse to work for an app that lacks something; what was good stays so.

        Raises:
            ConfigurationError: with the first of :meth:`problems`.
        """
        if not self._is_sound:
            for problem in self.problems():
                raise ConfigurationError(problem)
            self._is_sound = True

    def base_url(self) -> str:
        """Return scheme and host, without a slash at the end, that a phone can reach.

        A Host header is chosen by the client. Whoever gets a forged one into a cached or relayed
        page would have the code lead people to another site, so it is used only where it was
        checked, or while developing.

        Raises:
            ConfigurationError: nothing says which host can be trusted.
        """
        self.check()
        if self._settings.base_url is not None:
            return self._settings.base_url
        server_name = flask.current_app.config.get("SERVER_NAME")
        if server_name:
            return f"{flask.request.scheme}://{server_name}"
        return flask.request.host_url.rstrip("/")

    def trusted_host(self) -> str:
        """Tell a person which host stands in the QR code, and why."""
        config = flask.current_app.config
        if self._settings.base_url is not None:
            return f"{self._settings.base_url} (QRLOGIN_BASE_URL)"
        if config.get("SERVER_NAME"):
            return f"{config['SERVER_NAME']} (SERVER_NAME)"
        if config.get("TRUSTED_HOSTS"):
            return f"that of the request, one of {config['TRUSTED_HOSTS']} (TRUSTED_HOSTS)"
        if self.trusts_request_host():
            return "that of the request, unchecked (the app is in debug or testing)"
        return "unknown"

    @staticmethod
    def trusts_request_host() -> bool:
        """Tell whether Flask checked the Host header, or the app is being developed or tested."""
        app = flask.current_app
        return bool(app.config.get("TRUSTED_HOSTS") or app.debug or app.testing)
