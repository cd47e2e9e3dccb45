"""`python -m tests.local.build`: weigh what `sam build` made, and fail where Lambda would refuse it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from samtranslator.yaml_helper import yaml_parse

BUILD = Path(".aws-sam/build")
# Lambda's quota for a function together with its layers, unzipped.
LIMIT = 250 * 1024 * 1024


@dataclass(frozen=True)
class Weight:
    """Bytes of a function's own code and of each of its layers."""

    function: str
    code: int
    layers: Mapping[str, int]

    @property
    def total(self) -> int:
        """What Lambda counts."""
        return self.code + sum(self.layers.values())


def weigh(build: Path) -> list[Weight]:
    """The weight of every function below a build folder, the heaviest first."""
    template = yaml_parse((build / "template.yaml").read_text())
    shared = _layers(template.get("Globals", {}).get("Function", {}))
    weights = []
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            layers = {layer: _size(build / layer) for layer in shared + _layers(resource["Properties"])}
            weights.append(Weight(name, _size(build / name), layers))
    return sorted(weights, key=lambda weight: weight.total, reverse=True)


def _layers(properties: Mapping[str, Any]) -> list[str]:
    """Logical IDs of the layers that a function, or all functions, name."""
    return [layer["Ref"] for layer in properties.get("Layers", [])]


def _size(folder: Path) -> int:
    """Bytes of all files below a folder that has to be there."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} was not built")
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _table(weights: list[Weight]) -> Table:
    table = Table(title="MB unzipped, as Lambda counts them")
    table.add_column("function", no_wrap=True)
    layers = sorted({layer for weight in weights for layer in weight.layers})
    for column in ["code", *layers, "total", f"of {LIMIT // 1024 // 1024}"]:
        table.add_column(column, justify="right")
    for weight in weights:
        parts = [weight.code, *(weight.layers.get(layer) for layer in layers), weight.total]
        style = "red" if weight.total > LIMIT else None
        table.add_row(weight.function, *map(_megabytes, parts), f"{weight.total / LIMIT:.0%}", style=style)
    return table


def _megabytes(size: int | None) -> str:
    return "" if size is None else f"{size / 1024 / 1024:.1f}"


def main() -> int:
    """Print the weights; 1 where a function is too heavy, else 0."""
    weights = weigh(BUILD)
    Console().print(_table(weights))
    heavy = [weight.function for weight in weights if weight.total > LIMIT]
    if heavy:
        print(f"Over {LIMIT // 1024 // 1024} MB: {', '.join(heavy)}", file=sys.stderr)
    return 1 if heavy else 0


if __name__ == "__main__":
    sys.exit(main())
