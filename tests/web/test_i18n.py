from __future__ import annotations

import collections.abc as c
import functools
import gettext
import pathlib
import re
import typing as t
from datetime import datetime
from datetime import UTC

import babel
import flask
import flask_babel
import jinja2
import pytest
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message

from flask_qrlogin.web import i18n
from flask_qrlogin.web.i18n import _load as load
from flask_qrlogin.web.i18n import _shipped as shipped
from tests import catalogues

from .conftest import MakeHost
from .host import Host

TEMPLATES = sorted((catalogues.PACKAGE / "templates" / "qrlogin").glob("*.html"))
CATALOGUES = sorted(catalogues.FOLDER.glob("*.po"))
extracted = functools.cache(catalogues.extracted)
by_language = pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)


def ids(catalogue: Catalog) -> set[tuple[str, ...]]:
    return {catalogues.forms(message.id) for message in catalogue if message.id}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[a-z]", text))


class TestCatalogues:
    def test_of_eight_languages_are_shipped(self) -> None:
        names = {"ar", "de", "es", "fr", "ja", "pt_BR", "zh_Hans", "zh_Hant"}
        assert {path.stem for path in CATALOGUES} == names

    @by_language
    def test_translate_every_sentence_in_every_plural_form(self, path: pathlib.Path) -> None:
        catalogue = catalogues.read(path)
        assert catalogues.untranslated(catalogue) == []
        assert ids(extracted()) - ids(catalogue) == set()

    @by_language
    def test_have_the_plural_forms_of_their_own_header_whatever_babel_knows(
        self, path: pathlib.Path
    ) -> None:
        (header,) = re.findall(r'^"Plural-Forms: (.*)\\n"$', path.read_text("utf-8"), re.MULTILINE)
        loaded = load(path.stem)
        assert t.cast(gettext.GNUTranslations, loaded).info()["plural-forms"] == header
        for message in catalogues.read(path):
            if message.id and message.pluralizable:
                # Each form is what some number gets, and no number gets another.
                one, many = catalogues.forms(message.id)
                got = {loaded.ngettext(one, many, n) for n in range(201)}
                assert got == set(catalogues.forms(message.string))

    @by_language
    def test_hold_nothing_that_is_not_used(self, path: pathlib.Path) -> None:
        catalogue = catalogues.read(path)
        assert ids(catalogue) - ids(extracted()) == set()
        assert not catalogue.obsolete
        assert not [message.id for message in catalogue if message.id and message.fuzzy]

    @by_language
    def test_fill_in_what_the_sentence_does(self, path: pathlib.Path) -> None:
        for message in catalogues.read(path):
            if message.id:
                assert_same_placeholders(message)


def assert_same_placeholders(message: Message) -> None:
    given = set[str]().union(*map(placeholders, catalogues.forms(message.id)))
    for text in catalogues.forms(message.string):
        # "One minute" needs no number, and Arabic has words for one and for two.
        missing = given - placeholders(text) - {"%(num)d"}
        assert not missing, text
        assert placeholders(text) <= given, text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_template_holds_a_text_of_its_own(path: pathlib.Path) -> None:
    source = path.read_text()
    data = "".join(
        # What Jinja puts there stands for something that is no text.
        value if kind == "data" else "\N{OBJECT REPLACEMENT CHARACTER}"
        for _, kind, value in jinja2.Environment().lex(source)
        if kind == "data" or kind.endswith("_begin")
    )
    assert re.findall(
        r'(?:alt|title|aria-label|placeholder|content)="([^"]*[a-z]{3}[^"]*)"', data
    ) == [
        found
        for found in ("width=device-width, initial-scale=1", "light dark", "noindex")
        if path.stem == "_base"
    ]
    # A block may be a class.
    text = re.sub(r"<[^>]*>|qrlogin-\w+", " ", data)
    assert re.findall(r"[A-Za-z]{2,}", text) == []


@pytest.mark.parametrize(
    ("chosen", "language"),
    [
        ("en", "en"),
        ("en_GB", "en"),
        ("it", "en"),
        ("de", "de"),
        ("de_AT", "de"),
        ("pt", "pt_BR"),
        ("pt_PT", "pt_BR"),
        ("zh", "zh_Hans"),
        ("zh_CN", "zh_Hans"),
        ("zh_SG", "zh_Hans"),
        ("zh_TW", "zh_Hant"),
        ("zh_HK", "zh_Hant"),
        ("zh_Hant", "zh_Hant"),
        ("ar_EG", "ar"),
        ("no", "en"),
    ],
)
def test_the_language_that_fits_the_apps_locale_is_taken(chosen: str, language: str) -> None:
    assert shipped(babel.Locale.parse(chosen)) == language


@pytest.fixture
def speaking(make_host: MakeHost) -> c.Callable[..., Host]:
    """Makes a host whose locale is the query's ``lang``."""

    def make_it(**options: t.Any) -> Host:
        def prepare(app: flask.Flask) -> None:
            flask_babel.Babel(
                app,
                locale_selector=lambda: flask.request.args.get("lang", "en"),
                timezone_selector=lambda: "Asia/Tokyo",
            )

        return make_host(prepare=prepare, **options)

    return make_it


def test_pages_are_in_the_language_and_direction_of_the_app(
    speaking: c.Callable[..., Host],
) -> None:
    browser = speaking().browser()
    page = browser.get("/qrlogin/?lang=de").text
    assert '<html lang="de" dir="ltr">' in page
    assert "Mit dem Handy anmelden" in page
    page = browser.get("/qrlogin/?lang=ar").text
    assert '<html lang="ar" dir="rtl">' in page
    page = browser.get("/qrlogin/?lang=it").text
    assert '<html lang="en" dir="ltr">' in page
    assert '<html lang="zh-Hant" dir="ltr">' in browser.get("/qrlogin/?lang=zh_TW").text


def test_refusals_are_in_the_language_of_the_app(speaking: c.Callable[..., Host]) -> None:
    browser = speaking().browser()
    answer = browser.post("/qrlogin/requests?lang=de", {"next": 1})
    assert answer.json is not None
    assert answer.json["code"] == "bad_request"
    assert answer.json["title"] == "Die Anfrage war nicht zu verstehen."


def test_a_host_without_babel_gets_english_though_it_is_installed(make_host: MakeHost) -> None:
    page = make_host().browser().get("/qrlogin/?lang=de").text
    assert '<html lang="en" dir="ltr">' in page
    assert "Log in with your phone" in page


def test_a_time_is_in_the_persons_language_and_zone(
    speaking: c.Callable[..., Host], make_host: MakeHost
) -> None:
    when = datetime(2030, 1, 31, 23, 5, tzinfo=UTC)
    with speaking().app.test_request_context("/?lang=de"):
        # Which signs stand between them, each version of CLDR says anew.
        assert re.findall(r"\d+", i18n.moment(when)) == ["01", "02", "2030", "08", "05", "00"]
    with make_host().app.test_request_context("/"):
        assert i18n.moment(when) == "2030-01-31 23:05 UTC"


class TestWording:
    def test_replaces_a_sentence_and_fills_its_placeholders_in(self, make_host: MakeHost) -> None:
        host = make_host()
        own = {
            "Log in with your phone": "Come <aboard>",
            "Log in to %(site)s": "Board %(site)s",
            "Log in on this device first.": "100 % no.",
        }
        host.qrlogin.wording(own.get)
        page = host.browser().get("/qrlogin/").text
        assert "Come &lt;aboard&gt;" in page
        assert "<title>Board localhost</title>" in page
        refusal = host.native_app().post("/qrlogin/api/scan", {"token": "x"}, Authorization="")
        assert refusal.json is not None
        assert refusal.json["title"] == "100 % no."

    def test_is_asked_for_the_form_that_fits_the_number(self, make_host: MakeHost) -> None:
        host = make_host()
        host.qrlogin.wording({"%(num)d second": "one tick", "%(num)d seconds": "%(num)d ticks"}.get)
        with host.app.test_request_context():
            counted = [i18n.ngettext("%(num)d second", "%(num)d seconds", n) for n in (1, 2)]
        assert counted == ["one tick", "2 ticks"]

    @pytest.mark.parametrize("own", ["%(nobody)s", "%(site)", None])
    def test_that_fails_leaves_the_sentence_as_it_was(
        self, make_host: MakeHost, own: str | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        def wording(message: str) -> str:
            if own is None:
                raise RuntimeError
            return own

        host = make_host()
        host.qrlogin.wording(wording)
        with host.app.test_request_context():
            assert i18n.text("Log in to %(site)s", site="<b>") == "Log in to &lt;b&gt;"
            assert i18n.gettext("Log in to %(site)s", site="<b>") == "Log in to <b>"
        assert "The hook wording of flask_qrlogin failed." in caplog.text

    @pytest.mark.parametrize("percent", ["%", "%%"])
    def test_may_have_a_percent_sign(self, make_host: MakeHost, percent: str) -> None:
        host = make_host()
        own = {"Approve": f"100 {percent} <yes>", "To %(site)s": f"100 {percent} sure of %(site)s"}
        host.qrlogin.wording(own.get)
        with host.app.test_request_context():
            assert i18n.text("Approve") == "100 % &lt;yes&gt;"
            assert i18n.gettext("To %(site)s", site="S") == "100 % sure of S"
