"""``/openapi.json`` and ``/docs``: this document, and a page that shows it."""

from typing import Any

from trailkeep.errors import RouteNotFound
from trailkeep.openapi.operations import answer, operation
from trailkeep.openapi.parameters import in_header, in_path
from trailkeep.openapi.shapes import Schema, text

TAG = "Description"

SCHEMAS: dict[str, Schema] = {}

_ETAG: dict[str, Any] = {"headers": {"ETag": {"required": True, "schema": {"type": "string"}}}}
_UNCHANGED = {"304": {"description": "It is what the caller has already.", **_ETAG}}
_IF_NONE_MATCH = in_header("If-None-Match", "What the caller has already, by its `ETag`.", text(), '"0a1b2c3d4e5f6071"')


def _page(name: str, title: str, about: str, **more: Any) -> dict[str, Any]:
    return operation(name, title, about, tag=TAG, scope=None, **more)


PATHS: dict[str, Any] = {
    "/openapi.json": {
        "get": _page(
            "getDescription",
            "This document",
            "The API in the words of OpenAPI 3.1.",
            parameters=(_IF_NONE_MATCH,),
            answers={
                "200": answer(
                    "The document.", {"type": "object", "required": ["openapi"]}, {"openapi": "3.1.0"}, **_ETAG
                ),
                **_UNCHANGED,
            },
        )
    },
    "/docs": {
        "get": _page(
            "getDocs",
            "A page that shows it",
            "Swagger UI. It asks nobody but this API for anything.",
            parameters=(_IF_NONE_MATCH,),
            answers={
                "200": answer("The page.", text(), "<!doctype html>…", kind="text/html", **_ETAG),
                **_UNCHANGED,
            },
        )
    },
    "/docs/{asset}": {
        "get": _page(
            "getDocsAsset",
            "What the page consists of",
            "Its scripts and style sheets.",
            parameters=(in_path("asset", "The name of a file.", "init.js"), _IF_NONE_MATCH),
            answers={
                "200": {
                    "description": "The file.",
                    "content": {
                        kind: {"schema": text(), "example": example}
                        for kind, example in (("text/javascript", "window.onload = …"), ("text/css", "body { … }"))
                    },
                    **_ETAG,
                },
                **_UNCHANGED,
            },
            errors=(RouteNotFound,),
        )
    },
}
