r"""An original event in Trino's SQL: what stands at a path of it, and every text in it.

That is what :mod:`trailkeep.search.document` says it is. Trino's JSON functions do not keep the text of numbers. So an
event is first *tagged*: every text in it, names included, gets an ``S`` in front, and every other scalar becomes a text
with an ``N`` in front: ``{"port": 8.0, "on": true}`` → ``{"Sport": "N8.0", "Son": "Ntrue"}``. Whatever JSON functions
do to a tagged event, its scalars are still as its source writes them.
"""

import re

from sqlglot import exp

from trailkeep.athena.fragments import bound, fragment
from trailkeep.athena.meanings import folded
from trailkeep.search.words import IDEOGRAPHS, MARKS

LISTS_IN_LISTS = 4
"""How many lists directly inside each other are looked through. Real events have one in one at most."""

Path = tuple[str, ...]

_HEX = "[0-9a-fA-F]"
_PAIR = rf"[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}"
_ESCAPE = rf'\\(?:["\\/bfnrt]|u(?:[0-9a-cefA-CEF]{_HEX}{{3}}|[dD][0-7]{_HEX}{{2}}|{_PAIR}))'
_TEXT = rf'(")([^"\\\x00-\x1f]*(?:{_ESCAPE}[^"\\\x00-\x1f]*)*)"'
_OTHER = r"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"
_SCALAR = f"{_TEXT}|{_OTHER}"
"""As JSON writes them, and no other way: a quote and what stands behind it, or another scalar."""

_TAGGED_SCALAR = r'"(S)((?:[^"\\]|\\.)*)"|"N([^"]*)"'
_TAGGED_NAME = r'"S(?:[^"\\]|\\.)*"[ \t\n\r]*:'
_HELD = r"\AS[ \t\n\r]*[\[{]"
_HELD_OBJECT = r"\AS[ \t\n\r]*\{"
_PART = r'"(?:[^"\\]|\\.)*"|[-+.0-9A-Za-z]+'
_SPACES = "".join(map(chr, filter(lambda code: chr(code).isspace(), range(0x7F, 0x3001))))
_BETWEEN_WORDS = r"[\x00-\x20" + re.sub(r"[\[\]\\^&-]", r"\\\g<0>", MARKS) + _SPACES + "]+"


def tagged(json: exp.Expr) -> exp.Expr:
    """A tagged event or other JSON text; of a text that is not JSON, a text that is none either."""
    return fragment(
        """
        regexp_replace(:json, :scalar,
            g -> '"' || CASE WHEN g[1] = '"' THEN 'S' || g[2] ELSE 'N' || g[3] END || '"')
        """,
        json=json,
        scalar=_SCALAR,
    )


def values_at(document: exp.Expr, path: Path) -> exp.Expr:
    """The scalars at a path of a tagged event: an array of texts, each behind its tag."""
    return _scalars(_found(document, path, "[*]" * LISTS_IN_LISTS))


def standing_at(document: exp.Expr, path: Path) -> exp.Expr:
    """What stands at a path of a tagged event: an array of tagged JSON, lists as they are."""
    return _found(document, path, "")


def _found(document: exp.Expr, path: Path, end: str) -> exp.Expr:
    """Nodes at a path: those of the event itself, and those in a text on the way that holds JSON."""
    places = [_nodes(document, _steps(path) + end)]
    for steps in range(1, len(path)):
        texts = _scalars(_nodes(document, _steps(path[:steps]) + "[*]" * LISTS_IN_LISTS))
        held = fragment(
            "filter(transform(filter(:texts, t -> regexp_like(t, :pattern)), t -> :tagged), d -> :is_sound)",
            texts=texts,
            pattern=_HELD,
            tagged=tagged(fragment("substr(t, 2)")),
            is_sound=_is_sound(exp.column("d")),
        )
        inner = _nodes(exp.column("d"), "[*]" * LISTS_IN_LISTS + _steps(path[steps:]) + end)
        places.append(fragment("flatten(transform(:held, d -> :inner))", held=held, inner=inner))
    return places[0] if len(places) == 1 else fragment("flatten(:places)", places=exp.array(*places))


def _nodes(document: exp.Expr, steps: str) -> exp.Expr:
    """An array of JSON, NULL where there is nothing."""
    return fragment(
        "CAST(json_parse(json_query(:document, :path WITH ARRAY WRAPPER)) AS ARRAY(JSON))",
        document=document,
        path=f"lax ${steps}",
    )


def _steps(path: Path) -> str:
    """Names as steps of a path of SQL/JSON, into objects and into those in lists."""
    return ("[*]" * LISTS_IN_LISTS).join(map(_step, path))


def _step(name: str) -> str:
    return '."S' + name.replace('"', '""') + '"'


def _scalars(nodes: exp.Expr) -> exp.Expr:
    """Of an array of tagged JSON the scalars, as texts behind their tags."""
    return fragment("filter(transform(:nodes, n -> json_extract_scalar(n, '$')), t -> t IS NOT NULL)", nodes=nodes)


def _is_sound(document: exp.Expr) -> exp.Expr:
    """Whether a tagged text is JSON in which no object has a name twice: NULL or false where not.

    Of a name that stands there twice one remains when it is parsed; parsers disagree on which.
    """
    return fragment(
        """
        cardinality(regexp_extract_all(:document, :name))
        = cardinality(regexp_extract_all(TRY(json_format(json_parse(:document))), :name))
        """,
        document=document,
        name=_TAGGED_NAME,
    )


def column_at(document: exp.Expr, path: Path) -> exp.Expr:
    """What SQL sees at a path of a tagged event, as :mod:`trailkeep.sql.paths` has it: a text, or NULL."""
    nodes = [_only_node(document, path)]
    for steps in range(1, len(path)):
        nodes.append(_only_node_held(_only_node(document, path[:steps]), path[steps:]))
    found = nodes[0] if len(nodes) == 1 else exp.func("coalesce", *nodes)
    return bound("node", found, _as_text)


def _only_node(document: exp.Expr, path: Path) -> exp.Expr:
    """The JSON text of what stands at a path that leads through objects alone."""
    return fragment("json_query(:document, :path)", document=document, path=f"strict ${''.join(map(_step, path))}")


def _only_node_held(holder: exp.Expr, path: Path) -> exp.Expr:
    """The same in the object that a text holds, by the JSON text of that text."""

    def within(document: exp.Expr) -> exp.Expr:
        node = _only_node(document, path)
        return fragment("CASE WHEN :is_sound THEN :node END", is_sound=_is_sound(document), node=node)

    def held_in(text: exp.Expr) -> exp.Expr:
        return fragment(
            "CASE WHEN regexp_like(:text, :pattern) THEN :found END",
            text=text,
            pattern=_HELD_OBJECT,
            found=bound("document", tagged(fragment("substr(:text, 2)", text=text)), within),
        )

    return bound("held", fragment("json_extract_scalar(:holder, '$')", holder=holder), held_in)


def _as_text(node: exp.Expr) -> exp.Expr:
    """A node's tagged JSON as SQL sees it."""
    return fragment(
        """
        CASE WHEN :node = '"Nnull"' THEN NULL
        WHEN :node LIKE '"%' THEN substr(json_extract_scalar(:node, '$'), 2)
        ELSE regexp_replace(:node, :scalar, g -> CASE WHEN g[1] = 'S' THEN '"' || g[2] || '"' ELSE g[3] END) END
        """,
        node=node,
        scalar=_TAGGED_SCALAR,
    )


def texts_of(event: exp.Expr) -> exp.Expr:
    """The words of every text of an event that is not tagged: an array, each text as ``' word word '``."""
    text = fragment("CASE WHEN t LIKE '\"%' THEN json_extract_scalar(t, '$') ELSE t END")
    apart = fragment("regexp_replace(:text, :ideograph, ' $1 ')", text=folded(text), ideograph=f"([{IDEOGRAPHS}])")
    return fragment(
        "transform(regexp_extract_all(:event, :part), t -> regexp_replace(' ' || :apart || ' ', :between, ' '))",
        event=event,
        part=_PART,
        apart=apart,
        between=_BETWEEN_WORDS,
    )
