"""The sentences that people read: in their language where the app has Flask-Babel, else English.

Messages are whole English sentences with named placeholders, such as ``%(name)s``. The hook
``wording`` goes before the catalogues in ``translations/``.
"""

from __future__ import annotations

import collections.abc as c
import functools
import gettext as catalogues
import io
import pathlib
import re
import typing as t
from datetime import datetime
from datetime import UTC

import flask
import markupsafe

from ..app_state import current_state

if t.TYPE_CHECKING:
    from babel import Locale

#: A text, or one that is escaped already.
Text = t.TypeVar("Text", str, markupsafe.Markup)
#: A percent sign that begins no placeholder, written once or twice.
_PERCENT = re.compile(r"%%|%(?!\()")
_FOLDER = pathlib.Path(__file__).parents[1] / "translations"


def gettext(message: str, **values: object) -> str:
    """Return a sentence in the person's language, with its placeholders filled in."""
    return _filled(message, _catalogue().gettext(message), values, _plain)


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """Return the form of a sentence that fits a number, which is its placeholder ``num``.

    The hook ``wording`` is asked for the form that English would use.
    """
    sentence = _catalogue().ngettext(singular, plural, num)
    return _filled(singular if num == 1 else plural, sentence, {"num": num, **values}, _plain)


def text(message: str, **values: object) -> markupsafe.Markup:
    """Return a sentence for a template; a value that is markup stays markup.

    ``{{ qrlogin_text("Check that it says %(host)s.", host=strong(site_host)) }}``
    """
    return _filled(message, _catalogue().gettext(message), values, markupsafe.escape)


def texts(singular: str, plural: str, num: int, **values: object) -> markupsafe.Markup:
    """Return the form of a sentence that fits a number, for a template."""
    return markupsafe.escape(ngettext(singular, plural, num, **values))


def _plain(sentence: str) -> str:
    return sentence


def _filled(
    message: str, sentence: str, values: c.Mapping[str, object], write: c.Callable[[str], Text]
) -> Text:
    """Fill in the placeholders of a sentence, or of what the hook says in its place.

    Where the hook fails, or has a placeholder of its own, the person must still be able to deny.
    """
    try:
        own = current_state().hooks.wording(message)
        if own is not None:
            return write(_PERCENT.sub("%%", own)) % values
    except Exception:
        flask.current_app.logger.exception("The hook wording of flask_qrlogin failed.")
    written = write(sentence)
    # Without values a percent sign is one: what a host refuses with comes here, too.
    return written % values if values else written


def moment(when: datetime) -> str:
    """Write a time as the person is used to: in their time zone, if the app tells it to Babel."""
    if _locale() is None:
        return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    import flask_babel

    written: str = flask_babel.format_datetime(when, "medium")
    return written


def language() -> str:
    """Return the language of our sentences as an HTML ``lang``, such as ``pt-BR``."""
    return _shipped(_locale()).replace("_", "-")


def direction() -> str:
    """Return in which direction that language is written, as an HTML ``dir``."""
    return "rtl" if language() == "ar" else "ltr"


def _locale() -> Locale | None:
    """Return the locale that the app has chosen for this request; None without Flask-Babel."""
    if "babel" not in flask.current_app.extensions:
        return None
    import flask_babel

    locale: Locale | None = flask_babel.get_locale()
    return locale


def _catalogue() -> catalogues.NullTranslations:
    return _load(_shipped(_locale()))


@functools.cache
def _load(language: str) -> catalogues.NullTranslations:
    """Read a catalogue: as it was written, so that no compiled copy can be out of step."""
    if language == "en":
        return catalogues.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with (_FOLDER / f"{language}.po").open(encoding="utf-8") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return catalogues.GNUTranslations(compiled)


@functools.cache
def _shipped(locale: Locale | None) -> str:
    """Return which of our languages fits a locale best: of Chinese by script, of others by land."""
    if locale is None:
        return "en"
    from babel.core import get_global
    from babel.core import parse_locale

    likely = get_global("likely_subtags")
    # Not as a Locale: of some names that are likely Babel knows nothing more.
    language, *here = parse_locale(likely.get(str(locale), str(locale)))[:3]
    _, *usual = parse_locale(likely.get(language, language))[:3]
    names = [f"{language}_{part}" for part in (*reversed(here), *reversed(usual)) if part]
    shipped = {path.stem for path in _FOLDER.glob("*.po")}
    return next((name for name in [*names, language] if name in shipped), "en")
