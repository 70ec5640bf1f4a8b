"""The headers every response carries: pages, files, redirects and errors alike (security.md 2, ASVS V3.4)."""

from __future__ import annotations

import re
import secrets
import unicodedata
from urllib.parse import quote

from flask import Flask, Response, g, request

DOWNLOAD_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
PERMISSIONS = "accelerometer=(), camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
STATIC_SECONDS = 3600
FIXED = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: over HTTPS the CSRF check wants to see our own address and would refuse every form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
}


def init_app(app: Flask) -> None:
    """Puts the headers on every response of `app` and offers `csp_nonce()` to templates."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.after_request(harden)


def csp_nonce() -> str:
    """The nonce of this request. Made when first asked for, so that the page of an early error has one too."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def page_policy(nonce: str) -> str:
    """Content-Security-Policy of a page: our own files and nothing else, no inline script or style."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    )


def harden(response: Response) -> Response:
    """Sets every header; a view can make the policy of its response only stricter, through `as_download`."""
    for name, value in FIXED.items():
        response.headers[name] = value
    if response.headers.get("Content-Security-Policy") != DOWNLOAD_POLICY:
        response.headers["Content-Security-Policy"] = page_policy(csp_nonce())
    if request.endpoint == "static" and response.status_code in {200, 206, 304}:
        response.headers["Cache-Control"] = f"public, max-age={STATIC_SECONDS}"
    else:
        # Families use shared computers: nothing of a record stays in a cache (security.md 6a).
        response.headers["Cache-Control"] = "no-store"
        response.headers.pop("Expires", None)
    return response


def as_download(response: Response, filename: str) -> Response:
    """Makes `response` a file that is saved and never run in our pages' name (ASVS V3.2.1).

    `filename` is ours, never the uploader's; whatever it holds, the header stays one well-formed line (RFC 6266)."""
    name = _safe_name(filename)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    if not plain.strip("._- ").strip():
        plain = "document"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
    return response


def _safe_name(filename: str) -> str:
    """`filename` without folders, control characters, quotes and hidden-file dots; at most 100 characters."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", filename))[-1]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '"%;<>:|?*')
    stem, dot, ending = kept.strip().lstrip(".").rpartition(".")
    if not dot:
        return ending[:100] or "document"
    return f"{stem[: 99 - len(ending[:10])]}.{ending[:10]}"
