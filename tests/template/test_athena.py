from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from tests.template.intrinsics import text
from trailkeep.schema import EVENTS

OfType = Callable[[str], dict[str, Any]]


@pytest.fixture(params=["events", "insights"])
def table(request: pytest.FixtureRequest, of_type: OfType) -> dict[str, Any]:
    """Each table in turn."""
    (found,) = (
        properties["TableInput"]
        for properties in of_type("AWS::Glue::Table").values()
        if properties["TableInput"]["Name"] == request.param
    )
    return found


def glue_type(kind: pa.DataType) -> str:
    """How Athena calls a type of Arrow."""
    if pa.types.is_list(kind):
        return f"array<{glue_type(kind.value_type)}>"
    if pa.types.is_fixed_size_binary(kind):
        return "binary"
    if pa.types.is_timestamp(kind):
        # Parquet's times are UTC, and Athena's timestamps have no zone: they read alike.
        assert (kind.unit, kind.tz) == ("us", "UTC")
        return "timestamp"
    return {pa.string(): "string", pa.int32(): "int", pa.int64(): "bigint", pa.bool_(): "boolean"}[kind]


def test_the_columns_are_those_of_the_lake(table: dict[str, Any]) -> None:
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert columns == [(field.name, glue_type(field.type)) for field in EVENTS]


def test_partitions_are_computed_from_the_question(table: dict[str, Any]) -> None:
    assert [key["Name"] for key in table["PartitionKeys"]] == ["region", "date"]
    settings = table["Parameters"]
    assert settings["projection.enabled"] == "true"
    # A list of regions would miss the next one.
    assert settings["projection.region.type"] == "injected"
    assert settings["projection.date.type"] == "date"
    assert settings["projection.date.format"] == "yyyy-MM-dd"
    assert settings["projection.date.range"] == "1970-01-01,NOW+2DAYS"


def test_the_place_is_that_of_the_lakes_partitions(table: dict[str, Any]) -> None:
    place = f"s3://${{LakeBucket}}/{table['Name']}/"
    assert text(table["StorageDescriptor"]["Location"]) == place
    # CloudFormation writes ${!x} for a ${x} that is not its own.
    template = text(table["Parameters"]["storage.location.template"])
    assert template == place + "region=${!region}/date=${!date}/"


def test_a_query_reads_no_more_than_the_limit(of_type: OfType) -> None:
    (group,) = of_type("AWS::Athena::WorkGroup").values()
    settings = group["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == {"Ref": "AthenaScanLimitBytes"}
    assert text(settings["ResultConfiguration"]["OutputLocation"]) == "s3://${LakeBucket}/exports/athena/"
