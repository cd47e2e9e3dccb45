"""`make demo`: real log objects go in, answers come out, each step shown as it happens."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from tests.local import up
from tests.local.history import PLANTED_ACCESS_KEY, PLANTED_ADDRESS, PLANTED_USER, landing_objects
from tests.local.history_cast import ACTIONTRAIL_ACCOUNT, CLOUDTRAIL_ACCOUNT
from tests.local.stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

SAMPLES = Path(__file__).parents[2] / "events" / "landing"
SEED_EVENTS = {
    "48deee2f-a38b-440b-aae4-168640afd6b8": "a Flink deployment is deleted",
    "108DF5F5-291D-4B4A-85B0-2D887B83CEF7": "an mPaaS app is created",
}
PATIENCE = timedelta(seconds=90)
SETTLED = 3.0
"""Seconds after which a delivered object is in every answer."""

PARAMETERS = {**up.PARAMETERS, "DetectSchedule": "rate(1 day)", "InsightPatienceSeconds": "20"}
"""Here all is delivered before detection is asked for: half a history is never seen, and nobody has to wait long."""

DETECTION_PATIENCE = timedelta(seconds=150)
DETECTION_EVERY = 10.0
"""Seconds from one run of the planner to the next."""

_MESSAGES: "Sequence[QueueAttributeNameType]" = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

DAYS = 10
"""Of history: after a week of work everybody has habits, to which somebody else does not fit."""

TORN = (
    "applications/torn.ndjson",
    b'{"eventName": "FirstLine", "eventTime": "2026-03-02T04:00:00Z"}\n{"eventName": "Torn',
)
"""An object whose upload broke off in its second line."""

Event = Mapping[str, Any]


class DemoFailed(Exception):
    """The demo did not show what it should."""


def run(stack: LocalStack) -> int:
    """Show the main job on a running stack; 0 when everything was found."""
    console = Console(width=118, highlight=False)
    try:
        _deliver(stack, console)
        _show_seed_events(stack, console)
        _show_lookups(stack, console)
        _show_searches(stack, console)
        _show_access_key(stack, console)
        _show_insights(stack, console)
    except DemoFailed as failure:
        console.print(f"[red]The demo failed:[/] {failure}")
        return 1
    console.print("\n[green]That was the whole way of an event.[/] `make up` keeps the stack running for your own.")
    return 0


def _deliver(stack: LocalStack, console: Console) -> None:
    """Put log objects into the landing bucket and wait until the last one has its commit."""
    objects = [
        (str(path.relative_to(SAMPLES)), path.read_bytes()) for path in sorted(SAMPLES.rglob("*")) if path.is_file()
    ]
    objects.append(TORN)
    objects += [(item.key, item.body) for item in landing_objects(datetime.now(UTC), days=DAYS)]
    console.rule("Log objects → landing bucket → queue → Parquet")
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        put = progress.add_task("put into the landing bucket", total=len(objects))
        delivered = progress.add_task("delivered to the lake     ", total=len(objects))
        for key, body in objects:
            stack.put_landing(key, body)
            progress.advance(put)
        while (done := _count(stack, "state/commits/")) < len(objects):
            progress.update(delivered, completed=done)
            if time.monotonic() - began > PATIENCE.total_seconds():
                raise DemoFailed(f"only {done} of {len(objects)} objects were delivered")
            time.sleep(0.3)
        progress.update(delivered, completed=done)
    time.sleep(SETTLED)
    parts = _count(stack, "events/")
    console.print(
        f"{len(objects)} log objects became {parts} Parquet objects in {time.monotonic() - began:.0f} s, such as"
    )
    console.print(f"  s3://{stack.lake_bucket}/{next(_keys(stack, 'events/'))}", soft_wrap=True, style="dim")
    for key in _keys(stack, "quarantine/"):
        rejected = json.loads(stack.s3.get_object(Bucket=stack.lake_bucket, Key=key)["Body"].read())
        for entry in rejected["entries"]:
            where = f"record {entry['index']} of {rejected['object']}"
            console.print(f"In quarantine: {where} ({entry['reason']}: {entry['detail']}). Its neighbours landed.")


def _show_seed_events(stack: LocalStack, console: Console) -> None:
    console.print()
    console.rule("One event by its ID: GET /v1/events/{eventId}")
    for event_id, what in SEED_EVENTS.items():
        event = _get(stack, f"/v1/events/{event_id}")
        console.print(f"[bold]{what}[/]")
        console.print_json(data=event, indent=2)


def _show_lookups(stack: LocalStack, console: Console) -> None:
    console.print()
    console.rule("Lookups: GET /v1/events")
    asked: list[tuple[str, dict[str, Any]]] = [
        ("the newest of all regions", {}),
        ("what carol changed", {"user": PLANTED_USER, "eventRW": "Write"}),
        ("ECS and EC2, oldest first, in two regions", {
            "serviceName": ["Ecs", "ec2"], "region": ["cn-hangzhou", "us-east-1"], "direction": "FORWARD",
        }),
        ("from a network, but not by reading", {"sourceIpAddress": "192.0.2.0/24", "eventRW!": "Read"}),
    ]  # fmt: skip
    for what, parameters in asked:
        query = {**parameters, "maxResults": 5}
        answer = _get(stack, "/v1/events", query)
        if not answer["events"] or not answer["completeness"]["complete"]:
            raise DemoFailed(f"no complete answer to {query}")
        asked_as = " ".join(f"{name}={value}" for name, values in parameters.items() for value in _listed(values))
        console.print(_events_table(f"{what}   [dim]{asked_as or 'no filter'}[/]", answer["events"]))
        read = answer["completeness"]
        console.print(f"  read {read['objectsRead']} objects of {read['partitions']} partitions", style="dim")


def _show_searches(stack: LocalStack, console: Console) -> None:
    """Conditions on whole events, SQL over them, and what that would cost over everything."""
    console.print()
    console.rule("Searches: POST /v1/search")
    denied = "event.errorCode: * and not event.errorCode: null and event.userIdentity.accessKeyId: *"
    answer = _search(stack, {"query": denied, "maxResults": 5})
    if not answer["events"]:
        raise DemoFailed(f"nothing was found by {denied}")
    console.print(_events_table(f"what was refused to AccessKeys   [dim]{denied}[/]", answer["events"]))
    counted = f"{denied} | select service_name, event_name, count(1) as calls group by 1, 2 order by calls desc limit 5"
    rows = _search(stack, {"query": counted})["rows"]
    if not rows:
        raise DemoFailed(f"nothing was counted by {counted}")
    table = Table(*rows[0], title=f"the same, counted   [dim]| {counted.partition('| ')[2]}[/]", title_justify="left")
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table)
    cost = _search(stack, {"query": counted, "startTime": "1970-01-01T00:00:00Z", "dryRun": True})
    console.print(
        f"  a dry run over everything: {cost['bytes']} bytes of {cost['objects']} objects,"
        f" {cost['estimatedPrice']['amount']} USD by Athena's price",
        style="dim",
    )


def _show_access_key(stack: LocalStack, console: Console) -> None:
    console.print()
    console.rule(f"What did the AccessKey {PLANTED_ACCESS_KEY} do, from where, since when?")
    events = list(_all_pages(stack, {"accessKeyId": PLANTED_ACCESS_KEY, "maxResults": 200}))
    table = Table("service", "calls", "refused", "addresses", "first call", "last call", title_justify="left")
    for service in sorted({event["serviceName"] for event in events}):
        calls = [event for event in events if event["serviceName"] == service]
        refused = sum(1 for event in calls if event.get("errorCode"))
        addresses = Counter(event["sourceIpAddress"] for event in calls)
        times = [event["eventTime"] for event in calls]
        table.add_row(service, str(len(calls)), str(refused), ", ".join(sorted(addresses)), min(times), max(times))
    console.print(table)


def _show_insights(stack: LocalStack, console: Console) -> None:
    """Detection, as its schedule would start it, until all is counted and compared, and the planted address found."""
    console.print()
    console.rule("What is unusual? GET /v1/insights")
    began = time.monotonic()
    while not (_is_detection_done(stack) and _planted_states(_insights(stack)) == {"Start", "End"}):
        if time.monotonic() - began > DETECTION_PATIENCE.total_seconds():
            raise DemoFailed(f"of {PLANTED_ADDRESS} no start and end were told: {_planted_states(_insights(stack))}")
        stack.invoke("DetectInsightsFunction", {})
        time.sleep(DETECTION_EVERY)
    time.sleep(SETTLED)
    insights = _insights(stack)
    console.print(f"all calls counted, and compared with what is usual, in {time.monotonic() - began:.0f} s")
    console.print(_insights_table(insights))
    found = {_object(each) for each in insights if _type(each) == "IpInsight"}
    if found != {PLANTED_ADDRESS}:
        raise DemoFailed(f"the one unusual address is {PLANTED_ADDRESS}, found were {sorted(found)}")


def _is_detection_done(stack: LocalStack) -> bool:
    """Whether every account was looked at, and nothing more is to be counted or looked at for now."""
    accounts = {key.split("/")[3] for key in _keys(stack, "state/insights/told/")}
    return accounts == {ACTIONTRAIL_ACCOUNT, CLOUDTRAIL_ACCOUNT} and not any(
        int(count)
        for url in stack.sqs.list_queues()["QueueUrls"]
        if "DeadLetter" not in url and ("CountingQueue" in url or "EvaluationQueue" in url)
        for count in stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=_MESSAGES)["Attributes"].values()
    )


def _planted_states(insights: Iterable[Event]) -> set[str]:
    mine = [each for each in insights if _type(each) == "IpInsight" and _object(each) == PLANTED_ADDRESS]
    return {each["insightDetails"]["state"] for each in mine}


def _insights_table(insights: Sequence[Event]) -> Table:
    """A row for each Insight, with what its end says where it is over."""
    table = Table(Column("from, to", no_wrap=True), Column("type, of whom", no_wrap=True), "object", "score", "why")
    ends = {each["sharedEventId"]: each for each in insights if each["insightDetails"]["state"] == "End"}
    for start in reversed([each for each in insights if each["insightDetails"]["state"] == "Start"]):
        last = ends.get(start["sharedEventId"], start)
        context = last["insightDetails"]["insightContext"]
        people = next(each for each in context["attributions"] if each["attribution"] == "principalId")["insight"]
        table.add_row(
            f"{start['eventTime']}\n{last['eventTime'] if last is not start else 'goes on'}",
            "\n".join((_type(start), *(each["value"] for each in people))),
            _object(start),
            f"{context['score']:.1f}",
            "\n".join(f"{each['points']:+.1f} {each['reason']}" for each in context["evidence"]),
        )
    return table


def _insights(stack: LocalStack) -> list[Event]:
    start = (datetime.now(UTC) - timedelta(days=DAYS)).isoformat()
    answer: list[Event] = _get(stack, "/v1/insights", {"startTime": start, "maxResults": 200})["insights"]
    return answer


def _type(insight: Event) -> str:
    return str(insight["insightDetails"]["insightType"])


def _object(insight: Event) -> str:
    return str(insight["insightDetails"]["insightObject"])


def _events_table(title: str, events: Iterable[Event]) -> Table:
    table = Table(
        "time", "operator", "event", "service", "region", "address", "result", title=title, title_justify="left"
    )
    for event in events:
        who = event.get("userIdentity", {})
        table.add_row(
            event["eventTime"],
            who.get("userName") or who.get("arn", "").rpartition("/")[2] or who.get("invokedBy", ""),
            event["eventName"],
            event.get("serviceName") or event.get("eventSource", ""),
            event.get("acsRegion") or event.get("awsRegion", ""),
            event.get("sourceIpAddress") or event.get("sourceIPAddress", ""),
            event.get("errorCode") or "ok",
        )
    return table


def _get(stack: LocalStack, path: str, query: Mapping[str, Any] | None = None) -> Any:
    answer = stack.api("GET", path, token=stack.admin_token, query=query)
    if answer.status != 200:
        raise DemoFailed(f"GET {path} answered {answer.status}: {answer.body.decode(errors='replace')[:300]}")
    return answer.json


def _search(stack: LocalStack, body: Mapping[str, Any]) -> Any:
    answer = stack.api("POST", "/v1/search", token=stack.admin_token, body=body)
    if answer.status != 200 or not answer.json["completeness"]["complete"]:
        raise DemoFailed(f"{body} was answered {answer.status}: {answer.body.decode(errors='replace')[:300]}")
    return answer.json


def _all_pages(stack: LocalStack, query: Mapping[str, Any]) -> Iterator[Event]:
    token = None
    while True:
        page = _get(stack, "/v1/events", {**query, **({"nextToken": token} if token else {})})
        yield from page["events"]
        token = page.get("nextToken")
        if token is None:
            return


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _count(stack: LocalStack, prefix: str) -> int:
    return sum(1 for _ in _keys(stack, prefix))


def _keys(stack: LocalStack, prefix: str) -> Iterator[str]:
    for page in stack.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.lake_bucket, Prefix=prefix):
        yield from (item["Key"] for item in page.get("Contents", []))
