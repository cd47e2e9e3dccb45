"""The real template.yaml on the emulator, by CloudFormation as on AWS."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.local.errors import LocalStackError

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
STANDING = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
SUCCEEDED = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


class DeploymentFailed(LocalStackError):
    """CloudFormation refused the template or rolled it back."""


@dataclass(frozen=True)
class Deployed:
    """What stands: outputs, and the physical name of each resource."""

    outputs: Mapping[str, str]
    # Logical ID -> (type, physical ID)
    resources: Mapping[str, tuple[str, str]]
    changed: bool

    def of_type(self, kind: str) -> dict[str, str]:
        """Physical IDs of all resources of a type, by logical ID."""
        return {name: physical for name, (found, physical) in self.resources.items() if found == kind}


def deploy(formation: Any, name: str, template_url: str, parameters: Mapping[str, str]) -> Deployed:
    """Create the stack, or update it; nothing happens when nothing changed."""
    arguments = {
        "StackName": name,
        "TemplateURL": template_url,
        "Capabilities": CAPABILITIES,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())],
    }
    status = _status(formation, name)
    if status is not None and status not in STANDING:
        # What a failed creation leaves can only be removed. Nothing was kept in it: it never stood.
        formation.delete_stack(StackName=name)
        _settled(formation, name)
        status = None
    changed = True
    try:
        if status is None:
            formation.create_stack(**arguments, RetainExceptOnCreate=True)
        else:
            formation.update_stack(**arguments)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise DeploymentFailed(f"CloudFormation refused the template: {str(error)[:2000]}") from None
        changed = False
    status = _settled(formation, name)
    if changed and status not in SUCCEEDED:
        raise DeploymentFailed(f"deployment ended as {status}:\n{_reasons(formation, name)}")
    return _describe(formation, name, changed)


def stands(formation: Any, name: str) -> bool:
    """Whether the emulator knows a stack that works."""
    return _status(formation, name) in STANDING


def _status(formation: Any, name: str) -> str | None:
    try:
        status = formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError:
        return None
    return None if status == "DELETE_COMPLETE" else str(status)


def _settled(formation: Any, name: str, patience: float = 120.0) -> str | None:
    """Wait until no operation is under way."""
    deadline = time.monotonic() + patience
    while (status := _status(formation, name)) is not None and status.endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeploymentFailed(f"deployment still {status} after {patience:.0f} seconds")
        time.sleep(0.05)
    return status


def _describe(formation: Any, name: str, changed: bool) -> Deployed:
    stack = formation.describe_stacks(StackName=name)["Stacks"][0]
    resources = formation.describe_stack_resources(StackName=name)["StackResources"]
    return Deployed(
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        resources={
            row["LogicalResourceId"]: (row["ResourceType"], row.get("PhysicalResourceId", "")) for row in resources
        },
        changed=changed,
    )


def _reasons(formation: Any, name: str) -> str:
    """What failed, first cause first."""
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in reversed(events) if event["ResourceStatus"].endswith("_FAILED")]
    return "\n".join(f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed)
