"""PolicyChangeInsight, PasswordChangeInsight and TrailConcealmentInsight: changes by those who do not make them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.unit.insight_scenes import DAY, ELSEWHERE, around_the_clock, call, scene, working_day
from trailkeep.insights.detectors import DETECTORS
from trailkeep.insights.detectors.changes import TYPES
from trailkeep.insights.detectors.watched import watched
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.finding import Finding

PEOPLE = [fact for n in range(5) for fact in working_day(f"user/p{n}", key=f"LTAIexample{n}", address=f"192.0.2.{n}")]
PROGRAM = around_the_clock("role/app", 40, key=None, address="192.0.2.200", agent="Boto3/1.34")
ADMIN = {"identity": "user/admin", "key": "LTAIexampleadmin", "address": "192.0.2.100"}
APP = {"identity": "role/app", "key": None, "address": "192.0.2.200", "agent": "Boto3/1.34"}
CASES = {
    "PolicyChangeInsight": [("Ram", "AttachPolicyToUser"), ("iam", "PutUserPolicy"), ("organizations", "DetachPolicy")],
    "PasswordChangeInsight": [
        ("Ram", "UpdateLoginProfile"),
        ("iam", "CreateLoginProfile"),
        ("AasCustomer", "PasswordReset"),
    ],
    "TrailConcealmentInsight": [
        ("Actiontrail", "StopLogging"),
        ("ActionTrail", "DeleteTrail"),
        ("cloudtrail", "PutEventSelectors"),
        ("guardduty", "DeleteDetector"),
    ],
}
EACH = [(of, *case) for of, cases in CASES.items() for case in cases]


def found(insight_type: str, planted: Iterable[Fact], **others: object) -> list[Finding]:
    return list(DETECTORS[insight_type](scene(planted, on_workdays=PEOPLE, daily=PROGRAM, **others)))  # type: ignore[arg-type]


def daily(service: str, event: str, **who: str | None) -> dict[int, list[Fact]]:
    return {back: [call(600, service=service, event=event, **who)] for back in range(1, 37)}


@pytest.mark.parametrize(("insight_type", "service", "event"), EACH)
def test_the_first_such_call_of_a_program_is_found(insight_type: str, service: str, event: str) -> None:
    (finding,) = found(insight_type, [call(600, service=service, event=event, **APP)])
    assert (finding.insight_object, finding.start) == (service, DAY * MINUTES_A_DAY + 600)


@pytest.mark.parametrize(("insight_type", "service", "event"), EACH)
def test_the_daily_work_of_an_administrator_is_not(insight_type: str, service: str, event: str) -> None:
    planted = [call(600, service=service, event=event, **ADMIN)]
    assert found(insight_type, planted, by_day=daily(service, event, **ADMIN)) == []


@pytest.mark.parametrize(("insight_type", "service", "event"), EACH)
def test_that_of_another_makes_it_no_more_usual(insight_type: str, service: str, event: str) -> None:
    planted = [call(600, service=service, event=event, **APP)]
    assert len(found(insight_type, planted, by_day=daily(service, event, **ADMIN))) == 1


@pytest.mark.parametrize(("insight_type", "service", "event"), EACH)
def test_a_new_identity_is_found(insight_type: str, service: str, event: str) -> None:
    assert len(found(insight_type, [call(600, service=service, event=event, identity="user/new", key=None)])) == 1


def test_an_administrator_from_an_unknown_network_with_another_client_is_found() -> None:
    planted = [call(600, service="Ram", event="CreatePolicy", **(ADMIN | {"address": ELSEWHERE, "agent": "curl/8"}))]
    (finding,) = found("PolicyChangeInsight", planted, by_day=daily("Ram", "CreatePolicy", **ADMIN))
    assert {evidence.reason for evidence in finding.evidence} >= {
        "a network that it has never called from",
        "a kind of client that it has never used",
    }


def test_an_attempt_that_fails_is_found_as_well() -> None:
    (finding,) = found(
        "TrailConcealmentInsight", [call(600, service="Actiontrail", event="StopLogging", error="NoPermission", **APP)]
    )
    assert finding.evidence[-1].reason == "an attempt that failed"


@pytest.mark.parametrize(("service", "event"), [("Ram", "ChangePassword"), ("iam", "ChangePassword")])
def test_who_changes_the_own_password_from_the_usual_place_is_not(service: str, event: str) -> None:
    planted = [call(600, service=service, event=event, identity="user/p1", address="192.0.2.1")]
    assert found("PasswordChangeInsight", planted) == []


def test_reading_policies_is_no_change() -> None:
    assert found("PolicyChangeInsight", [call(600, service="Ram", event="ListPolicies", **APP)]) == []


def test_calls_of_one_hour_are_one_finding_and_later_ones_another() -> None:
    changes = [call(600 + n, service="Ram", event="CreatePolicy", **APP) for n in (0, 20, 70, 400)]
    first, second = found("PolicyChangeInsight", changes)
    assert (len(first.facts), len(second.facts)) == (3, 1)
    assert first.end == DAY * MINUTES_A_DAY + 671


def test_on_the_first_days_of_an_account_everything_is_new() -> None:
    assert found("PolicyChangeInsight", [call(600, service="Ram", event="CreatePolicy", **APP)], days=0) == []


@pytest.mark.parametrize("insight_type", TYPES)
def test_each_type_watches_operations_of_both_clouds(insight_type: str) -> None:
    services = {name.partition(":")[0] for name in watched(insight_type)}
    assert services & {"ram", "actiontrail", "ims"}
    assert services & {"iam", "cloudtrail"}


def test_no_operation_is_watched_by_two_types() -> None:
    names = [name for insight_type in TYPES for name in watched(insight_type)]
    assert len(names) == len(set(names))
