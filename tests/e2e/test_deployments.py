"""Stacks beside each other, and stacks that change."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.trail import events, found, ids, log_object, wait_for
from tests.local.deployment import DeploymentFailed
from tests.local.home import Home
from tests.local.up import PROJECT, running_stack

pytestmark = pytest.mark.thorough


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what is deployed, to be changed."""
    folder = tmp_path / "project"
    for name in ("functions", "layers"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "template.yaml", folder)
    return folder


def test_two_stacks_know_nothing_of_each_other(tmp_path: Path) -> None:
    with running_stack(Home(tmp_path / "a"), 0) as one, running_stack(Home(tmp_path / "b"), 0) as other:
        one.put_landing("a.json.gz", log_object(events(4, "shared-name")))
        other.put_landing("b.json.gz", log_object(events(6, "shared-name")))
        assert wait_for(lambda: len(found(one, "shared-name")) == 4 and len(found(other, "shared-name")) == 6)
        assert other.api("GET", "/v1/me", token=one.admin_token).status == 401


def test_starting_again_brings_changes(tmp_path: Path, project: Path) -> None:
    home = Home(tmp_path / "home")
    with running_stack(home, 0, project=project) as stack:
        landed = events(10, "steady")
        stack.put_landing("steady.json.gz", log_object(landed))
        assert wait_for(lambda: len(found(stack, "steady")) == 10)
        token = stack.admin_token

    code = project / "functions" / "issue_token" / "app.py"
    code.write_text("def handler(event, context):\n    return {'changed': 'function'}\n")
    package = project / "layers" / "core" / "trailkeep" / "__init__.py"
    package.write_text(package.read_text() + "\nCHANGED = 'layer'\n")
    template = project / "template.yaml"
    template.write_text(
        template.read_text().replace("Description: Looks up and counts", "Description: Now looks up and counts")
    )
    with running_stack(home, 0, project=project) as stack:
        assert stack.invoke("IssueTokenFunction", {}) == {"changed": "function"}
        described = stack.functions_api.get_function_configuration(FunctionName=stack.functions["QueryEventsFunction"])
        assert described["Description"].startswith("Now looks up")
        assert stack.admin_token == token
        assert ids(found(stack, "steady")) == ids(landed)

    code.write_text("import trailkeep\n\ndef handler(event, context):\n    return trailkeep.CHANGED\n")
    with running_stack(home, 0, project=project) as stack:
        assert stack.invoke("IssueTokenFunction", {}) == "layer"


@pytest.mark.parametrize(
    ("sound", "broken", "reason"),
    [
        ("Type: AWS::Athena::WorkGroup", "Type: AWS::Athena::NoSuchThing", "NoSuchThing"),
        ("maxReceiveCount: 4", "maxReceiveCount: often", "ROLLBACK_COMPLETE"),
    ],
    ids=["refused", "rolled-back"],
)
def test_a_bad_template_leaves_what_stands(tmp_path: Path, project: Path, sound: str, broken: str, reason: str) -> None:
    home = Home(tmp_path / "home")
    with running_stack(home, 0, project=project) as stack:
        token = stack.admin_token
    template = project / "template.yaml"
    text = template.read_text()
    assert sound in text
    template.write_text(text.replace(sound, broken))
    with pytest.raises(DeploymentFailed, match=reason), running_stack(home, 0, project=project):
        pass
    template.write_text(text)
    with running_stack(home, 0, project=project) as stack:
        assert stack.admin_token == token
        stack.put_landing("after.json.gz", log_object(events(2, "after")))
        assert wait_for(lambda: len(found(stack, "after")) == 2)


@pytest.mark.parametrize("lost", ["*", "cloudformation.json"], ids=["everything", "the stack"])
def test_a_forgotten_stack_gets_its_objects_back(tmp_path: Path, lost: str) -> None:
    home = Home(tmp_path / "home")
    landed = events(10, "steady")
    with running_stack(home, 0) as stack:
        stack.put_landing("steady.json.gz", log_object(landed))
        assert wait_for(lambda: len(found(stack, "steady")) == 10)
    for path in home.state.glob(lost):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with running_stack(home, 0) as stack:
        assert ids(found(stack, "steady")) == ids(landed)
        stack.put_landing("more.json.gz", log_object(events(1, "more")))
        assert wait_for(lambda: len(found(stack, "more")) == 1)
