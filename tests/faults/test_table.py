"""Whoever may write is interrupted somewhere."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.faults import (
    test_compaction,
    test_delivery,
    test_insights,
    test_jobs,
    test_requests,
    test_retention,
    test_searches,
    test_upkeep,
)
from tests.faults.table import SCENARIOS
from tests.functions.deployment import REPOSITORY

MATRICES = (
    test_compaction,
    test_delivery,
    test_insights,
    test_jobs,
    test_requests,
    test_retention,
    test_searches,
    test_upkeep,
)

WRITES = ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "sqs:SendMessage")
FAILED_RUNS = "FailedRunsQueue"
"""Where Lambda itself puts what failed: sending there is nothing that a function does."""


def functions() -> dict[str, dict[str, Any]]:
    """The functions of the template by the names of their folders."""
    resources = yaml_parse((REPOSITORY / "template.yaml").read_text())["Resources"].values()
    made = [resource["Properties"] for resource in resources if resource["Type"] == "AWS::Serverless::Function"]
    return {properties["CodeUri"].strip("/").split("/")[-1]: properties for properties in made}


def writes(properties: dict[str, Any]) -> bool:
    """Whether the policies of a function let it change anything."""
    for policy in properties.get("Policies", []):
        if not isinstance(policy, dict) or "Statement" not in policy:
            return True  # a policy of others: who knows what it allows
        for statement in policy["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            allowed = any(fnmatchcase(write, action) for write in WRITES for action in actions)
            if statement["Effect"] == "Allow" and allowed and FAILED_RUNS not in str(statement["Resource"]):
                return True
    return False


def test_every_function_that_may_write_is_interrupted() -> None:
    expected = {name for name, properties in functions().items() if writes(properties)}

    assert {scenario.function for scenario in SCENARIOS} == expected


def test_every_function_of_the_folder_is_in_the_template() -> None:
    assert {path.parent.name for path in (REPOSITORY / "functions").glob("*/app.py")} == set(functions())


def test_every_scenario_is_run_by_one_of_the_tests() -> None:
    tested = [name for module in MATRICES for name in module.FUNCTIONS]

    assert sorted(tested) == sorted({scenario.function for scenario in SCENARIOS})


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ("s3:GetObject", False),
        (["s3:GetObject", "s3:PutObject"], True),
        ("s3:DeleteObject", True),
        ("s3:*", True),
        ("sqs:SendMessage", True),
    ],
)
def test_what_counts_as_writing(allowed: Any, expected: bool) -> None:
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}

    assert writes({"Policies": [{"Statement": [statement]}]}) is expected
    assert not writes({"Policies": [{"Statement": [{**statement, "Effect": "Deny"}]}]})
    assert not writes({})
