import re
from pathlib import Path
from typing import Any

import pytest

from tests.local.build import LIMIT, weigh
from tests.template.conftest import ROOT

LAYERS = [f"layers/{name}/requirements.txt" for name in ("core", "arrow", "numpy", "sql")]
PINNED = [*LAYERS, "requirements/dev.txt", "requirements/stack.txt", "requirements/sam.txt"]


def _pins(path: str) -> dict[str, str]:
    lines = re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^ ;\\]+)", (ROOT / path).read_text(), flags=re.MULTILINE)
    return dict(lines)


@pytest.mark.parametrize("path", PINNED)
def test_every_package_is_pinned_by_hash(path: str) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", (ROOT / path).read_text(), flags=re.MULTILINE)
    for entry in filter(None, entries):
        assert re.match(r"[A-Za-z0-9._-]+(\[[^]]*\])?==\S+", entry), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("path", PINNED)
def test_no_file_names_where_packages_come_from(path: str) -> None:
    assert not re.search(r"://|--index-url|--extra-index-url|--find-links|@ ", (ROOT / path).read_text())


@pytest.mark.parametrize("path", LAYERS)
def test_what_is_tested_is_what_is_deployed(path: str) -> None:
    assert _pins(path).items() <= _pins("requirements/dev.txt").items()


def test_layers_bring_nothing_that_the_runtime_has() -> None:
    carried = {name for path in LAYERS for name in _pins(path)}
    assert not carried & {"boto3", "botocore", "s3transfer", "urllib3"}


def test_numpy_weighs_on_no_function_that_somebody_waits_for(functions: dict[str, Any]) -> None:
    assert "numpy" not in {name for path in LAYERS if "numpy" not in path for name in _pins(path)}
    for name, function in functions.items():
        if {"Ref": "NumpyLayer"} in function.get("Layers", []):
            assert not any(event["Type"] == "Api" for event in function["Events"].values()), name


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """What `sam build` leaves, in small."""
    (tmp_path / "template.yaml").write_text(
        "Globals: {Function: {Layers: [!Ref CoreLayer]}}\n"
        "Resources:\n"
        "  CoreLayer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: CoreLayer}}\n"
        "  ArrowLayer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: ArrowLayer}}\n"
        "  Small: {Type: AWS::Serverless::Function, Properties: {CodeUri: Small}}\n"
        "  Large: {Type: AWS::Serverless::Function, Properties: {CodeUri: Large, Layers: [!Ref ArrowLayer]}}\n"
    )
    for name, size in {"CoreLayer": 10, "ArrowLayer": LIMIT, "Small": 1, "Large": 2}.items():
        (tmp_path / name).mkdir()
        with (tmp_path / name / "file").open("wb") as file:
            file.truncate(size)
    return tmp_path


def test_a_function_weighs_what_its_layers_weigh(build: Path) -> None:
    assert {weight.function: weight.total for weight in weigh(build)} == {"Large": LIMIT + 12, "Small": 11}


def test_a_layer_that_was_not_built_is_noticed(build: Path) -> None:
    (build / "CoreLayer" / "file").unlink()
    (build / "CoreLayer").rmdir()
    with pytest.raises(FileNotFoundError, match="CoreLayer"):
        weigh(build)
