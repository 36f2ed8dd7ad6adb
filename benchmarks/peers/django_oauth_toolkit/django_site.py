# mypy: ignore-errors
# It runs in an environment of its own, which mypy does not see.
"""django-oauth-toolkit 3.4.1: its device grant (RFC 8628) on Django 5.2 and SQLite.

As "Part 6 - Device authorization grant flow" of its tutorial has it, with its own views, models and
URLs; the settings are those of `startproject`, without debug, and SQLite as Django's notes
recommend for production. It never asks a device to slow down.

Run as a program it makes a fresh database, and prints what the load program has to know.
"""

from __future__ import annotations

import json
import os
import secrets

import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import include
from django.urls import path

settings.configure(
    SECRET_KEY="benchmark" * 8,
    DEBUG=False,
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"{os.environ['DATA']}/db.sqlite3",
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            },
        }
    },
    OAUTH2_PROVIDER={
        "OAUTH_DEVICE_VERIFICATION_URI": f"http://127.0.0.1:{os.environ['PORT']}/o/device",
        "SCOPES": {"profile": "Your name"},
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402

urlpatterns = [
    path("", lambda request: JsonResponse({})),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
application = get_wsgi_application()


def main():
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client
    from oauth2_provider.models import get_application_model

    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_user("ann")
    model = get_application_model()
    model.objects.create(
        name="Browser",
        client_id="browser",
        client_type=model.CLIENT_PUBLIC,
        authorization_grant_type=model.GRANT_DEVICE_CODE,
    )
    phone = Client()
    phone.force_login(user)
    csrf = secrets.token_hex(16)
    cookie = f"sessionid={phone.cookies['sessionid'].value}; csrftoken={csrf}"
    print(json.dumps({"cookie": cookie, "csrf": csrf}))


if __name__ == "__main__":
    main()
