"""``flask qrlogin check --probe URL``, against a server that runs."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import pathlib
import socket
import sqlite3
import threading
import typing as t

import flask
import pytest
from werkzeug.debug import DebuggedApplication
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.serving import make_server

from flask_qrlogin.check import probe
from flask_qrlogin.check.arrival import CHECKS
from flask_qrlogin.check.finding import Evidence

from .checked import careful_app
from .checked import run
from .checked import statuses

#: An address of the Internet, as a proxy would tell it of a client.
CLIENT = "9.9.9.9"
Wsgi: t.TypeAlias = c.Callable[..., c.Iterable[bytes]]


@contextlib.contextmanager
def serving(application: Wsgi) -> c.Iterator[str]:
    """Run an app on this computer; yield its URL."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def proxied(app: Wsgi, *, trusts: bool = True, passes: bool = False, **headers: str) -> Wsgi:
    """Stand a proxy before an app: it says who the client is, or passes what the client says."""
    fixed = ProxyFix(app, x_host=1) if trusts else app

    def serve(environ: dict[str, t.Any], start_response: t.Any) -> c.Iterable[bytes]:
        if passes:
            environ.setdefault("HTTP_X_FORWARDED_FOR", CLIENT)
        else:
            environ["HTTP_X_FORWARDED_FOR"] = CLIENT
            environ.pop("HTTP_X_FORWARDED_HOST", None)

        def start(status: str, answered: list[tuple[str, str]], *rest: t.Any) -> t.Any:
            kept = [(name, value) for name, value in answered if name not in headers]
            return start_response(
                status, kept + [item for item in headers.items() if item[1]], *rest
            )

        return fixed(environ, start)

    return serve


@pytest.fixture
def site(tmp_path: pathlib.Path) -> flask.Flask:
    app = careful_app(tmp_path, QRLOGIN_BASE_URL=None, TRUSTED_HOSTS=["127.0.0.1"])
    app.wsgi_app = app.wsgi_app.app  # type: ignore[attr-defined, method-assign]
    return app


def test_a_good_site_is_seen_to_be_good_but_for_plain_http(site: flask.Flask) -> None:
    with serving(proxied(site)) as url:
        found = statuses(site, "--probe", url)
    assert {name: found[name] for name in ("headers", "framing", "forged host", "addresses")} == {
        "headers": "ok",
        "framing": "ok",
        "forged host": "ok",
        "addresses": "ok",
    }
    assert found["transport"] == found["https"] == found["browser secret"] == "problem"
    assert found["Establish proximity"] == found["Rate limits"] == "on"
    assert found["Sender-constrained tokens"] == "off"


def test_what_the_probe_begins_is_withdrawn(site: flask.Flask, tmp_path: pathlib.Path) -> None:
    with serving(proxied(site)) as url:
        statuses(site, "--probe", url)
    with contextlib.closing(sqlite3.connect(tmp_path / "host.sqlite3")) as connection:
        states = connection.execute("SELECT state FROM qrlogin_login_request").fetchall()
    assert states == [("cancelled",)] * 3


@pytest.mark.parametrize(
    ("proxy", "check", "status"),
    [
        ({"passes": True}, "addresses", "problem"),
        ({"trusts": False}, "addresses", "problem"),
        ({"passes": True}, "forged host", "ok"),
        ({"Cache-Control": "public"}, "headers", "problem"),
        ({"Content-Security-Policy": ""}, "headers", "problem"),
        ({"Content-Security-Policy": ""}, "framing", "problem"),
    ],
    ids=str,
)
def test_what_a_proxy_spoils_is_seen(
    site: flask.Flask, proxy: dict[str, t.Any], check: str, status: str
) -> None:
    with serving(proxied(site, **proxy)) as url:
        assert statuses(site, "--probe", url)[check] == status


def test_a_host_that_is_believed_is_seen(tmp_path: pathlib.Path) -> None:
    app = careful_app(tmp_path, QRLOGIN_BASE_URL=None, TESTING=True)
    with serving(app) as url:
        assert statuses(app, "--probe", url)["forged host"] == "problem"


def test_an_address_that_may_be_a_proxys_is_unknown(site: flask.Flask) -> None:
    with serving(site) as url:
        found = statuses(site, "--probe", url)
    assert found["addresses"] == found["Establish proximity"] == "unknown"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/home", "ok"),
        ("/gone", "unknown"),
        ("/round", "unknown"),
        ("https://example.org/", "unknown"),
    ],
)
def test_the_first_page_is_the_one_that_people_see(
    site: flask.Flask, target: str, status: str
) -> None:
    def serve(environ: dict[str, t.Any], start_response: t.Any) -> c.Iterable[bytes]:
        if environ["PATH_INFO"] in ("/", "/round"):
            return t.cast(Wsgi, flask.redirect(target))(environ, start_response)
        if environ["PATH_INFO"] == "/home":
            environ["PATH_INFO"] = "/"
        return site(environ, start_response)

    with serving(serve) as url:
        assert statuses(site, "--probe", url)["framing"] == status


def test_a_proxy_that_hangs_up_on_a_forged_host_refuses_it(site: flask.Flask) -> None:
    def serve(environ: dict[str, t.Any], start_response: t.Any) -> c.Iterable[bytes]:
        if environ.get("HTTP_HOST") == probe.FORGED_HOST:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return site(environ, start_response)

    with serving(serve) as url:
        assert statuses(site, "--probe", url)["forged host"] == "ok"


@pytest.mark.parametrize("body", ["{}", "[]", "no JSON", '{"id": "1", "qr": null}'])
def test_something_else_that_answers_is_told(site: flask.Flask, body: str) -> None:
    other = flask.Response(body, status=201)
    with serving(t.cast(Wsgi, other)) as url:
        result = run(site, "check", "--probe", url)
    assert result.exit_code == 1
    assert f"{url}/qrlogin is no login by QR code." in result.output


@pytest.mark.parametrize("plain", [None, 301])
def test_plain_http_is_asked_for_where_https_is_at_its_usual_port(
    site: flask.Flask, monkeypatch: pytest.MonkeyPatch, plain: int | None
) -> None:
    def ask(url: str, headers: object = None) -> probe.Answer:
        if headers is not None:
            return answer(403)
        if url.startswith("http:"):
            if plain is None:
                raise ConnectionRefusedError
            return answer(plain, location=url.replace("http:", "https:"))
        return OURS

    with socket.create_server(("127.0.0.1", 0)) as listener, site.app_context():
        connection = socket.create_connection(listener.getsockname())
        monkeypatch.setattr(socket, "create_connection", lambda *args: connection)
        monkeypatch.setattr(probe, "_ask", ask)
        seen = probe.look("https://example.com/", site.extensions["qrlogin"])
    assert (None if seen.plain is None else seen.plain.status) == plain
    assert seen.own_address == "127.0.0.1"


def test_a_debugger_that_answers_is_seen(site: flask.Flask) -> None:
    with serving(DebuggedApplication(site)) as url:
        assert statuses(site, "--probe", url)["debug mode"] == "problem"
    with serving(site) as url:
        assert statuses(site, "--probe", url)["debug mode"] == "ok"


def test_a_site_with_another_store_is_unknown(site: flask.Flask, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = careful_app(folder)
    with serving(proxied(site)) as url:
        assert statuses(other, "--probe", url)["addresses"] == "unknown"


def test_a_site_that_gives_no_code_is_unknown(site: flask.Flask) -> None:
    site.extensions["qrlogin"].hooks.may_start = lambda request: "Not here."
    with serving(proxied(site)) as url:
        found = statuses(site, "--probe", url)
    assert found["addresses"] == found["browser secret"] == found["forged host"] == "unknown"


def test_a_site_without_our_page_is_unknown(tmp_path: pathlib.Path, site: flask.Flask) -> None:
    with serving(flask.Flask("other", root_path=str(tmp_path))) as url:
        assert statuses(site, "--probe", url)["headers"] == "unknown"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1", "does not answer"),
        ("ftp://127.0.0.1", "has to be scheme and host"),
        ("127.0.0.1", "has to be scheme and host"),
        ("http://127.0.0.1/qrlogin", "has to be scheme and host"),
    ],
)
def test_what_cannot_be_probed_is_told(site: flask.Flask, url: str, why: str) -> None:
    result = run(site, "check", "--probe", url)
    assert result.exit_code == 1
    assert why in result.output


def start(**changes: t.Any) -> probe.Start:
    cookie = "__Host-qrlogin-0=secret; Secure; HttpOnly; Path=/; SameSite=Lax"
    values = {"status": 201, "cookie": cookie, "code_host": "example.com", "address": CLIENT}
    return probe.Start(**t.cast(dict[str, t.Any], values | changes))


def answer(status: int = 200, **headers: str) -> probe.Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return probe.Answer(status, named, (), b"")


OURS = answer(
    cache_control="no-store",
    content_security_policy="frame-ancestors 'none'",
    x_content_type_options="nosniff",
    strict_transport_security="max-age=31536000",
)
#: A site at which nothing is wrong, over HTTPS.
GOOD = probe.Seen(
    url="https://example.com",
    own_address="10.0.0.5",
    page=OURS,
    front=OURS,
    debugger=answer(404),
    plain=answer(301, location="https://example.com/"),
    start=start(),
    forged_address=start(),
    forged_hosts=(start(status=400), start()),
)


@pytest.mark.parametrize(
    ("changes", "check", "status"),
    [
        ({}, None, "ok"),
        ({"plain": None}, "transport", "ok"),
        ({"plain": OURS}, "transport", "problem"),
        ({"plain": answer(301, location="http://example.com/")}, "transport", "problem"),
        ({"page": answer()}, "transport", "problem"),
        ({"front": answer(x_frame_options="DENY")}, "framing", "ok"),
        ({"start": start(cookie=None)}, "browser secret", "problem"),
        ({"start": start(cookie="qrlogin-0=s; Secure; HttpOnly")}, "browser secret", "problem"),
        ({"start": start(cookie="__Host-q=s; Secure; Path=/")}, "browser secret", "problem"),
        ({"start": start(address="10.0.0.5")}, "addresses", "ok"),
        ({"start": start(address="10.0.0.1")}, "addresses", "unknown"),
        ({"forged_address": start(status=429)}, "addresses", "unknown"),
    ],
    ids=str,
)
def test_what_was_seen_over_https_is_judged(
    site: flask.Flask, changes: dict[str, t.Any], check: str | None, status: str
) -> None:
    seen = dataclasses.replace(GOOD, **changes)
    findings = {each(Evidence(site, site.extensions["qrlogin"], seen)) for each in CHECKS}
    statuses = {each.name: each.status for each in findings}
    if check is None:
        assert set(statuses.values()) == {status}
    else:
        assert statuses[check] == status
