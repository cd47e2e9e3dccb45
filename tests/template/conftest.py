from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    """template.yaml as it is written."""
    return yaml_parse(TEMPLATE.read_text())


@pytest.fixture(scope="session")
def deployed() -> dict[str, Any]:
    """What CloudFormation gets to see: template.yaml after SAM's transform."""
    written = yaml_parse(TEMPLATE.read_text())
    for resource in written["Resources"].values():
        # In the place of what `sam package` uploads.
        for code in {"CodeUri", "ContentUri"} & resource["Properties"].keys():
            resource["Properties"][code] = "s3://bucket/key"
    session = boto3.session.Session(region_name="eu-west-1")
    translator = Translator(None, Parser(), boto_session=session)
    return translator.translate(written, {}, get_managed_policy_map=dict)


@pytest.fixture(scope="session")
def of_type(deployed: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    """The properties of all deployed resources of a type, by logical ID."""

    def find(kind: str) -> dict[str, Any]:
        return {name: made["Properties"] for name, made in deployed["Resources"].items() if made["Type"] == kind}

    return find


@pytest.fixture(scope="session")
def functions(template: dict[str, Any]) -> dict[str, Any]:
    """The properties of the functions, as written."""
    kind = "AWS::Serverless::Function"
    return {name: made["Properties"] for name, made in template["Resources"].items() if made["Type"] == kind}
