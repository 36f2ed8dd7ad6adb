from __future__ import annotations

import types

import pytest

from flask_qrlogin import Place
from flask_qrlogin import Profile
from flask_qrlogin.hooks import default_describe_browser
from flask_qrlogin.hooks import default_profile


def user(**attributes: object) -> types.SimpleNamespace:
    return types.SimpleNamespace(**attributes)


def test_the_default_profile_shows_the_display_name_else_the_name() -> None:
    assert default_profile(user(display_name="Ann", name="ann")) == Profile("Ann")
    assert default_profile(user(name="ann")) == Profile("ann")
    # The shorter one, of those that many apps have; never what a person logs in with.
    names = {"full_name": "Ann Walker", "first_name": "Ann", "username": "ann7"}
    assert default_profile(user(name="ann@example.com", **names)) == Profile("Ann")
    assert default_profile(user(full_name="Ann Walker")) == Profile("Ann Walker")
    assert default_profile(user(username="ann7")) == Profile("Somebody")
    assert default_profile(user(name="李雷", avatar_url="/a.svg")) == Profile("李雷", "/a.svg")


@pytest.mark.parametrize(
    "name",
    ["ann@example.com", "+49 (170) 123-4567", "0170.1234567", "", "  ", None, 7, lambda: "Ann"],
)
def test_the_default_profile_never_shows_an_address_or_a_number(name: object) -> None:
    assert default_profile(user(display_name=name, avatar_url=7)) == Profile("Somebody")
    assert default_profile(user(display_name=name, name="Ann")) == Profile("Ann")


def test_a_browser_is_named_with_its_system() -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    assert default_describe_browser(firefox) == "Firefox on Linux"
    assert default_describe_browser("curl/8.0") == "curl"
    assert default_describe_browser("") == "An unknown browser"


def test_a_place_reads_as_town_and_country() -> None:
    assert str(Place("France")) == "France"
    assert str(Place("France", "Lyon")) == "Lyon, France"
