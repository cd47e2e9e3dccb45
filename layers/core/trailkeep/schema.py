"""The Arrow schema of the lake: the one truth for writer, reader, SQL, Athena's tables and the documentation.

Columns are promoted from the event for questions; the event itself is kept whole in the last one. Field numbers are
written into every Parquet object and never change, so that table formats can adopt the lake as it is.
"""

import pyarrow as pa

_TIME = pa.timestamp("us", tz="UTC")
_TEXTS = pa.list_(pa.field("element", pa.string()))

_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("uid", pa.binary(16), "identity: the same event delivered again has the same one"),
    ("event_time", _TIME, "when it happened (eventTime)"),
    ("delivered_at", _TIME, "when it was delivered to the lake"),
    ("channel", pa.string(), "how it came: 'objects' of the landing bucket, or 'api/<account>'"),
    ("event_id", pa.string(), "eventId or eventID"),
    ("event_name", pa.string(), "eventName; of an Insight without one, its type"),
    ("event_source", pa.string(), "eventSource: the host of the service"),
    ("service_name", pa.string(), "serviceName; for CloudTrail the first label of eventSource"),
    ("event_type", pa.string(), "eventType: ApiCall, ConsoleSignin, AwsApiCall…"),
    ("event_category", pa.string(), "eventCategory: Management, Data, Insight…; Management where it is not said"),
    ("event_rw", pa.string(), "Read or Write: eventRW, readOnly, or by the verb of the name"),
    ("account_id", pa.string(), "recipientAccountId, else the actor's account"),
    ("user_name", pa.string(), "the operator: user, role session, calling service, or root"),
    ("user_type", pa.string(), "userIdentity.type: ram-user, root-account, assumed-role, IAMUser…"),
    ("principal_id", pa.string(), "userIdentity.principalId"),
    ("role_name", pa.string(), "the assumed role"),
    ("access_key_id", pa.string(), "userIdentity.accessKeyId; null where it says 'null'"),
    ("source_ip_address", pa.string(), "sourceIpAddress or sourceIPAddress, as it came"),
    ("caller_class", pa.string(), "what that is: address, service, internal or masked"),
    ("user_agent", pa.string(), "userAgent"),
    ("error_code", pa.string(), "errorCode; null for success, however it is written"),
    ("error_message", pa.string(), "errorMessage; null for success, however it is written"),
    ("request_id", pa.string(), "requestId or requestID"),
    ("resource_types", _TEXTS, "types of the resources, position by position with their names"),
    ("resource_names", _TEXTS, "names, IDs or ARNs of the resources"),
    ("shared_event_id", pa.string(), "sharedEventId: joins an Insight's start and end, or one event in two accounts"),
    ("insight_type", pa.string(), "insightDetails.insightType"),
    ("insight_object", pa.string(), "insightDetails.insightObject: the address, key, service… that is unusual"),
    ("insight_state", pa.string(), "insightDetails.state: Start, End or Withdrawn"),
    ("mask_version", pa.int32(), "the mask rules applied to the event"),
    ("event", pa.string(), "the original event, masked, otherwise as it came"),
)

_REQUIRED = frozenset({"uid", "event_time"})

EVENTS = pa.schema(
    [
        pa.field(
            name,
            kind,
            nullable=name not in _REQUIRED,
            metadata={"PARQUET:field_id": str(number), "description": meaning},
        )
        for number, (name, kind, meaning) in enumerate(_COLUMNS, start=1)
    ]
)
"""One row an event, for ``events/`` and ``insights/``; ``region`` and ``date`` are in the path, not in the rows."""
