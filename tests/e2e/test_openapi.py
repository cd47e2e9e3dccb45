"""Whatever is sent, the API answers as its own document says: nothing fails on its side, nothing is undocumented."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.trail import events, found, log_object, wait_for
from tests.local.home import Home
from tests.local.stack import LocalStack
from tests.local.up import PROJECT, running_stack

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of this module's own, with some events: what is sent to it changes its settings."""
    with running_stack(Home(tmp_path_factory.mktemp("described")), port=0) as running:
        running.put_landing("described.json.gz", log_object(events(20, "described")))
        assert wait_for(lambda: len(found(running, "described")) == 20)
        yield running


def test_the_document_and_its_page_are_there_for_anyone(own_stack: LocalStack) -> None:
    document = own_stack.api("GET", "/openapi.json")
    assert (document.status, document.json["openapi"]) == (200, "3.1.0")
    page = own_stack.api("GET", "/docs")
    assert page.status == 200
    assert b"docs/init.js" in page.body
    assert own_stack.api("GET", "/docs/swagger-ui.js").status == 200
    again = own_stack.api("GET", "/docs", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.timeout(900)
def test_any_request_is_answered_as_described(own_stack: LocalStack) -> None:
    api = own_stack.content["api_url"]
    settings = ["--config-file", "tests/e2e/schemathesis.toml"]
    command = [sys.executable, "-m", "schemathesis.cli", *settings, "run", f"{api}/openapi.json", "--url", api]
    environment = {**os.environ, "TRAILKEEP_TOKEN": own_stack.admin_token, "NO_COLOR": "1"}

    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
