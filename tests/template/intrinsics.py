"""CloudFormation's intrinsic functions as text, so that tests can read a template."""

from typing import Any


def text(node: Any) -> str:
    """`!Ref A` as "${A}", `!GetAtt A.B` as "${A.B}", `!Sub` as its template, and text as it is."""
    match node:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Sub": str(template)}:
            return template
        case str():
            return node
    raise ValueError(f"not text: {node}")


def texts(node: Any) -> list[str]:
    """One or many, as a list."""
    return [text(item) for item in node] if isinstance(node, list) else [text(node)]
