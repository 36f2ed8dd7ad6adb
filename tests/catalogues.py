"""Brings the catalogues up to date with the sentences in the package: ``make translations``.

New sentences come without a translation, those that are gone are taken out. A test fails as long as
either is to be done. Which plural forms a language has stands in the header of its catalogue and is
kept: each version of Babel may know others.
"""

from __future__ import annotations

import io
import pathlib
import typing as t

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from babel.messages.pofile import write_po

PACKAGE = pathlib.Path(__file__).parents[1] / "flask_qrlogin"
FOLDER = PACKAGE / "translations"

#: What marks a sentence; None: its first argument.
KEYWORDS = {
    "_": None,  # In errors.py.
    "gettext": None,
    "ngettext": (1, 2),
    "qrlogin_text": None,
    "qrlogin_texts": (1, 2),
    # What a person is refused with is translated where it is answered.
    "NotAllowed": None,
    "LoginRequired": None,
    "StepUpRequired": None,
    "DeviceNotFound": None,
    "require_in": (2,),
    "ask_to_log_in": None,
}
_METHODS = [
    ("**/templates/**.html", "jinja2"),
    # What the test kit says is for who writes tests.
    ("testing/**.py", "ignore"),
    ("**.py", "python"),
]

#: All that readers of a catalogue ask for: nothing that would change without the sentences.
_HEADER = """msgid ""
msgstr ""
"Language: {0.locale}\\n"
"Plural-Forms: {0.plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def extracted() -> Catalog:
    """Return the sentences of the package, without translations."""
    catalogue = Catalog()
    for file, _line, message, comments, _context in extract_from_dir(
        PACKAGE, _METHODS, keywords=KEYWORDS, comment_tags=["For translators:"]
    ):
        # Without the line, which changes with every edit.
        catalogue.add(message, locations=[(file, 0)], auto_comments=comments)
    return catalogue


def read(path: pathlib.Path) -> Catalog:
    """Read the catalogue of one language."""
    with path.open(encoding="utf-8") as file:
        return read_po(file, locale=path.stem)


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the sentences of which a translation, or a plural form of it, is missing."""
    return [
        str(message.id)
        for message in catalogue
        if message.id and not all(forms(message.string or ""))
    ]


def forms(text: t.Any) -> tuple[str, ...]:
    """Return a sentence, or the forms of one that counts, as a tuple."""
    return (text,) if isinstance(text, str) else tuple(text)


def write(path: pathlib.Path, catalogue: Catalog) -> None:
    """Write the catalogue of one language, in the order of the files."""
    body = io.BytesIO()
    write_po(
        body,
        catalogue,
        width=100,
        omit_header=True,
        sort_by_file=True,
        include_lineno=False,
        ignore_obsolete=True,
    )
    path.write_bytes(_HEADER.format(catalogue).encode() + body.getvalue())


def main() -> None:
    """Update every catalogue."""
    for path in sorted(FOLDER.glob("*.po")):
        catalogue = read(path)
        catalogue.update(extracted(), no_fuzzy_matching=True)
        write(path, catalogue)
        print(
            f"{path.name}: {len(catalogue)} sentences, {len(untranslated(catalogue))} to translate"
        )


if __name__ == "__main__":
    main()
