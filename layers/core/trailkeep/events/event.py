"""An audit event, normalised: the promoted fields that questions are asked of, and the original beside them."""

from dataclasses import dataclass


@dataclass(slots=True)
class Event:
    """One event as the lake keeps it. Fields are None where the record does not say; times are microseconds in UTC.

    The columns of :data:`trailkeep.schema.EVENTS` carry the same names and say what each means.
    """

    uid: bytes
    event_time: int
    region: str
    channel: str
    event_id: str | None
    event_name: str
    event_source: str | None
    service_name: str | None
    event_type: str | None
    event_category: str
    event_rw: str
    account_id: str | None
    user_name: str | None
    user_type: str | None
    principal_id: str | None
    role_name: str | None
    access_key_id: str | None
    source_ip_address: str | None
    caller_class: str | None
    user_agent: str | None
    error_code: str | None
    error_message: str | None
    request_id: str | None
    resource_types: list[str]
    resource_names: list[str]
    shared_event_id: str | None
    insight_type: str | None
    insight_object: str | None
    insight_state: str | None
    mask_version: int
    event: str
