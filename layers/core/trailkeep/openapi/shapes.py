"""JSON Schema in few words: each function gives the schema of one kind of value."""

from typing import Any

Schema = dict[str, Any]


def text(about: str = "", **more: Any) -> Schema:
    """A string; ``more`` are further keywords of the schema."""
    return _about({"type": "string", **more}, about)


def choice(values: tuple[str, ...] | list[str], about: str = "", **more: Any) -> Schema:
    """One of some strings."""
    return text(about, enum=list(values), **more)


def time(about: str = "", **more: Any) -> Schema:
    """An RFC 3339 time."""
    return text(about, format="date-time", **more)


def whole(about: str = "", least: int | None = 0, most: int | None = None, **more: Any) -> Schema:
    """A whole number from ``least`` to ``most``."""
    bounds = {name: value for name, value in (("minimum", least), ("maximum", most)) if value is not None}
    return _about({"type": "integer", **bounds, **more}, about)


def number(about: str = "", **more: Any) -> Schema:
    """Any number."""
    return _about({"type": "number", **more}, about)


def flag(about: str = "", **more: Any) -> Schema:
    """True or false."""
    return _about({"type": "boolean", **more}, about)


def several(items: Schema, about: str = "", least: int = 0, most: int | None = None, **more: Any) -> Schema:
    """A list."""
    bounds = {name: value for name, value in (("minItems", least), ("maxItems", most)) if value}
    return _about({"type": "array", "items": items, **bounds, **more}, about)


def record(properties: dict[str, Schema], optional: tuple[str, ...] = (), about: str = "", **more: Any) -> Schema:
    """An object of an answer: all members are there but the optional ones, and later versions may add some."""
    required = [name for name in properties if name not in optional]
    stated: Schema = {"type": "object", "properties": properties}
    return _about({**stated, **({"required": required} if required else {}), **more}, about)


def request(properties: dict[str, Schema], required: tuple[str, ...] = (), about: str = "", **more: Any) -> Schema:
    """An object of a request: a member that is not named here is refused."""
    stated: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return _about({**stated, **({"required": list(required)} if required else {}), **more}, about)


def anything(about: str = "", **more: Any) -> Schema:
    """An object with members of any name."""
    return _about({"type": "object", "additionalProperties": True, **more}, about)


def mapping(values: Schema, about: str = "") -> Schema:
    """An object whose members all have values of one kind."""
    return _about({"type": "object", "additionalProperties": values}, about)


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    if "$ref" in schema or "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = {"type": [schema["type"], "null"]}
    values = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, **kinds, **values}


def ref(name: str, about: str = "") -> Schema:
    """A schema of the document, by its name."""
    return _about({"$ref": f"#/components/schemas/{name}"}, about)


def _about(schema: Schema, about: str) -> Schema:
    return {"description": about, **schema} if about else schema
