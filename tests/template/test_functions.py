from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.template.conftest import ROOT
from tests.template.intrinsics import text
from trailkeep.insights.insight import START, WITHDRAWN
from trailkeep.insights.telling.publication import LEASE
from trailkeep.insights.telling.settling import MOST_TIMES
from trailkeep.jobs.runner import STEP
from trailkeep.jobs.upkeep import KEPT
from trailkeep.lake.plans import ADOPTED, ALIVE, LONGEST

OfType = Callable[[str], dict[str, Any]]


def test_each_function_is_a_folder_named_for_it(functions: dict[str, Any]) -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    named = {}
    for name, function in functions.items():
        words = function["CodeUri"].removeprefix("functions/").removesuffix("/").split("_")
        named["_".join(words)] = "".join(word.capitalize() for word in words) + "Function"
        assert named["_".join(words)] == name
    assert folders == named.keys()


def test_each_function_says_what_it_is_and_how_large(functions: dict[str, Any]) -> None:
    for name, function in functions.items():
        assert function["Description"].endswith("."), name
        assert {"MemorySize", "Timeout"} <= function.keys(), name


def test_functions_run_where_the_wheels_do(of_type: OfType) -> None:
    for name, function in of_type("AWS::Lambda::Function").items():
        assert function["Runtime"] == "python3.13", name
        assert function["Architectures"] == ["arm64"], name
        assert function["TracingConfig"] == {"Mode": "Active"}, name
    for name, layer in of_type("AWS::Lambda::LayerVersion").items():
        assert layer["CompatibleRuntimes"] == ["python3.13"], name
        assert layer["CompatibleArchitectures"] == ["arm64"], name


def test_each_function_has_a_log_group_of_its_own_that_forgets(of_type: OfType) -> None:
    groups = of_type("AWS::Logs::LogGroup")
    used = set()
    for name, function in of_type("AWS::Lambda::Function").items():
        group = function["LoggingConfig"]["LogGroup"]["Ref"]
        assert groups[group]["RetentionInDays"] == {"Ref": "LogRetentionDays"}, name
        assert group not in used, f"{name} shares {group}"
        used.add(group)


def test_each_function_has_a_role_of_its_own(of_type: OfType) -> None:
    functions = of_type("AWS::Lambda::Function")
    roles = {text(function["Role"]) for function in functions.values()}
    assert len(roles) == len(functions)
    for name, role in of_type("AWS::IAM::Role").items():
        assert "IsPermissionsBoundaryGiven" in str(role.get("PermissionsBoundary")), name


def test_secrets_are_named_in_the_environment_never_put_there(of_type: OfType) -> None:
    for function in of_type("AWS::Lambda::Function").values():
        for variable, value in function["Environment"]["Variables"].items():
            if variable.endswith("_SECRET"):
                assert text(value).endswith("Secret.Id}")
            assert "resolve:secretsmanager" not in str(value)


def test_each_function_alarms_when_it_fails_but_for_the_authorizer_whose_refusals_are_errors(of_type: OfType) -> None:
    alarmed = {
        text(dimension["Value"])
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "Errors"
        for dimension in alarm["Dimensions"]
    }
    functions = set(of_type("AWS::Lambda::Function")) - {"AuthorizeRequestFunction"}
    assert alarmed == {f"${{{name}}}" for name in functions}


def test_alarms_tell_the_topic_and_stay_calm_without_data(of_type: OfType) -> None:
    for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"]["Fn::If"][0] == "IsAlarmTopicGiven", name
        assert alarm["TreatMissingData"] == "notBreaching", name
        assert alarm["AlarmDescription"].endswith("."), name


def test_a_queue_that_fills_is_noticed(of_type: OfType) -> None:
    watched = {
        text(dimension["Value"])
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Dimensions"]
    }
    assert {f"${{{queue}.QueueName}}" for queue in of_type("AWS::SQS::Queue")} <= watched


def test_a_scheduled_run_that_fails_leaves_a_message(of_type: OfType) -> None:
    schedules = of_type("AWS::Scheduler::Schedule")
    started = {text(schedule["Target"]["Arn"]) for schedule in schedules.values()}
    assert started == {
        "${SweepLandingFunction.Arn}",
        "${DetectInsightsFunction.Arn}",
        "${EnforceRetentionFunction.Arn}",
        "${PlanCompactionFunction.Arn}",
        "${PublishIndexFunction.Arn}",
        "${RunJobFunction.Arn}",
    }
    failed = {"Fn::GetAtt": ["FailedRunsQueue", "Arn"]}
    # The schedule could not start the function ...
    for name, schedule in schedules.items():
        assert schedule["Target"]["DeadLetterConfig"] == {"Arn": failed}, name
        assert "Name" not in schedule, f"{name} would collide with that of another stack"
    # ... or the function failed.
    caught = {
        f"${{{config['FunctionName']['Ref']}.Arn}}": config["DestinationConfig"]["OnFailure"]["Destination"]
        for config in of_type("AWS::Lambda::EventInvokeConfig").values()
    }
    assert caught == dict.fromkeys(started, failed)


def test_a_job_goes_on_with_its_next_step_however_many_it_has(of_type: OfType) -> None:
    """Lambda would take that for a loop gone wild, and stop it after 16 steps."""
    for name, function in of_type("AWS::Lambda::Function").items():
        assert function.get("RecursiveLoop") == ("Allow" if name == "RunJobFunction" else None), name


def test_a_worker_of_a_job_outlives_its_step_and_is_dead_when_a_job_is_removed(functions: dict[str, Any]) -> None:
    longest = timedelta(seconds=functions["RunJobFunction"]["Timeout"])
    assert STEP + timedelta(minutes=2) < longest < KEPT


def test_jobs_that_failed_by_our_fault_are_noticed(of_type: OfType) -> None:
    alarm = of_type("AWS::CloudWatch::Alarm")["JobsFailedAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("Trailkeep", "JobsFailed")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "run_job"}]


def test_deliveries_report_each_message_that_failed(of_type: OfType) -> None:
    sources = of_type("AWS::Lambda::EventSourceMapping")
    concurrency = {
        "DeliverEventsSource": "DeliveryConcurrency",
        "CompactPartitionSource": "CompactionConcurrency",
        "CountCallsSource": "InsightConcurrency",
        "EvaluateAccountSource": "InsightConcurrency",
    }
    assert sources.keys() == concurrency.keys()
    for name, source in sources.items():
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["ScalingConfig"] == {"MaximumConcurrency": {"Ref": concurrency[name]}}


def test_a_message_stays_hidden_while_it_may_be_worked_on(of_type: OfType, functions: dict[str, Any]) -> None:
    queues = of_type("AWS::SQS::Queue")
    for name, source in of_type("AWS::Lambda::EventSourceMapping").items():
        queue = queues[text(source["EventSourceArn"]).removeprefix("${").removesuffix(".Arn}")]
        timeout = functions[source["FunctionName"]["Ref"]]["Timeout"]
        assert queue["VisibilityTimeout"] >= 6 * timeout, name
        assert text(queue["RedrivePolicy"]["deadLetterTargetArn"]).endswith("DeadLetterQueue.Arn}"), name
        assert queue["RedrivePolicy"]["maxReceiveCount"] == 4, name


def test_a_run_that_tells_insights_ends_before_its_claim(functions: dict[str, Any]) -> None:
    assert timedelta(seconds=functions["EvaluateAccountFunction"]["Timeout"]) + timedelta(minutes=1) <= LEASE


def test_a_look_is_not_put_off_so_often_that_lambda_takes_it_for_a_loop_gone_wild() -> None:
    assert MOST_TIMES < 15


def test_insights_are_told_by_a_topic_that_is_encrypted_and_takes_nothing_bare(of_type: OfType) -> None:
    (topic,) = of_type("AWS::SNS::Topic").values()
    assert topic["KmsMasterKeyId"] == "alias/aws/sns"
    (policy,) = of_type("AWS::SNS::TopicPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_mails_are_sent_only_where_somebody_is_named(deployed: dict[str, Any]) -> None:
    subscription = deployed["Resources"]["InsightsByEmail"]
    assert subscription["Condition"] == "IsInsightEmailGiven"
    assert subscription["Properties"]["FilterPolicy"] == {"state": [START, WITHDRAWN]}
    assert subscription["Properties"]["FilterPolicyScope"] == "MessageAttributes"


def test_what_a_client_waits_for_ends_before_api_gateway_gives_up(functions: dict[str, Any]) -> None:
    for name, function in functions.items():
        if any(event["Type"] == "Api" for event in function.get("Events", {}).values()):
            assert function["Timeout"] <= 29, name


def test_no_function_outlives_the_worker_that_plans_reckon_with(functions: dict[str, Any]) -> None:
    assert timedelta(seconds=functions["DeliverEventsFunction"]["Timeout"]) <= LONGEST
    assert LONGEST + ADOPTED + timedelta(minutes=1) < ALIVE
