from __future__ import annotations

import io
import json
import pathlib
import re

import flask
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from example_app import create_app
from example_app import qr_reader
from example_app.models import db
from flask_qrlogin.qr import image as qr_image

from . import steps


def picture_of(text: str) -> Image.Image:
    return Image.open(io.BytesIO(qr_image.png(text))).convert("RGBA")


def file_of(image: Image.Image, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, format)
    return file.getvalue()


def decode(browser: FlaskClient, picture: bytes, type: str = "image/png") -> TestResponse:
    return browser.post("/phone/decode", data=picture, content_type=type)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_picture_of_a_code_is_read(browser: FlaskClient, format: str) -> None:
    url = steps.show_code(browser)["qr"]["url"]
    answer = decode(browser, file_of(picture_of(url).convert("RGB"), format))
    assert answer.get_json() == {"texts": [url]}


def test_a_code_somewhere_in_a_screenshot_is_read(browser: FlaskClient) -> None:
    screen = Image.new("RGB", (1280, 800), "#0d1214")
    screen.paste(picture_of("here").resize((200, 200)), (900, 400))
    assert decode(browser, file_of(screen)).get_json() == {"texts": ["here"]}


def test_a_code_on_a_transparent_background_is_read(browser: FlaskClient) -> None:
    image = picture_of("through")
    image.putalpha(image.convert("L").point(lambda light: 255 - light))
    assert decode(browser, file_of(image)).get_json() == {"texts": ["through"]}


def test_a_picture_without_a_code_says_nothing(browser: FlaskClient) -> None:
    answer = decode(browser, file_of(Image.new("RGB", (300, 300), "white")))
    assert answer.get_json() == {"texts": []}


@pytest.mark.parametrize("picture", [b"", b"no picture", b"<svg/>"])
def test_what_is_no_picture_is_refused_with_a_message(browser: FlaskClient, picture: bytes) -> None:
    answer = decode(browser, picture)
    assert answer.status_code == 400
    assert answer.get_json()["title"] == "This is not a picture (PNG, JPEG, WebP, GIF or BMP)."


def test_a_picture_that_breaks_off_is_refused(browser: FlaskClient) -> None:
    assert decode(browser, file_of(picture_of("whole"))[:-40]).status_code == 400


def test_a_picture_with_too_many_bytes_is_refused(
    browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qr_reader, "MAX_BYTES", 10)
    answer = decode(browser, b"more than ten bytes")
    assert answer.status_code == 413
    assert answer.get_json()["title"] == "This picture is too large."


@pytest.mark.parametrize("side", [8_000, 12_000, 20_000])
def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused(
    browser: FlaskClient, side: int
) -> None:
    answer = decode(browser, file_of(Image.new("1", (side, side))))
    assert answer.status_code == 400
    assert answer.get_json()["title"] == "This picture is too large."


def test_a_picture_has_to_be_sent_as_one(browser: FlaskClient) -> None:
    assert decode(browser, b"", "application/x-www-form-urlencoded").status_code == 415


def origins(answer: TestResponse) -> list[str]:
    found = re.search(r"data-origins='([^']+)'", answer.text)
    assert found is not None
    return list(json.loads(found[1]))


def test_the_page_takes_codes_of_this_computer_by_either_name(browser: FlaskClient) -> None:
    answer = browser.get("/phone", headers={"Host": "localhost:5050"})
    assert origins(answer) == ["http://127.0.0.1:5050", "http://localhost:5050"]


def test_the_page_takes_codes_of_the_base_url_too(seeded: pathlib.Path) -> None:
    config = {"QRLOGIN_BASE_URL": "https://harbour.example/"}
    site = create_app(config, instance_path=str(seeded))
    answer = site.test_client().get("/phone", headers={"Host": "harbour.example"})
    assert "https://harbour.example" in origins(answer)
    dispose(site)


def test_the_page_has_no_script_of_its_own_text(browser: FlaskClient) -> None:
    page = browser.get("/phone").text
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    assert scripts == [""]
    assert not re.search(r"\son\w+=", page)


def dispose(site: flask.Flask) -> None:
    with site.app_context():
        db.engine.dispose()
