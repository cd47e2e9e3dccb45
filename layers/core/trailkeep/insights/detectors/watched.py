"""Operations that are watched: those of both clouds that change permissions or passwords, or conceal.

They are data: ``operations.json``, a list of groups.
"""

from functools import cache
from pathlib import Path

import msgspec

LIST = Path(__file__).with_name("operations.json")


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Operations of one kind, by the service that they are of, as ``service_name`` has it.

    ``points``, in bits, are what one of them weighs more, or less, than others.
    """

    insight_type: str
    why: str
    points: float
    operations: dict[str, tuple[str, ...]]


@cache
def watched(insight_type: str) -> dict[str, float]:
    """The operations that a type of Insight is about, ``service:event`` in small letters, with their points."""
    groups = msgspec.json.decode(LIST.read_bytes(), type=tuple[Group, ...])
    return {
        f"{service}:{name}".lower(): group.points
        for group in groups
        if group.insight_type == insight_type
        for service, names in group.operations.items()
        for name in names
    }
