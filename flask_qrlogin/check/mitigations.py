"""The 17 mitigations of the IETF's best current practice for cross-device flows, and ours."""

from __future__ import annotations

import pathlib

from ..core.confirmation import Confirmation
from . import arrival
from . import choices
from . import host
from .finding import Evidence
from .finding import Finding
from .finding import Status

ON, OFF, OUTSIDE, UNKNOWN = Status.ON, Status.OFF, Status.OUTSIDE, Status.UNKNOWN
_THREATS = "docs/security/threat-model.md"


def proximity(e: Evidence) -> Finding:
    name = "Establish proximity"
    asked = _asked_for(e, name)
    if asked.status is not ON:
        return asked
    says = "Address and network of browser and phone decide what is asked for; never a proof."
    if e.state.settings.confirmation is not None:
        says = "Address and network of browser and phone are compared, and only warned of."
    return _follows(name, says, arrival.addresses(e))


def short_lived_codes(e: Evidence) -> Finding:
    says = "A code dies by itself, and so does an approval that nobody picks up."
    return _follows("Short-lived codes", says, choices.lifetimes(e))


def one_time_codes(e: Evidence) -> Finding:
    says = "The first who scans owns the code, and it logs in once."
    name = "One-time codes"
    kept = choices.store(e)
    # A store for one process or without its table keeps the promise all the same.
    if kept.status is UNKNOWN:
        return _follows(name, says, kept)
    return Finding(name, ON, says)


def unique_codes(e: Evidence) -> Finding:
    says = "128 random bits, signed with SECRET_KEY; a second scanner is refused and logged."
    if e.state.settings.user_code:
        says += " A user code has 34 bits, and each guess is counted."
    return _follows("Unique codes", says, host.secret_key(e))


def content_filtering(e: Evidence) -> Finding:
    name = "Content filtering"
    if choices.decides(e, "qr_payload"):
        says = "The hook qr_payload decides what filters could recognise."
        return Finding(name, OUTSIDE, says, "Tell mail filters what your codes look like.")
    if e.state.settings.user_code:
        says = "A user code is eight letters, in which no filter recognises anything."
        return Finding(
            name, OFF, says, "Where people have a camera, set QRLOGIN_USER_CODE to False."
        )
    says = f"Codes hold one form of URL: …{e.state.settings.url_prefix}/s/TOKEN."
    return Finding(name, OUTSIDE, says, f"Have mail filters refuse it: {_THREATS}")


def remediation(e: Evidence) -> Finding:
    name = "Detect and remediate"
    says = "“This wasn't me” ends a login and the person's other requests."
    kept = choices.store(e)
    if kept.status is Status.PROBLEM:
        return Finding(name, OFF, kept.says, kept.advice)
    told = choices.notices(e)
    return Finding(name, ON, says, told.advice)


def trusted_devices(e: Evidence) -> Finding:
    name = "Trusted devices"
    if choices.decides(e, "may_start"):
        return Finding(name, OUTSIDE, "The hook may_start decides which devices get a code.")
    advice = "If only some devices may show codes, set the hook may_start."
    return Finding(name, OFF, "Any browser gets a code.", advice)


def trusted_networks(e: Evidence) -> Finding:
    name, settings = "Trusted networks", e.state.settings
    if settings.start_networks is None and settings.approve_networks is None:
        advice = (
            "If people log in from known networks only, set QRLOGIN_START_NETWORKS and "
            "QRLOGIN_APPROVE_NETWORKS."
        )
        return Finding(name, OFF, "Codes are given to and approved from any network.", advice)
    says = "Codes are given to, or approved from, the networks that were named."
    return _follows(name, says, arrival.addresses(e))


def limited_scopes(e: Evidence) -> Finding:
    says = "A login by QR is not fresh: fresh_login_required asks again; is_qr_login() tells."
    return _follows("Limited scopes", says, choices.login_fresh(e))


def short_lived_tokens(e: Evidence) -> Finding:
    says = "A login by QR ends by itself, and stays when the browser is closed only if asked for."
    return _follows("Short-lived tokens", says, choices.linked_logins(e))


def rate_limits(e: Evidence) -> Finding:
    name = "Rate limits"
    counted = choices.limits(e)
    if counted.status is not Status.OK:
        return _follows(name, "", counted)
    says = "By address, person and request, with a budget of its own for what is invalid."
    return _follows(name, says, arrival.addresses(e))


def sender_constrained(e: Evidence) -> Finding:
    name = "Sender-constrained tokens"
    if e.is_https is False:
        return _follows(name, "", host.https(e))
    says = "The browser secret is in a __Host- cookie; the store keeps its hash."
    return _follows(name, says, arrival.browser_cookie(e))


def user_education(e: Evidence) -> Finding:
    trusted = e.state.host.trusted_host().partition(" (")[0]
    says = f"Our pages say at which host a code is asked for ({trusted})."
    advice = f"Tell people to scan codes there only, and none that were sent to them: {_THREATS}"
    return Finding("User education", OUTSIDE, says, advice)


def user_experience(e: Evidence) -> Finding:
    name = "User experience"
    package = pathlib.Path(__file__).parents[1]
    replaced = [
        page
        for page in ("scan", "confirm", "_scan", "_confirm", "_parts")
        if package not in _source(e, f"qrlogin/{page}.html").parents
    ]
    if replaced:
        says = f"The app has pages of its own: {', '.join(replaced)}."
        advice = "See that they show who asks, from where and when, and Deny as large as Approve."
        return Finding(name, OUTSIDE, says, advice)
    says = "Who, what, where and when; Deny is as large as Approve; nothing approves by itself."
    return Finding(name, ON, says)


def _source(e: Evidence, template: str) -> pathlib.Path:
    return pathlib.Path(e.app.jinja_env.get_template(template).filename or "")


def authenticate_first(e: Evidence) -> Finding:
    name = "Authenticate, then initiate"
    if e.state.settings.require_login:
        return Finding(name, ON, "Only somebody who is logged in gets a code, for themselves.")
    advice = "Where a password comes first, set QRLOGIN_REQUIRE_LOGIN."
    return Finding(name, OFF, "Whoever opens the page gets a code.", advice)


def request_verification(e: Evidence) -> Finding:
    asked = _asked_for(e, "Request initiation verification")
    if asked.status is not ON:
        return asked
    says = "A number has to be matched, always or where the browser is new: not against a relay."
    return Finding(asked.name, ON, says)


def out_of_band_binding(e: Evidence) -> Finding:
    says = "With a login_hint another account's scan is refused; without one anybody's is taken."
    advice = "Where people type their name anyway, pass it on: {{ qrlogin(login_hint=…) }}"
    return Finding("Out-of-band binding", OUTSIDE, says, advice)


def _asked_for(e: Evidence, name: str) -> Finding:
    """Say whether anything but a tap can be asked for."""
    if choices.decides(e, "confirmation_policy"):
        return Finding(name, OUTSIDE, "The hook confirmation_policy decides.")
    if e.state.settings.confirmation is Confirmation.TAP:
        advice = choices.confirmation(e).advice
        return Finding(name, OFF, "QRLOGIN_CONFIRMATION asks for a tap only.", advice)
    return Finding(name, ON, "")


def _follows(name: str, says: str, check: Finding) -> Finding:
    """Say that a mitigation works exactly where a check is good."""
    status = {Status.OK: ON, UNKNOWN: UNKNOWN}.get(check.status, OFF)
    return Finding(name, status, says if status is ON else check.says, check.advice)


#: In the order of the practice.
MITIGATIONS = (
    proximity,
    short_lived_codes,
    one_time_codes,
    unique_codes,
    content_filtering,
    remediation,
    trusted_devices,
    trusted_networks,
    limited_scopes,
    short_lived_tokens,
    rate_limits,
    sender_constrained,
    user_education,
    user_experience,
    authenticate_first,
    request_verification,
    out_of_band_binding,
)
