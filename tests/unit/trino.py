"""Trino's SQL on DuckDB, as far as the texts for Athena need it: what sqlglot does not translate, and what it would
translate to something that means less.

Trino's own behaviour is written down here as its documentation and sources have it; no Trino runs in these tests.
"""

import ipaddress
import json
import re
from typing import Any, ClassVar

import duckdb
from sqlglot import exp
from sqlglot.generators.duckdb import DuckDBGenerator

from trailkeep.sql.dialects import ForDuckDB

_STEP = re.compile(r'\.("(?:[^"]|"")*")|(\[\*\])')


def translated(tree: exp.Expr) -> str:
    """A tree that was made for Trino, as DuckDB reads it."""
    return tree.sql(dialect=OnDuckDB)


def connect() -> duckdb.DuckDBPyConnection:
    """DuckDB with those of Trino's functions that SQL cannot express."""
    connection = duckdb.connect(config={"threads": 1})
    connection.create_function("trino_json", _sorted_json, ["VARCHAR"], "VARCHAR", null_handling="special")
    connection.create_function("trino_address", _address, ["VARCHAR"], "VARCHAR", null_handling="special")
    return connection


def _sorted_json(text: str | None) -> str | None:
    """What json_format(json_parse(…)) gives: names sorted, each once; NULL where it fails."""
    try:
        return None if text is None else json.dumps(json.loads(text, strict=True), sort_keys=True, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _address(text: str | None) -> str | None:
    """TRY_CAST(… AS IPADDRESS): 16 bytes, as digits that sort as they do."""
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    return f"{(0xFFFF << 32) + int(address) if address.version == 4 else int(address):032x}"


def _json_query(generator: Any, node: exp.JSONExtract) -> str:
    if not node.args.get("json_query"):
        return str(DuckDBGenerator.TRANSFORMS[exp.JSONExtract](generator, node))
    document = generator.sql(node, "this")
    mode, _, path = node.expression.name.partition(" $")
    steps = [(name[1:-1].replace('""', '"') if name else None) for name, _ in _STEP.findall(path)]
    if mode == "strict":
        assert "option" not in node.args or node.args["option"] is None
        return _strictly(f"json({document})", steps)
    assert mode == "lax"
    assert node.args["option"].name == "WITH ARRAY WRAPPER"
    found = f"[json({document})]"
    for name in steps:
        found = _members(found, name) if name else _elements(found)
    # NULL ON EMPTY
    return f"CASE WHEN len({found}) > 0 THEN CAST(to_json({found}) AS VARCHAR) END"


def _strictly(document: str, steps: list[str | None]) -> str:
    """A path that fails where it meets no object: NULL ON ERROR."""
    for name in steps:
        assert name is not None
        document = f"CASE WHEN json_type({document}) = 'OBJECT' THEN {_member(document, name)} END"
    return f"CAST({document} AS VARCHAR)"


def _members(nodes: str, name: str) -> str:
    """A member of each object; in lax mode a list stands for its elements."""
    return f"list_filter(list_transform({_elements(nodes)}, lambda e: {_member('e', name)}), lambda e: e IS NOT NULL)"


def _member(document: str, name: str) -> str:
    pointer = name.replace("~", "~0").replace("/", "~1").replace("'", "''")
    return f"json_extract({document}, '/{pointer}')"


def _elements(nodes: str) -> str:
    """The elements of each list; in lax mode anything else stands for a list of itself."""
    unpacked = "CASE WHEN json_type(e) = 'ARRAY' THEN from_json(e, '[\"JSON\"]') ELSE [e] END"
    return f"flatten(list_transform({nodes}, lambda e: {unpacked}))"


def _json_extract_scalar(generator: Any, node: exp.JSONExtractScalar) -> str:
    """NULL for an object or a list; DuckDB gives its text. It only ever meets texts beside these: see tagged()."""
    json = generator.sql(node, "this")
    return f"CASE WHEN json_type({json}) = 'VARCHAR' THEN json_extract_string({json}, '$') END"


def _try(generator: Any, node: exp.Try) -> str:
    tried = node.this
    assert isinstance(tried, exp.JSONFormat)
    assert isinstance(tried.this, exp.ParseJSON)
    return f"trino_json({generator.sql(tried.this, 'this')})"


def _cast(generator: Any, node: exp.Cast) -> str:
    if node.to.this == exp.DType.IPADDRESS:
        return f"trino_address({generator.sql(node, 'this')})"
    return str(DuckDBGenerator.TRANSFORMS.get(exp.Cast, DuckDBGenerator.cast_sql)(generator, node))


def _regexp_replace(generator: Any, node: exp.RegexpReplace) -> str:
    if isinstance(node.args["replacement"], exp.Lambda):
        return _replaced_by_function(generator, node)
    replacement = re.sub(r"\$(\d)", r"\\\1", generator.sql(node, "replacement"))
    return f"regexp_replace({generator.sql(node, 'this')}, {generator.sql(node, 'expression')}, {replacement}, 'g')"


def _replaced_by_function(generator: Any, node: exp.RegexpReplace) -> str:
    """Each match becomes what a function makes of its groups: here the text is cut into matches and characters."""
    text, pattern = generator.sql(node, "this"), node.expression.name
    made = node.args["replacement"].this.copy()
    for group in list(made.find_all(exp.Bracket)):
        number = int(group.expressions[0].name) + 1  # the parser counts from 0
        arguments = [exp.column("m"), exp.Literal.string(pattern), exp.Literal.number(number)]
        group.replace(exp.Anonymous(this="regexp_extract", expressions=arguments))
    quoted, either = (generator.sql(exp.Literal.string(each)) for each in (pattern, f"(?:{pattern})|(?s:.)"))
    return (
        f"array_to_string(list_transform(regexp_extract_all({text}, {either}), "
        f"lambda m: CASE WHEN regexp_full_match(m, {quoted}) THEN {generator.sql(made)} ELSE m END), '')"
    )


def _regexp_extract(generator: Any, node: exp.RegexpExtract) -> str:
    """NULL where nothing matches; DuckDB gives an empty text."""
    text, pattern = generator.sql(node, "this"), generator.sql(node, "expression")
    group = generator.sql(node, "group") or "0"
    return f"CASE WHEN regexp_matches({text}, {pattern}) THEN regexp_extract({text}, {pattern}, {group}) END"


def _anonymous(generator: Any, node: exp.Anonymous) -> str:
    arguments = [generator.sql(argument) for argument in node.expressions]
    match node.name.lower():
        case "any_match":
            values, test = arguments
            return f"len(list_filter({values}, {test})) > 0"
        case "ngrams":
            values, count = arguments
            last = f"greatest(len({values}) - {count}, 0)"
            return f"list_transform(range(0, {last} + 1), lambda i: ({values})[i + 1 : i + {count}])"
        case _:
            return str(DuckDBGenerator.anonymous_sql(generator, node))


class OnDuckDB(ForDuckDB):
    """Writes trees that were made for Trino as DuckDB reads them."""

    class Generator(ForDuckDB.Generator):
        TRANSFORMS: ClassVar = {
            **ForDuckDB.Generator.TRANSFORMS,
            exp.JSONExtract: _json_query,
            exp.JSONExtractScalar: _json_extract_scalar,
            exp.JSONFormat: lambda self, node: f"CAST({self.sql(node, 'this')} AS VARCHAR)",
            exp.Try: _try,
            exp.Cast: _cast,
            exp.TryCast: lambda self, node: (
                _cast(self, node) if node.to.this == exp.DType.IPADDRESS else DuckDBGenerator.trycast_sql(self, node)
            ),
            exp.RegexpReplace: _regexp_replace,
            exp.RegexpExtract: _regexp_extract,
            exp.Anonymous: _anonymous,
        }


class OnEmulator(OnDuckDB):
    """The same for the DuckDB of the emulator, which has no functions of ours.

    There a text that holds JSON may have a name twice, and no address can be compared: no sample does either.
    """

    class Generator(OnDuckDB.Generator):
        TRANSFORMS: ClassVar = {
            **OnDuckDB.Generator.TRANSFORMS,
            exp.Try: lambda self, node: _json_or_null(self.sql(node.this.this, "this")),
        }


def _json_or_null(text: str) -> str:
    return f"CASE WHEN json_valid({text}) THEN CAST(json({text}) AS VARCHAR) END"
