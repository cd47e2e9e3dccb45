"""What was acted on: the resources of a record as two parallel lists, types and names."""

from typing import Any

from trailkeep.events.values import first_text, text


def resources_of(fields: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Types and names, position by position; a type is ``""`` where only the name is known.

    ActionTrail writes ``resourceType``/``resourceName`` with ``;`` between types and ``,`` between the names of one,
    or ``referencedResources`` (type → names); CloudTrail writes ``resources`` (ARN and type).
    """
    found: dict[tuple[str, str], None] = {}
    if names_of_types := text(fields.get("resourceName")):
        types = (text(fields.get("resourceType")) or "").split(";")
        for position, group in enumerate(names_of_types.split(";")):
            kind = types[position] if position < len(types) else types[-1]
            for name in group.split(","):
                _add(found, kind, name)
    referenced = fields.get("referencedResources")
    if isinstance(referenced, dict):
        for kind, names in referenced.items():
            for name in names if isinstance(names, list) else [names]:
                _add(found, kind, name)
    listed = fields.get("resources")
    if isinstance(listed, list):
        for resource in listed:
            if isinstance(resource, dict):
                kind = first_text(resource, "type", "resourceType") or ""
                _add(found, kind, first_text(resource, "ARN", "arn", "resourceName", "name"))
    return [kind for kind, _ in found], [name for _, name in found]


def _add(found: dict[tuple[str, str], None], kind: str, name: Any) -> None:
    readable = (text(name) or "").strip()
    if readable:
        found[kind.strip(), readable] = None
