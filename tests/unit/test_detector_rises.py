"""AkInsight, ApiCallRateInsight and ApiErrorRateInsight: counts that rise beyond what is usual, or do not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.insight_scenes import DAY, around_the_clock, call, scene, working_day
from trailkeep.insights.detectors import DETECTORS
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.finding import Finding

PEOPLE = [fact for n in range(5) for fact in working_day(f"user/p{n}", key=f"LTAIexample{n}", address=f"192.0.2.{n}")]
PROGRAM = around_the_clock("role/app", 40, key=None, address="192.0.2.200", agent="Boto3/1.34")
P1 = {"identity": "user/p1", "key": "LTAIexample1", "address": "192.0.2.1"}


def found(insight_type: str, planted: Iterable[Fact], **others: object) -> list[Finding]:
    return list(DETECTORS[insight_type](scene(planted, on_workdays=PEOPLE, daily=PROGRAM, **others)))  # type: ignore[arg-type]


def burst(calls: int, minutes: int = 40, first: int = 600, **others: str | None) -> list[Fact]:
    """So many calls, spread evenly."""
    return [call(first + n, calls // minutes, **(P1 | others)) for n in range(minutes)]


def at(minute: int) -> int:
    return DAY * MINUTES_A_DAY + minute


@pytest.mark.parametrize("insight_type", ["AkInsight", "ApiCallRateInsight", "ApiErrorRateInsight"])
def test_nothing_rises_on_a_day_like_all_others(insight_type: str) -> None:
    assert found(insight_type, []) == []


def test_a_key_that_makes_five_times_its_usual_calls_is_found() -> None:
    (finding,) = found("AkInsight", burst(100))
    assert finding.insight_object == "LTAIexample1"
    assert at(600) < finding.start < at(650)
    assert finding.usual == pytest.approx(20 / 60)


def test_a_short_lived_key_counts_for_its_role() -> None:
    (finding,) = found("AkInsight", burst(400, identity="role/app", key=None, address="192.0.2.200"))
    assert finding.insight_object == "app"


def test_a_rotated_key_is_compared_with_the_one_before() -> None:
    assert (
        found(
            "AkInsight",
            [call(60 * hour + n, 5, **(P1 | {"key": "LTAIexamplenew"})) for hour in range(18, 20) for n in range(4)],
        )
        == []
    )
    (finding,) = found("AkInsight", burst(200, key="LTAIexamplenew"))
    assert finding.insight_object == "LTAIexamplenew"


def test_calls_of_a_service_far_above_the_hour_are_found() -> None:
    (finding,) = found("ApiCallRateInsight", burst(800))
    assert finding.insight_object == "Ecs"
    assert finding.start < at(640)
    assert finding.end is not None
    assert finding.series[-1][1] > 0


def test_an_operation_that_rises_within_a_busy_service_is_found_by_its_name() -> None:
    busy = [call(60 * hour + n, 60, identity="role/app", key=None) for hour in range(24) for n in range(60)]
    planted = burst(400, event="GetPasswordData")
    assert [
        finding.insight_object
        for finding in found("ApiCallRateInsight", planted, by_day=dict.fromkeys(range(37), busy))
    ] == ["GetPasswordData"]


def test_a_slow_rise_over_hours_is_found() -> None:
    planted = [call(360 + n, 1 + n // 60, **(P1 | {"service": "Oss", "event": "GetObject"})) for n in range(480)]
    found_objects = {finding.insight_object for finding in found("ApiCallRateInsight", planted)}
    assert "Oss" in found_objects


def test_a_deployment_as_its_role_makes_them_now_and_then_is_not() -> None:
    deployment = [call(840 + n, 30, identity="role/deploy", key=None, address="192.0.2.201") for n in range(20)]
    others = {back: list(shifted_by(deployment, hours)) for back, hours in ((4, -3), (9, 2), (17, -5), (23, 1))}
    assert found("ApiCallRateInsight", deployment, by_day=others) == []
    assert len(found("ApiCallRateInsight", burst(600), by_day=others)) == 1


def shifted_by(facts: Iterable[Fact], hours: int) -> Iterable[Fact]:
    return (fact._replace(minute=fact.minute + 60 * hours) for fact in facts)


def test_a_batch_job_of_every_night_is_not() -> None:
    job = [call(120 + n, 50, identity="role/batch", key=None) for n in range(30)]
    assert found("ApiCallRateInsight", job, by_day=dict.fromkeys(range(1, 37), job)) == []


def test_the_same_job_at_another_hour_is_not_unless_it_is_much_larger_than_ever() -> None:
    job = [call(120 + n, 50, identity="role/batch", key=None) for n in range(30)]
    again = [fact._replace(minute=fact.minute + 900) for fact in job]
    larger = [fact._replace(calls=5 * fact.calls) for fact in again]
    usual = dict.fromkeys(range(1, 37), job)
    assert found("ApiCallRateInsight", again, by_day=usual) == []
    assert len(found("ApiCallRateInsight", larger, by_day=usual)) == 1


def test_as_many_calls_of_an_operation_that_its_caller_never_called_are() -> None:
    job = [call(120 + n, 50, identity="role/batch", key=None) for n in range(30)]
    other = [fact._replace(minute=fact.minute + 900, event="GetPasswordData") for fact in job]
    (finding,) = found("ApiCallRateInsight", other, by_day=dict.fromkeys(range(1, 37), job))
    assert finding.evidence[-1].reason == "of the calls are unlike their callers"


def test_failures_from_two_to_twenty_percent_are_found() -> None:
    few = [call(60 * hour + 9, 1, error="NoPermission", **P1) for hour in range(8, 18)]
    usual = dict.fromkeys(range(1, 37), few)
    (finding,) = found("ApiErrorRateInsight", burst(60, 60, error="NoPermission"), by_day=usual)
    assert finding.insight_object == "Ecs"
    assert finding.evidence[-1].reason == "of the calls fail"


def test_more_calls_of_the_same_quality_are_no_rise_of_failures() -> None:
    usual = {
        back: [call(60 * hour + 9, 4, error="NoPermission", **P1) for hour in range(8, 18)] for back in range(1, 37)
    }
    planted = [*burst(1200), *burst(40, error="NoPermission"), *burst(40, error="NoPermission", first=601)]
    assert found("ApiErrorRateInsight", planted, by_day=usual) == []


def test_an_error_code_across_services_is_found_by_its_code() -> None:
    planted = [
        call(600 + n, 2, **(P1 | {"service": f"S{n % 12}", "event": "List", "error": "AccessDenied"}))
        for n in range(40)
    ]
    assert [finding.insight_object for finding in found("ApiErrorRateInsight", planted)] == ["AccessDenied"]


def test_without_three_days_of_history_no_hour_is_usual() -> None:
    assert found("ApiCallRateInsight", burst(4000), days=2) == []


def test_what_began_on_the_day_before_is_not_found_again() -> None:
    assert found("ApiCallRateInsight", burst(4000, first=-60)) == []


def test_two_rises_of_a_day_are_two_findings() -> None:
    findings = found("ApiCallRateInsight", [*burst(800, first=120), *burst(800, first=1200)])
    assert len(findings) == 2
    assert findings[0].end is not None
    assert findings[0].end <= findings[1].start


@given(st.permutations(range(40)))
def test_findings_do_not_depend_on_the_order_in_which_calls_came(order: list[int]) -> None:
    planted = burst(800)
    assert found("ApiCallRateInsight", [planted[n] for n in order]) == found("ApiCallRateInsight", planted)


@given(st.integers(610, 720))
def test_a_rise_is_told_at_the_same_minute_whenever_a_run_looks(until: int) -> None:
    whole = found("ApiCallRateInsight", burst(800))
    early = found("ApiCallRateInsight", burst(800), until=until)
    if early:
        assert [finding.start for finding in early] == [finding.start for finding in whole]
    else:
        assert whole[0].start >= at(until - 15)  # that is not closed
