"""The narrow form that nearly all records have: members that clouds are known to write, of the kinds that they write.

Decoding and writing again tells whether a record has it: only if not one byte is missing then did each member, at any
depth, stand in it once, the record's own known by name, without blanks. What is lost in one place cannot be made up for
in another, as nothing grows by being written again: escapes become shorter, and fractions stay as they are.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from trailkeep.events.reasons import Unreadable
from trailkeep.events.strict_json import MAX_DEPTH, parse_object

_Text = str | None | UnsetType
_Flag = bool | str | UnsetType

_ABSENT = Raw()
"""What stands for a member that is kept as it was written, where there is none."""


class PlainRecord(msgspec.Struct, gc=False, omit_defaults=True, rename="camel"):
    """The members of a plain record: those that columns are read from, then those that are only part of the event."""

    event_time: str
    event_name: str
    event_id: str | UnsetType = UNSET
    event_id_aws: str | UnsetType = msgspec.field(default=UNSET, name="eventID")
    request_id: _Text = UNSET
    request_id_aws: _Text = msgspec.field(default=UNSET, name="requestID")
    shared_event_id: _Text = UNSET
    shared_event_id_aws: _Text = msgspec.field(default=UNSET, name="sharedEventID")
    event_source: _Text = UNSET
    service_name: _Text = UNSET
    event_type: _Text = UNSET
    event_category: _Text = UNSET
    event_rw: _Text = msgspec.field(default=UNSET, name="eventRW")
    read_only: _Flag = UNSET
    is_global: _Flag = UNSET
    acs_region: _Text = UNSET
    aws_region: _Text = UNSET
    region: _Text = UNSET
    user_identity: Raw = _ABSENT
    recipient_account_id: _Text = UNSET
    source_ip_address: _Text = UNSET
    source_ip_address_aws: _Text = msgspec.field(default=UNSET, name="sourceIPAddress")
    user_agent: _Text = UNSET
    error_code: _Text = UNSET
    error_message: _Text = UNSET
    resource_type: _Text = UNSET
    resource_name: _Text = UNSET
    referenced_resources: Raw = _ABSENT
    resources: Raw = _ABSENT
    additional_event_data: Any = UNSET
    event_version: Any = UNSET
    api_version: Any = UNSET
    request_parameters: Any = UNSET
    request_parameter_json: Any = UNSET
    response_elements: Any = UNSET
    service_event_details: Any = UNSET
    event_attributes: Any = UNSET
    management_event: Any = UNSET
    tls_details: Any = UNSET
    vpc_id: Any = UNSET
    vpc_endpoint_id: Any = UNSET
    vpc_endpoint_account_id: Any = UNSET
    session_credential_from_console: Any = UNSET
    addendum: Any = UNSET
    edge_device_details: Any = UNSET
    event_context: Any = UNSET


def plain_member(text: bytes) -> Any:
    """The value of a member that a plain record was written with; ValueError where it is not plain itself."""
    value = _decode_member(text)
    if len(_encode(value)) != len(text):
        raise ValueError("a key stands twice, or something else is unusual")
    return value


def _no_fraction(_text: str) -> None:
    raise ValueError("a fraction is not plain")


def _fraction(text: str) -> Raw:
    if not math.isfinite(float(text)):
        raise ValueError("a number is out of range")
    return Raw(text.encode())


_decode = msgspec.json.Decoder(PlainRecord, float_hook=_fraction).decode
_decode_member = msgspec.json.Decoder(float_hook=_no_fraction).decode
_encode = msgspec.json.Encoder().encode


def plain_records(texts: Sequence[bytes]) -> list[PlainRecord | None]:
    """The members of each record that is plain; None for any other text.

    Integers beyond a double's range are not told from others: what may hold them is not to be given.
    """
    try:
        records = list(map(_decode, texts))
        lengths = list(map(len, map(_encode, records)))
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return [each for text in texts for each in plain_records([text])] if len(texts) > 1 else [None]
    return [
        record if length == len(text) and _is_shallow(text) else None
        for record, length, text in zip(records, lengths, texts, strict=True)
    ]


def _is_shallow(text: bytes) -> bool:
    """Whether a JSON text is nested no deeper than a record may be."""
    if text.count(b"{") + text.count(b"[") <= MAX_DEPTH:
        return True
    try:
        parse_object(text)
    except Unreadable:
        return False
    return True
