"""IpInsight: new networks that do not fit their callers, and those that do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.insight_scenes import DAY, ELSEWHERE, around_the_clock, call, scene, working_day
from trailkeep.insights.detectors.ip import detect
from trailkeep.insights.facts import MINUTES_A_DAY, Fact
from trailkeep.insights.finding import Finding
from trailkeep.insights.scene import Tuning

PEOPLE = [fact for n in range(5) for fact in working_day(f"user/p{n}", key=f"LTAIexample{n}", address=f"192.0.2.{n}")]
PROGRAM = around_the_clock("role/app", 40, key=None, address="192.0.2.200", agent="Boto3/1.34")
STOLEN = {"identity": "user/p1", "key": "LTAIexample1", "address": ELSEWHERE}


def found(planted: Iterable[Fact], **others: object) -> list[Finding]:
    return list(detect(scene(planted, on_workdays=PEOPLE, daily=PROGRAM, **others)))  # type: ignore[arg-type]


def attack(first: int = 600, count: int = 40, every: int = 2, /, **others: str | None) -> list[Fact]:
    return [call(first + every * n, **(STOLEN | others)) for n in range(count)]


def reasons(finding: Finding) -> set[str]:
    return {evidence.reason for evidence in finding.evidence}


def test_nothing_is_unusual_on_a_day_like_all_others() -> None:
    assert found([]) == []


def test_a_key_used_elsewhere_while_its_owner_works_is_found_with_its_first_ten_calls() -> None:
    (finding,) = found(attack())
    assert (finding.insight_object, finding.start - DAY * MINUTES_A_DAY) == (ELSEWHERE, 618)
    assert finding.end == DAY * MINUTES_A_DAY + 679
    assert (len(finding.facts), finding.needed) == (40, 10)
    assert "calls from its usual networks soon after" in reasons(finding)


@pytest.mark.parametrize(
    ("reason", "others"),
    [
        ("a kind of client that it has never used", {"agent": "python-requests/2.31"}),
        ("failures that it has never met", {"error": "NoPermission"}),
    ],
)
def test_what_the_caller_never_did_speaks_for_an_insight(reason: str, others: dict[str, str]) -> None:
    (finding,) = found(attack(1110, **others))
    assert reason in reasons(finding)


def test_a_new_identity_from_a_new_network_is_found() -> None:
    (finding,) = found(attack(1300, identity="user/backdoor", key="LTAIexample99"))
    assert "a caller that is new itself" in reasons(finding)


def test_a_program_that_calls_from_two_places_at_once_is_found() -> None:
    (finding,) = found(attack(120, identity="role/app", key=None, agent="Boto3/1.34"))
    assert finding.insight_object == ELSEWHERE


def test_a_traveller_who_works_as_ever_is_not() -> None:
    others = [fact for fact in PEOPLE if fact.identity != "user/p1"]
    travelling = working_day("user/p1", key="LTAIexample1", address=ELSEWHERE)
    usual = {back: working_day("user/p1", key="LTAIexample1", address="192.0.2.1") for back in range(1, 37) if back % 7}
    assert list(detect(scene(travelling, on_workdays=others, by_day=usual))) == []


def test_a_runner_that_comes_from_another_network_each_day_is_not() -> None:
    runs = {
        back: [call(300 + n, identity="user/ci", key="LTAIexampleci", address=f"203.0.{back}.7") for n in range(30)]
        for back in range(1, 37)
    }
    assert (
        found(
            [call(300 + n, identity="user/ci", key="LTAIexampleci", address=ELSEWHERE) for n in range(30)], by_day=runs
        )
        == []
    )


def test_services_and_internal_callers_have_no_address_to_be_unusual() -> None:
    assert found(attack(address=None, kind="service")) == []


@pytest.mark.parametrize("allowed", [ELSEWHERE, "203.0.113.0/24", "2001:db8::/32,203.0.112.0/22"])
def test_an_allowed_network_is_never_unusual(allowed: str) -> None:
    assert found(attack(), allowed=allowed.split(",")) == []


def test_another_allowed_network_changes_nothing() -> None:
    assert len(found(attack(), allowed=["198.51.100.0/24", "2001:db8::/32"])) == 1


def test_nine_calls_are_too_few() -> None:
    assert found(attack(600, 9)) == []


def test_within_the_first_day_of_an_account_everything_is_new() -> None:
    assert found(attack(-600), days=0) == []


def test_a_network_is_known_once_it_is_history() -> None:
    assert found(attack(), by_day={9: [call(600, **STOLEN)]}) == []


def test_what_began_on_the_day_before_is_not_found_again() -> None:
    assert found(attack(-60)) == []


def test_the_end_is_open_until_an_hour_without_calls_is_closed() -> None:
    planted = attack()
    (while_it_lasts,) = found(planted, until=679 + 60)
    (afterwards,) = found(planted, until=679 + 60 + 16)
    assert while_it_lasts.end is None
    assert afterwards.end == DAY * MINUTES_A_DAY + 679


def test_a_higher_sensitivity_finds_more() -> None:
    weak = attack(1110, 12, 4)
    by_sensitivity = [len(found(weak, tunings={"IpInsight": Tuning(sensitivity=s)})) for s in ("low", "medium", "high")]
    assert by_sensitivity == sorted(by_sensitivity)
    assert by_sensitivity[-1] == 1


@given(st.sets(st.integers(0, 39), min_size=10), st.sets(st.integers(0, 39), min_size=10))
def test_more_calls_of_an_attack_never_take_a_finding_back(some: set[int], more: set[int]) -> None:
    """What is told before all calls have come stays true when they have."""
    calls: Sequence[Fact] = attack()
    of_some = found([calls[n] for n in some], until=700)
    of_more = found([calls[n] for n in some | more], until=700)
    assert len(of_some) <= len(of_more)
    if of_some:
        assert of_more[0].start <= of_some[0].start
        assert of_more[0].score >= of_some[0].score
