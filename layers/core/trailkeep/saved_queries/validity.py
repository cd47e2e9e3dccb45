"""Whether a definition's query can be run: told when it is saved, not when somebody needs it."""

from trailkeep.errors import InvalidParameter, InvalidQuery
from trailkeep.saved_queries.arguments import literal
from trailkeep.saved_queries.placeholders import Placeholder, fill, placeholders
from trailkeep.saved_queries.saved_query import Definition, Kind


def check_query(definition: Definition) -> None:
    """Raise :class:`InvalidParameter` for parameters that do not go with the text, else :class:`InvalidQuery`.

    A query is read with something in the place of each parameter: a stand-in as long as the place, so that errors name
    the column that was written; where that will not do, what its parameters have as defaults.
    """
    places = placeholders(definition.query)
    _check_names(definition, places)
    kinds = {parameter.name: parameter.kind for parameter in definition.parameters}
    numbers = {name: number for number, name in enumerate(kinds, start=1)}
    stand_ins = {place: _stand_in(kinds[place.name], numbers[place.name], place) for place in places}
    try:
        _check_text(fill(definition.query, stand_ins))
    except InvalidQuery:
        defaults = {parameter.name: parameter.default for parameter in definition.parameters}
        if not any(defaults.values()):
            raise
        with_defaults = {
            place: stand_in
            if (default := defaults[place.name]) is None
            else literal(kinds[place.name], default, in_sql=place.in_sql)
            for place, stand_in in stand_ins.items()
        }
        _check_text(fill(definition.query, with_defaults))


def _check_names(definition: Definition, places: list[Placeholder]) -> None:
    declared = [parameter.name for parameter in definition.parameters]
    twice = next((name for name in declared if declared.count(name) > 1), None)
    if twice is not None:
        raise InvalidParameter(f"parameters name {twice} twice")
    used = {place.name for place in places}
    for place in places:
        if place.name not in declared:
            raise InvalidParameter(
                f"the query holds {{{{{place.name}}}}}, and parameters do not name it",
                hint=f'Add {{"name": "{place.name}"}} to parameters.',
            )
    for name in declared:
        if name not in used:
            raise InvalidParameter(
                f"the query does not hold the parameter {{{{{name}}}}}",
                hint="Write it where a value stands, without quotes: in quotes it is a text like any other.",
            )


def _stand_in(kind: Kind, number: int, place: Placeholder) -> str:
    """A value of the parameter's kind; numbers differ, so that a range between two of them is none that is empty."""
    length = place.end - place.start
    if kind == "number":
        return str(number).ljust(length)
    return literal("text", "x" * (length - 2), in_sql=place.in_sql)


def _check_text(text: str) -> None:
    # Parsers take long to import, and who only lists queries needs none.
    from trailkeep.search.language import parse_query

    query = parse_query(text)
    if query.sql is not None:
        from trailkeep.sql.statement import parse_statement

        parse_statement(text, query.sql_at)
