"""From template.yaml and the sources beside it to archives for CloudFormation, and a template that names them."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from tests.local.adaptation import for_emulator
from tests.local.layers import LayerStore, is_source

CODE_PROPERTIES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


@dataclass(frozen=True)
class Package:
    """A template whose code is named by address, and everything behind addresses, itself included."""

    template_key: str
    files: dict[str, bytes]


def package(
    template_file: Path, layers: LayerStore, *, bucket: str, region: str, parameters: Mapping[str, str]
) -> Package:
    """Archive what the template's functions and layers name as their code, and put S3 addresses in its place.

    An archive's key is the hash of its content: what did not change keeps its address, and CloudFormation sees that
    nothing is to be done.
    """
    template = yaml_parse(template_file.read_text())
    files: dict[str, bytes] = {}
    for resource in template["Resources"].values():
        name = CODE_PROPERTIES.get(resource["Type"])
        if name is None:
            continue
        source = template_file.parent / resource["Properties"][name]
        content = layers.archive(source) if name == "ContentUri" else _function_archive(source)
        key = f"{source.name}-{_hash(content)}.zip"
        files[key] = content
        resource["Properties"][name] = f"s3://{bucket}/{key}"
        # How `sam build` makes it is of no concern here.
        resource.pop("Metadata", None)
    # An unquoted version date in YAML is read as a date.
    body = json.dumps(for_emulator(template, parameters, region), default=str).encode()
    template_key = f"template-{_hash(body)}.json"
    return Package(template_key, {**files, template_key: body})


def _function_archive(source: Path) -> bytes:
    """A function's folder as an archive that depends on nothing but its content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*")):
            if is_source(path):
                archive.writestr(zipfile.ZipInfo(path.relative_to(source).as_posix()), path.read_bytes())
    return buffer.getvalue()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
