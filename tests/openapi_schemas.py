"""The schemas of the API's document, to hold examples and answers against."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from trailkeep.events.timestamps import parse_micros
from trailkeep.openapi.document import document

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_DOCUMENT = "https://api.example/openapi.json"
_formats = FormatChecker(())


@_formats.checks("date-time")
def _is_time(value: object) -> bool:
    try:
        return not isinstance(value, str) or parse_micros(value) is not None
    except ValueError:
        return False


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of everything that the API does."""
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference leads to; anything else as it is."""
    if "$ref" not in node:
        return node
    found: Any = document()
    for name in node["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return resolved(found)


def complaints(schema: dict[str, Any], value: Any, *, strictly: bool = False) -> list[str]:
    """What is wrong with a value by a schema of the document; ``strictly``, also members that no record names."""
    within = Draft202012Validator(
        _rebased(_closed(schema) if strictly else schema), registry=_registry(strictly), format_checker=_formats
    )
    return [f"{error.json_path}: {error.message}" for error in within.iter_errors(value)]


@cache
def _registry(strictly: bool) -> Registry[Any]:
    contents = _closed(document()) if strictly else document()
    return Registry().with_resource(_DOCUMENT, Resource.from_contents(contents, DRAFT202012))


def _rebased(node: Any) -> Any:
    """With references that lead into the document from anywhere."""
    if isinstance(node, list):
        return [_rebased(each) for each in node]
    if isinstance(node, dict):
        return {
            name: f"{_DOCUMENT}{value}" if name == "$ref" and value.startswith("#") else _rebased(value)
            for name, value in node.items()
        }
    return node


def _closed(node: Any) -> Any:
    """With no member but those that are named, where it is not said that there may be others."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    # Of what must all hold, each part names some of the members.
    inner = {name: value if name == "allOf" else _closed(value) for name, value in node.items()}
    is_record = node.get("type") == "object" or (isinstance(node.get("type"), list) and "object" in node["type"])
    return {"additionalProperties": False, **inner} if is_record and "properties" in node else inner
