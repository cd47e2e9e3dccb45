import tomllib
from typing import Any

import pytest

from tests.template.conftest import ROOT, TEMPLATE


def test_every_parameter_says_what_it_takes(template: dict[str, Any]) -> None:
    for name, parameter in template["Parameters"].items():
        bounds = {"AllowedValues", "AllowedPattern", "MinValue", "MaxValue"} & parameter.keys()
        assert bounds, f"{name} takes anything"
        assert parameter["Description"].endswith("."), name
        assert "Default" in parameter, f"{name} has to be given"
        if "AllowedPattern" in parameter:
            assert "ConstraintDescription" in parameter, f"{name} refuses without saying why"


def test_the_console_shows_every_parameter_in_a_group_with_a_label(template: dict[str, Any]) -> None:
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])
    assert interface["ParameterLabels"].keys() == template["Parameters"].keys()


def test_every_output_is_described(template: dict[str, Any]) -> None:
    assert all(output["Description"] for output in template["Outputs"].values())


def test_the_description_names_the_version(template: dict[str, Any]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert template["Description"].startswith(f"Trailkeep {version}:")


def test_the_template_is_within_what_cloudformation_takes(deployed: dict[str, Any]) -> None:
    assert TEMPLATE.stat().st_size < 1_000_000
    assert len(deployed["Resources"]) < 500


@pytest.mark.parametrize("prefix", ["trailkeep", "a-1", "a" * 22])
def test_bucket_names_fit_any_prefix(template: dict[str, Any], prefix: str) -> None:
    for name in ("LandingBucket", "LakeBucket"):
        sub = template["Resources"][name]["Properties"]["BucketName"]["Fn::Sub"]
        longest = sub.replace("${NamePrefix}", prefix)
        longest = longest.replace("${AWS::AccountId}", "1" * 12).replace("${AWS::Region}", "ap-southeast-1")
        assert 3 <= len(longest) <= 63
