"""How a QR code looks; a style that phones read badly is refused."""

from __future__ import annotations

import dataclasses
import re
import typing as t

Level = t.Literal["L", "M", "Q", "H"]
LEVELS: t.Final[tuple[Level, ...]] = t.get_args(Level)

#: Dark on light needs this contrast. It is what WCAG 2.2 (1.4.3) asks for text: a phone too reads
#: from dimmed screens and through reflections.
MIN_CONTRAST: t.Final = 4.5
#: CSS pixels. Below, the modules of a usual URL are less than three pixels wide.
MIN_SIZE: t.Final = 120
#: Modules. ISO/IEC 18004 asks for four; the page around the code can lend two of them.
MIN_QUIET_ZONE: t.Final = 2
#: Modules. A logo is 15 % of the picture wide; in a wider picture it would leave its gap.
MAX_QUIET_ZONE_WITH_LOGO: t.Final = 8

_COLOUR: t.Final = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
#: A path, but no other host after two slashes, or a backslash that browsers read as one; or a URL.
_LOGO_URL: t.Final = re.compile(r"(?:/(?!/)|https?://[^/])[^\s\x00-\x1f\x7f\\]*")


def _luminance(colour: str) -> float:
    """How light a colour is, from 0 for black to 1 for white: WCAG 2.2's relative luminance."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (byte / 255 for byte in bytes.fromhex(digits))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class QRStyle:
    """How the QR code looks; a style that phones read badly is refused with a ValueError.

    ``size`` is in CSS pixels, ``quiet_zone``, the empty margin, in modules; colours are ``#rgb``
    or ``#rrggbb``. Error correction repairs about 7 % (L), 15 % (M), 25 % (Q) or 30 % (H) of the
    picture; the more, the smaller the modules. It is M, and H with a logo.

    ``logo_url`` is a picture that pages lay over the middle of the code, which is left free for
    it: a path of this site or a URL of the web.
    """

    size: int = 240
    dark: str = "#000000"
    light: str = "#ffffff"
    quiet_zone: int = 4
    error_correction: Level | None = None
    logo_url: str | None = None

    def __post_init__(self) -> None:
        for name, minimum in (("size", MIN_SIZE), ("quiet_zone", MIN_QUIET_ZONE)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < minimum:
                raise ValueError(f"{name} must be a whole number from {minimum}, not {value!r}.")
        if self.error_correction not in (None, *LEVELS):
            raise ValueError(
                f"error_correction must be L, M, Q or H, not {self.error_correction!r}."
            )
        for name in ("dark", "light"):
            if not _COLOUR.fullmatch(str(getattr(self, name))):
                raise ValueError(f"{name} must be #rgb or #rrggbb, not {getattr(self, name)!r}.")
        if self.logo_url is not None:
            self._check_logo()
        contrast = (_luminance(self.light) + 0.05) / (_luminance(self.dark) + 0.05)
        if contrast < 1:
            raise ValueError(
                f"dark ({self.dark}) is lighter than light ({self.light}), and many phones do not"
                " read an inverted code. Exchange them; on a dark page the code is a light panel."
            )
        if contrast < MIN_CONTRAST:
            raise ValueError(
                f"{self.dark} on {self.light} has a contrast of {contrast:.2f} to 1; to be scanned"
                f" from a screen a code needs {MIN_CONTRAST} to 1."
            )

    @property
    def level(self) -> Level:
        """The level of error correction in force."""
        return self.error_correction or ("M" if self.logo_url is None else "H")

    def _check_logo(self) -> None:
        if not _LOGO_URL.fullmatch(str(self.logo_url)):
            raise ValueError(
                "logo_url must be a path of this site, such as /static/logo.svg, or an http(s) URL,"
                f" not {self.logo_url!r}."
            )
        if self.level != "H":
            raise ValueError(
                f"error_correction is {self.level!r}, but a logo hides a part of the code, which"
                " only H repairs with enough to spare. Leave error_correction out."
            )
        if self.quiet_zone > MAX_QUIET_ZONE_WITH_LOGO:
            raise ValueError(
                f"quiet_zone must be at most {MAX_QUIET_ZONE_WITH_LOGO} with a logo, not"
                f" {self.quiet_zone}."
            )
