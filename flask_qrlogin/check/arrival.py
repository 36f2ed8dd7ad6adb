"""Checks of what arrives at the other side of the proxy: unknown, unless a probe has looked."""

from __future__ import annotations

import ipaddress

from .finding import Evidence
from .finding import Finding
from .finding import LOOK
from .finding import ok
from .finding import problem
from .finding import unknown
from .probe import FORGED_ADDRESS
from .probe import FORGED_HOST
from .probe import Seen


def transport(e: Evidence) -> Finding:
    """Who can have a browser begin over plain HTTP can keep it there."""
    name, seen = "transport", e.seen
    if seen is None:
        return unknown(name, "Not looked at.", LOOK)
    if not seen.url.startswith("https:"):
        return problem(name, "It was reached over plain HTTP.", "Serve the site over HTTPS only.")
    if seen.plain is not None:
        location = seen.plain.headers.get("location", "")
        if not (300 <= seen.plain.status < 400 and location.startswith("https:")):
            advice = "Redirect every plain HTTP request to HTTPS."
            return problem(name, "The site answers over plain HTTP, too.", advice)
    if "strict-transport-security" not in seen.page.headers:
        return problem(
            name,
            "Strict-Transport-Security is missing.",
            "Send it, for example with max-age=31536000.",
        )
    return ok(name, "HTTPS, with Strict-Transport-Security.")


def headers(e: Evidence) -> Finding:
    """A proxy may cache our answers, or take the headers that keep our pages out of frames."""
    name, seen = "headers", e.seen
    if seen is None:
        return unknown(name, "Not looked at.", LOOK)
    if seen.page.status != 200:
        return unknown(name, f"Our login page answers {seen.page.status}.", "Let the probe see it.")
    lost = [
        header
        for header, wanted in {
            "cache-control": "no-store",
            "content-security-policy": "frame-ancestors",
            "x-content-type-options": "nosniff",
        }.items()
        if wanted not in seen.page.headers.get(header, "")
    ]
    if lost:
        return problem(name, f"On the way was lost: {', '.join(lost)}.", "Let the proxy pass them.")
    return ok(name, "Our pages arrive uncached, and cannot be framed.")


def framing(e: Evidence) -> Finding:
    """A framed page can be clicked without being seen."""
    name, seen = "framing", e.seen
    if seen is None:
        return unknown(name, "The app's own pages were not looked at.", LOOK)
    if seen.front.status != 200:
        return unknown(name, f"The first page answers {seen.front.status}.", LOOK)
    policy = seen.front.headers.get("content-security-policy", "")
    if "frame-ancestors" in policy or "x-frame-options" in seen.front.headers:
        return ok(name, "The app's first page limits who may frame it.")
    advice = "Send Content-Security-Policy: frame-ancestors 'self' with all pages of the app."
    return problem(name, "Any site can frame the app's first page.", advice)


def browser_cookie(e: Evidence) -> Finding:
    """The browser secret has to stay with the browser that asked."""
    name, seen = "browser secret", e.seen
    if seen is None:
        return unknown(name, "Not looked at.", LOOK)
    if seen.start.status != 201:
        return _not_started(name, seen)
    cookie = seen.start.cookie or ""
    has = {part.strip().lower() for part in cookie.split(";")[1:]}
    wanted = {"secure", "httponly", "samesite=lax", "path=/"}
    if not cookie.startswith("__Host-") or not wanted <= has:
        return problem(
            name,
            "Its cookie arrives without __Host-, Secure, HttpOnly or SameSite=Lax.",
            "Set QRLOGIN_BASE_URL to the https:// address, and let the proxy leave cookies alone.",
        )
    return ok(name, "Its cookie arrives as __Host-, Secure, HttpOnly, SameSite=Lax.")


def forged_host(e: Evidence) -> Finding:
    """A Host header is whatever the client says."""
    name, seen = "forged host", e.seen
    if seen is None:
        return unknown(name, "Not looked at.", LOOK)
    if seen.start.status != 201:
        return _not_started(name, seen)
    if any(FORGED_HOST in (start.code_host or "") for start in seen.forged_hosts):
        return problem(
            name,
            "A forged Host or X-Forwarded-Host stands in the code.",
            "Set QRLOGIN_BASE_URL, and TRUSTED_HOSTS for the app's own pages.",
        )
    return ok(name, "A forged Host or X-Forwarded-Host is refused or ignored.")


def addresses(e: Evidence) -> Finding:
    """Warnings, limits and networks mean something only if each client has its own address."""
    name, seen = "addresses", e.seen
    if seen is None:
        return unknown(name, "Whose addresses the app sees was not looked at.", LOOK)
    if seen.start.status != 201 or seen.forged_address.status != 201:
        return _not_started(name, seen)
    address = seen.start.address
    if address is None:
        return unknown(
            name,
            "The site keeps its requests elsewhere than this command looks.",
            "Run it where the site runs, with the same configuration.",
        )
    if seen.forged_address.address == FORGED_ADDRESS:
        return problem(
            name,
            "A forged X-Forwarded-For is believed.",
            "Let ProxyFix count exactly the proxies in front, and nobody reach the app past them.",
        )
    if not address:
        return problem(
            name,
            "A proxy forwards, and nobody has told the app to believe it: no address is known.",
            "Apply Werkzeug's ProxyFix with the number of proxies in front.",
        )
    ip = ipaddress.ip_address(address)
    if ip.is_loopback or not (ip.is_global or address == seen.own_address):
        return unknown(
            name,
            f"This command was seen at {address}, which may be a proxy's address.",
            "Probe from a computer elsewhere.",
        )
    return ok(name, f"A forged one is not believed; this command was seen at {address}.")


def _not_started(name: str, seen: Seen) -> Finding:
    return unknown(
        name,
        f"The site gave no code (status {seen.start.status}).",
        "Probe the address of QRLOGIN_BASE_URL, from where codes may be asked for.",
    )


CHECKS = (transport, headers, framing, browser_cookie, forged_host, addresses)
