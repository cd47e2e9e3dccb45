"""Lookup's filters in Trino's SQL: exact and case-sensitive, and never NULL."""

from collections.abc import Iterable

from sqlglot import exp

from trailkeep.athena.columns import LISTS, column
from trailkeep.athena.fragments import fragment
from trailkeep.athena.meanings import in_network
from trailkeep.lookup.filters import Filter, SensitiveFilter, ValueFilter
from trailkeep.lookup.sensitive import GROUPS, Group, services_of


def lets_through(wanted: Filter) -> exp.Expr:
    """Whether a filter lets a row through."""
    if isinstance(wanted, ValueFilter):
        found = exp.or_(*(_found_in(wanted, name) for name in wanted.columns))
    elif isinstance(wanted, SensitiveFilter):
        sensitive = exp.or_(*map(_is_of, GROUPS))
        found = exp.or_(*(sensitive if value == "true" else exp.not_(sensitive) for value in wanted.values))
    else:
        raise TypeError(f"{type(wanted).__name__} is no filter that Trino's SQL can be written for")
    return exp.not_(found) if wanted.excludes else found


def _found_in(wanted: ValueFilter, name: str) -> exp.Expr:
    if name in LISTS:
        return fragment(
            "coalesce(any_match(:column, v -> :is_one), FALSE)",
            column=column(name),
            is_one=_is_one(exp.column("v"), wanted.values),
        )
    tests = [_is_one(column(name), wanted.values)]
    tests += [in_network(column(name), network) for network in wanted.networks]
    return fragment("coalesce(:found, FALSE)", found=exp.or_(*tests))


def _is_of(group: Group) -> exp.Expr:
    """Whether an operation is one of a group, as :func:`trailkeep.lookup.sensitive.is_sensitive` says it."""
    called = []
    for service, names in group.operations.items():
        services = services_of(service)
        by_service = exp.or_(_is_one(column("service_name"), services), _is_one(column("event_source"), services))
        called.append(exp.and_(_is_one(column("event_name"), names), by_service))
    found = exp.or_(*called)
    if group.users:
        found = exp.and_(found, _is_one(column("user_name"), group.users))
    return fragment("coalesce(:found, FALSE)", found=found)


def _is_one(text: exp.Expr, values: Iterable[str]) -> exp.Expr:
    return exp.In(this=text, expressions=[exp.Literal.string(value) for value in values])
