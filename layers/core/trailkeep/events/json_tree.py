"""A JSON text as a tree of places in it, so that single values can be replaced and every other byte kept."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


@dataclass(slots=True)
class Node:
    """A value and its place ``text[start:end]``; ``kind`` is ``{``, ``[``, ``"`` or ``1`` for every other scalar.

    An object's ``children`` come with their ``keys`` (still as JSON strings), place by place; keys may repeat.
    """

    kind: str
    start: int
    end: int
    children: list["Node"] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def parse_tree(text: str) -> Node:
    """The tree of a valid JSON text; ValueError where it is not one."""
    root = Node("[", 0, len(text))
    stack = [root]
    key: str | None = None
    tokens = list(_TOKEN.finditer(text))
    for number, token in enumerate(tokens):
        mark = token[0][0]
        if mark in ":,":
            continue
        parent = stack[-1]
        if mark in "}]":
            if len(stack) == 1 or parent.kind != ("{" if mark == "}" else "["):
                raise ValueError("brackets do not match")
            parent.end = token.end()
            stack.pop()
            continue
        if parent.kind == "{" and key is None:
            follows = tokens[number + 1][0] if number + 1 < len(tokens) else ""
            if mark != '"' or follows != ":":
                raise ValueError("an object needs a key")
            key = token[0]
            continue
        node = Node(mark if mark in '{["' else "1", token.start(), token.end())
        parent.children.append(node)
        if parent.kind == "{":
            parent.keys.append(key or '""')
            key = None
        if mark in "{[":
            stack.append(node)
    if len(stack) != 1 or len(root.children) != 1:
        raise ValueError("not one JSON value")
    return root.children[0]
