"""What is served as it is: the document, and the files of the page that shows it, each known by its contents."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

import msgspec

from trailkeep.openapi.document import document

_CONTENT_SECURITY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""The page runs no script but its own files, and asks nobody but this API."""

_HEADERS = {
    # Kept for some minutes, then asked for again.
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": _CONTENT_SECURITY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_OWN = files(__package__)
# Swagger UI comes with a package that is here anyway, pinned like all of them; importing that part of it is not needed.
_SWAGGER_UI = files("aws_lambda_powertools") / "event_handler" / "openapi" / "swagger_ui"
_ASSETS = {
    "init.js": (_OWN / "init.js", "text/javascript"),
    "swagger-ui.js": (_SWAGGER_UI / "swagger-ui-bundle.min.js", "text/javascript"),
    "swagger-ui.css": (_SWAGGER_UI / "swagger-ui.min.css", "text/css"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """A text, its media type, and an entity tag: another one as soon as a byte is."""

    kind: str
    text: str
    etag: str

    @property
    def headers(self) -> dict[str, str]:
        """What an answer with the page, or one that it has not changed, says of it."""
        return {**_HEADERS, "ETag": self.etag}

    def is_known(self, headers: Mapping[str, str]) -> bool:
        """Whether a request, by its headers (names in lower case), comes from one who has the page already."""
        known = {tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")}
        return bool(known & {self.etag, "*"})


@cache
def document_page() -> Page:
    """``/openapi.json``."""
    return _page("application/json", msgspec.json.encode(document()).decode())


@cache
def docs_page() -> Page:
    """``/docs``."""
    return _page("text/html; charset=utf-8", (_OWN / "docs.html").read_text(encoding="utf-8"))


@cache
def _asset(name: str) -> Page:
    file, kind = _ASSETS[name]
    return _page(f"{kind}; charset=utf-8", file.read_text(encoding="utf-8"))


def asset_page(name: str) -> Page | None:
    """``/docs/{asset}``: a file that the page consists of; None where there is none of this name."""
    return _asset(name) if name in _ASSETS else None


def _page(kind: str, text: str) -> Page:
    return Page(kind, text, f'"{sha256(text.encode()).hexdigest()[:32]}"')
