"""A saved query and arguments for its parameters → the text of a query."""

from collections.abc import Mapping

from trailkeep.errors import InvalidParameter
from trailkeep.saved_queries.arguments import arguments_of, literal
from trailkeep.saved_queries.placeholders import fill, placeholders
from trailkeep.saved_queries.saved_query import Definition


def resolve(saved: Definition, arguments: Mapping[str, object]) -> str:
    """The query's text with an argument, or its default, in the place of each parameter.

    Arguments are texts or numbers by the names of their parameters. Raises :class:`InvalidParameter` for one that is
    missing, unknown or not of its kind.
    """
    texts = arguments_of(saved.parameters, arguments)
    kinds = {parameter.name: parameter.kind for parameter in saved.parameters}
    places = placeholders(saved.query)
    undeclared = next((place.name for place in places if place.name not in kinds), None)
    if undeclared is not None:
        raise InvalidParameter(f"the query names a parameter that it does not have: {undeclared}")
    return fill(
        saved.query,
        {place: literal(kinds[place.name], texts[place.name], in_sql=place.in_sql) for place in places},
    )
