"""The JSON of one call in the generated history, as ActionTrail or CloudTrail writes it.

Services differ on purpose, as they do in real trails: versions are numbers or strings, flags are booleans or text, an
absent error is absent, empty or "success", and eventRW or eventCategory may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.local.history_cast import ACTIONTRAIL_ACCOUNT, CLOUDTRAIL_ACCOUNT, SIGN_IN, Actor, Service

# Whatever must never reach the lake says so itself, so that a search for this word finds a leak.
SECRET = "mask-me"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who called what, where, when, and with which result."""

    time: datetime
    actor: Actor
    region: str
    address: str
    service: Service
    operation: str
    resource: str | None = None
    access_key_id: str | None = None
    error: str | None = None
    agent: str | None = None


def actiontrail_event(call: Call, event_id: str) -> dict[str, Any]:
    """The event as one element of an ActionTrail log object's array."""
    service, time = call.service, f"{call.time:%Y-%m-%dT%H:%M:%SZ}"
    is_sign_in = call.operation == SIGN_IN
    event: dict[str, Any] = {
        "eventId": event_id,
        "eventVersion": "1" if service.name in ("AasSub", "Ecs") else 1,
        "eventSource": service.source.format(region=call.region),
        "sourceIpAddress": call.address,
        "userAgent": call.agent or call.actor.agent,
        "eventType": SIGN_IN if is_sign_in else "ApiCall",
        "userIdentity": _actiontrail_identity(call, time),
        "serviceName": service.name,
        "requestId": event_id.upper(),
        "eventTime": time,
        "isGlobal": service.is_global,
        "acsRegion": call.region,
        "eventName": call.operation,
    }
    if is_sign_in:
        del event["isGlobal"], event["requestId"]
        event["additionalEventData"] = {"mfaChecked": "true", "loginAccount": f"{call.actor.name}@example"}
        event["errorMessage"] = "success"
    else:
        event["eventRW"] = "Read" if _is_read(call) else "Write"
        event["requestParameters"] = _parameters(call)
        event["responseElements"] = {"RequestId": event["requestId"]}
    if service.name not in ("AasSub", "RealtimeCompute", "Oss"):
        event["eventCategory"] = "Management"
    if service.api_version:
        event["apiVersion"] = service.api_version
    if service.name == "Oss":
        event["errorCode"], event["errorMessage"] = "", ""
    if call.resource:
        event["resourceType"], event["resourceName"] = service.resource_type, call.resource
        event["referencedResources"] = {service.resource_type: [call.resource]}
    if call.error:
        event["errorCode"], event["errorMessage"] = call.error, f"The request was refused: {call.error}."
    elif call.operation == "CreateAccessKey":
        event["responseElements"]["AccessKey"] = {
            "AccessKeyId": "LTAI5tPlantedExample0001",
            "AccessKeySecret": f"{SECRET}-access-key-secret",
            "Status": "Active",
        }
    elif call.operation == "AssumeRole":
        event["responseElements"]["Credentials"] = {
            "AccessKeyId": f"STS.NUExample{event_id[:8]}",
            "SecurityToken": f"{SECRET}-security-token",
        }
    return event


def _actiontrail_identity(call: Call, time: str) -> dict[str, Any]:
    actor = call.actor
    identity: dict[str, Any] = {
        "type": actor.kind,
        "accountId": ACTIONTRAIL_ACCOUNT,
        "principalId": actor.principal_id,
        "userName": actor.name,
    }
    if call.access_key_id:
        identity["accessKeyId"] = call.access_key_id
    elif call.service.name == "RealtimeCompute":
        identity["accessKeyId"] = "null"
    if not call.access_key_id:
        flag: bool | str = True if call.service.name in ("Kms", "Rds") else "true"
        identity["sessionContext"] = {"attributes": {"mfaAuthenticated": flag, "creationDate": time}}
    return identity


def _is_read(call: Call) -> bool:
    return call.operation in call.service.reads or call.operation.startswith(("Describe", "Get", "List"))


def _parameters(call: Call) -> dict[str, Any]:
    parameters: dict[str, Any] = {"RegionId": call.region, "AcsProduct": call.service.name}
    if call.resource:
        parameters[call.service.resource_type.rpartition(":")[2] + "Id"] = call.resource
    if call.operation.startswith(("Describe", "List")):
        parameters["PageSize"] = 50
    return parameters


def cloudtrail_event(call: Call, event_id: str) -> dict[str, Any]:
    """The event as one element of a CloudTrail log object's "Records"."""
    service, time = call.service, f"{call.time:%Y-%m-%dT%H:%M:%SZ}"
    is_login = service.name == "signin"
    event: dict[str, Any] = {
        "eventVersion": "1.08" if is_login else "1.09",
        "userIdentity": _cloudtrail_identity(call, time),
        "eventTime": time,
        "eventSource": service.source,
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": call.address,
        "userAgent": call.agent or call.actor.agent,
        "requestParameters": None,
        "responseElements": None,
        "eventID": event_id,
        "readOnly": _is_read(call),
        "eventType": "AwsConsoleSignIn" if is_login else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": CLOUDTRAIL_ACCOUNT,
        "eventCategory": "Management",
    }
    if is_login:
        event["responseElements"] = {"ConsoleLogin": "Failure" if call.error else "Success"}
        event["additionalEventData"] = {"MFAUsed": "Yes", "MobileVersion": "No"}
    else:
        event["requestID"] = event_id[:18]
    if call.error:
        event["errorCode"], event["errorMessage"] = call.error, f"The request was refused: {call.error}"
    if call.resource:
        event["requestParameters"] = {f"{service.resource_type.rpartition(':')[2].lower()}Name": call.resource}
        event["resources"] = [
            {"accountId": CLOUDTRAIL_ACCOUNT, "type": service.resource_type, "ARN": _resource_arn(call)}
        ]
    if call.operation == "AssumeRole" and not call.error:
        event["responseElements"] = {
            "credentials": {
                "accessKeyId": f"ASIAEXAMPLE{event_id[:8].upper()}",
                "sessionToken": f"{SECRET}-session-token",
            }
        }
    return event


def _cloudtrail_identity(call: Call, time: str) -> dict[str, Any]:
    actor, account = call.actor, CLOUDTRAIL_ACCOUNT
    if actor.kind == "AWSService":
        return {"type": "AWSService", "invokedBy": actor.name}
    identity: dict[str, Any] = {"type": actor.kind, "principalId": actor.principal_id, "accountId": account}
    if call.access_key_id:
        identity["accessKeyId"] = call.access_key_id
    attributes = {"creationDate": time, "mfaAuthenticated": "false" if call.access_key_id else "true"}
    if actor.kind == "IAMUser":
        identity |= {"arn": f"arn:aws:iam::{account}:user/{actor.name}", "userName": actor.name}
        if not call.access_key_id:
            identity["sessionContext"] = {"attributes": attributes}
        return identity
    role, _, session = actor.name.partition(":")
    identity["arn"] = f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
    issuer = {
        "type": "Role",
        "principalId": actor.principal_id.partition(":")[0],
        "arn": f"arn:aws:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role,
    }
    identity["sessionContext"] = {"sessionIssuer": issuer, "attributes": attributes}
    return identity


def _resource_arn(call: Call) -> str:
    if call.service.name == "ec2":
        return f"arn:aws:ec2:{call.region}:{CLOUDTRAIL_ACCOUNT}:instance/{call.resource}"
    if call.service.name == "s3":
        return f"arn:aws:s3:::{call.resource}"
    return f"arn:aws:iam::{CLOUDTRAIL_ACCOUNT}:role/{call.resource}"
