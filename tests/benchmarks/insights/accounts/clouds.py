"""Clouds: the names of operations, errors and user agents of an account, in CloudTrail's words or in ActionTrail's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.insights.accounts.book import Operation


@dataclass(frozen=True)
class Cloud:
    """What is called in a cloud: ``reads`` and ``writes`` by job, ``programs`` by what a program does."""

    name: str
    regions: Sequence[str]
    reads: Mapping[str, Sequence[Operation]]
    writes: Mapping[str, Sequence[Operation]]
    programs: Mapping[str, Sequence[Operation]]
    policy: Sequence[Operation]
    """Changes of permissions."""
    own_password: Operation
    passwords: Sequence[Operation]
    """Changes of others' passwords and of the rules for them."""
    concealment: Mapping[str, Sequence[Operation]]
    """Ways to hide tracks, each with its operations."""
    maintenance: Sequence[Operation]
    """What those who run the trails do now and then."""
    cleaning: Sequence[Operation]
    """What goes when something is no longer needed: its logs, its buckets."""
    reconnaissance: Mapping[str, Sequence[Operation]]
    """What attackers look at first, by service."""
    identity: Operation
    """Who am I: what stolen keys are tried with."""
    onboarding: Sequence[Operation]
    sign_in: Operation
    assume: Operation
    """How services and pipelines take a role."""
    denied: str
    throttled: str
    faults: Sequence[str]
    """Errors of everyday work: not found, not valid, in conflict."""
    console_agents: Sequence[str]
    tool_agents: Mapping[str, str]
    """By family, with a place for the version."""
    service_hosts: Sequence[str]

    def agent(self, family: str, version: int) -> str:
        """The user agent of a tool, which says its version more than once."""
        return self.tool_agents[family].replace("{v}", str(version))


def operations(text: str) -> list[Operation]:
    """Operations of lines ``service: Event Event``."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        service, _, events = line.partition(":")
        found += [(service, event) for event in events.split()]
    return found


def _cloud(name: str) -> Cloud:
    words: dict[str, Any] = tomllib.loads((Path(__file__).parent / f"{name.lower()}.toml").read_text())
    for part in ("reads", "writes", "programs", "concealment"):
        words[part] = {kind: operations(text) for kind, text in words[part].items()}
    for part in ("policy", "passwords", "maintenance", "cleaning", "onboarding"):
        words[part] = operations(words[part])
    for part in ("own_password", "identity", "sign_in", "assume"):
        (words[part],) = operations(words[part])
    reconnaissance: dict[str, list[Operation]] = {}
    for operation in operations(words["reconnaissance"]):
        reconnaissance.setdefault(operation[0], []).append(operation)
    return Cloud(**{**words, "name": name, "reconnaissance": reconnaissance})


CLOUDTRAIL = _cloud("CloudTrail")
ACTIONTRAIL = _cloud("ActionTrail")
