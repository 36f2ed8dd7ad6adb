import os

os.environ["FLASK_SQLALCHEMY_DATABASE_URI"] = "sqlite://"  # in memory: yours stays as it is

from app import app

from flask_qrlogin.testing import FakeBrowser
from flask_qrlogin.testing import FakePhone


def test_a_phone_logs_a_browser_in():
    browser, phone = FakeBrowser(app), FakePhone(app, 1)
    browser.show_code()
    phone.scan(browser.code)
    phone.approve(number=browser.number)
    browser.wait_for_login()
    assert "Hello Ann" in browser.get("/").text
