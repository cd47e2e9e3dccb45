"""Who acted: ActionTrail's and CloudTrail's ``userIdentity``, read into the same fields."""

from typing import Any, NamedTuple

from trailkeep.events.values import first_text, identifier

LOGIN_NAMES = ("loginAccount", "UserName")
"""Where ``additionalEventData`` names who signed in, or tried to."""


class Principal(NamedTuple):
    """The actor of an event. ``role_name`` is set for assumed roles; ``user_name`` is then the session's."""

    account_id: str | None
    user_name: str | None
    user_type: str | None
    principal_id: str | None
    role_name: str | None
    access_key_id: str | None


def principal_of(fields: dict[str, Any]) -> Principal:
    """The actor named by a record's ``userIdentity``; the account is the one whose trail the event belongs to."""
    identity = fields.get("userIdentity")
    identity = identity if isinstance(identity, dict) else {}
    user_type = first_text(identity, "type")
    principal_id = first_text(identity, "principalId")
    user_name = identifier(identity.get("userName"))
    role_name = None
    if user_type == "assumed-role":
        role_name = (user_name or "").partition(":")[0] or None
    elif user_type == "AssumedRole":
        role_name, session = _assumed_role(identity, principal_id)
        user_name = user_name or session
    elif user_type in ("Root", "root-account"):
        user_name = user_name or "root"
    return Principal(
        account_id=first_text(fields, "recipientAccountId") or first_text(identity, "accountId"),
        user_name=user_name or _other_name(fields, identity),
        user_type=user_type,
        principal_id=principal_id,
        role_name=role_name,
        access_key_id=identifier(identity.get("accessKeyId")),
    )


def _assumed_role(identity: dict[str, Any], principal_id: str | None) -> tuple[str | None, str | None]:
    """Role and session names: of the session's issuer, or of ``arn:aws:sts::…:assumed-role/<role>/<session>``."""
    context = identity.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, dict) else None
    role = first_text(issuer, "userName") if isinstance(issuer, dict) else None
    path = (first_text(identity, "arn") or "").partition(":assumed-role/")[2].split("/")
    session = path[1] if len(path) > 1 else (principal_id or "").partition(":")[2]
    return role or path[0] or None, session or None


def _other_name(fields: dict[str, Any], identity: dict[str, Any]) -> str | None:
    """The name of an actor without ``userName``: the ARN's last part, the calling service, a failed sign-in's user."""
    arn = first_text(identity, "arn")
    if arn and "/" in arn:
        return arn.rpartition("/")[2]
    extra = fields.get("additionalEventData")
    name = first_text(extra, *LOGIN_NAMES) if isinstance(extra, dict) else None
    return name or first_text(identity, "invokedBy", "user", "userDisplayName")
