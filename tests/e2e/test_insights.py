"""What is unusual is found by the schedule alone, within minutes of its delivery, and told to whoever subscribes."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.trail import log_object, wait_for
from tests.local.stack import LocalStack

pytestmark = pytest.mark.thorough

ELSEWHERE = "203.0.113.77"
PATIENCE_SECONDS = 280.0


@pytest.fixture
def account() -> str:
    return f"account-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def inboxes(stack: LocalStack, account: str) -> Iterator[dict[str, str]]:
    """A queue that subscribes to the topic, and one behind a rule of the event bus; gone afterwards."""
    names = {"topic": f"{account}-topic", "bus": f"{account}-bus"}
    urls = {name: stack.sqs.create_queue(QueueName=queue)["QueueUrl"] for name, queue in names.items()}
    arns = {}
    for name, url in urls.items():
        attributes = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        arns[name] = attributes["QueueArn"]
        services = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
        statement = {"Effect": "Allow", "Principal": services, "Action": "sqs:SendMessage", "Resource": arns[name]}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        stack.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns, bus = stack.client("sns"), stack.client("events")
    (topic,) = [each["TopicArn"] for each in sns.list_topics()["Topics"] if "InsightsTopic" in each["TopicArn"]]
    only = json.dumps({"accountId": [account]})
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arns["topic"], Attributes={"FilterPolicy": only}
    )
    pattern = {"source": ["trailkeep"], "detail-type": ["Insight"], "detail": {"recipientAccountId": [account]}}
    bus.put_rule(Name=account, EventPattern=json.dumps(pattern))
    bus.put_targets(Rule=account, Targets=[{"Id": "inbox", "Arn": arns["bus"]}])
    yield urls
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    bus.remove_targets(Rule=account, Ids=["inbox"])
    bus.delete_rule(Name=account)
    for url in urls.values():
        stack.sqs.delete_queue(QueueUrl=url)


def received(stack: LocalStack, url: str) -> list[dict[str, Any]]:
    """The messages of a queue, taken out of it."""
    found = []
    for message in stack.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found.append(json.loads(message["Body"]))
        stack.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def call(account: str, at: datetime, user: str, address: str) -> dict[str, Any]:
    return {
        "eventId": str(uuid.uuid4()),
        "eventName": "DescribeInstances",
        "eventSource": "ecs.cn-hangzhou.aliyuncs.com",
        "serviceName": "Ecs",
        "eventTime": at.isoformat().replace("+00:00", "Z"),
        "acsRegion": "cn-hangzhou",
        "recipientAccountId": account,
        "sourceIpAddress": address,
        "userAgent": "aliyun-cli/3.0" if address != ELSEWHERE else "python-requests/2.31",
        "userIdentity": {"type": "ram-user", "userName": user, "accessKeyId": f"LTAI{account}{user}"},
    }


def trail(account: str) -> list[dict[str, Any]]:
    """Twelve days of two people in their office, and then one of them from somewhere else as well."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    usual = [
        call(account, now - timedelta(days=12) + timedelta(minutes=10 * n), ("ana", "bo")[n % 2], "192.0.2.10")
        for n in range(6 * 24 * 12)
    ]
    unusual = [call(account, now - timedelta(minutes=100 - 2 * n), "ana", ELSEWHERE) for n in range(45)]
    return usual + unusual


@pytest.mark.timeout(400)
def test_an_unusual_address_is_found_by_the_schedule_and_told(
    stack: LocalStack, account: str, inboxes: dict[str, str]
) -> None:
    def insights() -> list[dict[str, Any]]:
        answer = stack.api("GET", "/v1/insights", token=stack.admin_token, query={"accountId": account})
        assert answer.status == 200, answer.body
        found: list[dict[str, Any]] = answer.json["insights"]
        return found

    stack.put_landing(f"{account}/log.json.gz", log_object(trail(account)))

    assert wait_for(lambda: bool(insights()), PATIENCE_SECONDS)
    (start,) = [each for each in insights() if each["insightDetails"]["insightType"] == "IpInsight"]
    assert start["insightDetails"]["state"] == "Start"
    assert start["insightDetails"]["insightObject"] == ELSEWHERE
    told: dict[str, list[dict[str, Any]]] = {"topic": [], "bus": []}

    def is_told() -> bool:
        for name, url in inboxes.items():
            told[name] += received(stack, url)
        return all(told.values())

    assert wait_for(is_told, 30.0)
    assert start in [json.loads(message["Message"]) for message in told["topic"]]
    assert start in [message["detail"] for message in told["bus"]]
    assert told["topic"][0]["Subject"].startswith("Trailkeep: ")
