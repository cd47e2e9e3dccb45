"""Filters over tables against the same conditions in plain Python, row by row."""

from __future__ import annotations

import ipaddress
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailkeep.errors import InvalidParameter
from trailkeep.index.keys import value_hash
from trailkeep.lookup.filters import FILTERS, INSIGHT_FILTERS, make_filter
from trailkeep.schema import EVENTS

Row = dict[str, Any]
TEXTS = ("a", "A", "b", "ä", "日志", "null", "a,b", " ")
ADDRESSES = (
    "10.0.0.1", "10.0.0.255", "10.0.1.0", "192.0.2.7", "2001:db8::1", "2001:0DB8:0:0:0:0:0:1", "2001:db8:1::1",
    "Internal", "999.1.1.1", "ecs.aliyuncs.com", "10.0.0", "fe80::1%eth0", "10.0.0.1:443", "0xa000001",
    "::ffff:10.0.0.1", "::FFFF:10.0.0.1", "::ffff:a00:1", "0:0:0:0:0:ffff:a00:0001", "::ffff:10.0.1.0", "::10.0.0.1",
)  # fmt: skip
ASKED_ADDRESSES = (
    "10.0.0.1", "10.0.0.0/24", "10.0.0.77/24", "10.0.0.1/32", "0.0.0.0/0", "::/0", "2001:db8::/48", "2001:db8:0:0::1",
    "2001:DB8::1", "Internal", "999.1.1.1", "ecs.aliyuncs.com", "203.0.113.0/24", "::ffff:10.0.0.1", "::ffff:a00:1/128",
    "::ffff:10.0.0.0/120", "::ffff:0:0/96", "::ffff:0:0/95", "fe80::/64", "fe80::1%eth1", "::10.0.0.1",
)  # fmt: skip


def table_of(rows: list[Row], cuts: list[int] | None = None) -> pa.Table:
    """A table of the lake with these columns, in chunks that are slices of a larger one."""
    table = pa.Table.from_pylist([{"event": "{}", **row} for row in rows], schema=EVENTS)
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts or []), len(rows)]
    return pa.concat_tables([table.slice(a, b - a) for a, b in pairwise(bounds)])


def held(name: str, values: list[str], rows: list[Row], cuts: list[int] | None = None) -> list[bool]:
    known = {**FILTERS, **INSIGHT_FILTERS}
    answer: list[bool] = make_filter(name, tuple(values), known).holds(table_of(rows, cuts)).to_pylist()
    return answer


def means(row: Row, column: str, value: str) -> bool:
    """What a value of a filter means for one column of one row."""
    found = row.get(column)
    if found is None or isinstance(found, list):
        return value in (found or [])
    if column in ("source_ip_address", "insight_object") and (here := span(found)) and (there := span(value)):
        # IPv4 has a place in IPv6 to be written in, but is not of it: only ranges of its own hold it.
        return is_ipv4(here) == is_ipv4(there) and there[0] <= here[0] <= there[1]
    return bool(found == value)


MAPPED = int(ipaddress.ip_address("::ffff:0:0"))


def span(text: str) -> tuple[int, int] | None:
    """The first and the last address of a range, as numbers of IPv6."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    offset = MAPPED if network.version == 4 else 0
    return offset + int(network[0]), offset + int(network[-1])


def is_ipv4(addresses: tuple[int, int]) -> bool:
    return addresses[0] >= MAPPED and addresses[1] < MAPPED + (1 << 32)


def expected(name: str, values: list[str], rows: list[Row]) -> list[bool]:
    columns = {**FILTERS, **INSIGHT_FILTERS}[name.removesuffix("!")]
    found = [any(means(row, column, value) for column in columns for value in values) for row in rows]
    return [not hit for hit in found] if name.endswith("!") else found


texts = st.none() | st.sampled_from(TEXTS)
lists = st.none() | st.lists(texts, max_size=3)
rows_of_texts = st.fixed_dictionaries(
    {column: lists if column.startswith("resource_") else texts for columns in FILTERS.values() for column in columns}
)
cuts = st.lists(st.integers(0, 12), max_size=3)
text_filters = sorted(set(FILTERS) - {"sourceIpAddress", "eventRW"})


@given(
    rows=st.lists(rows_of_texts, max_size=12),
    name=st.sampled_from([*text_filters, *(f"{name}!" for name in text_filters)]),
    values=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3),
    cuts=cuts,
)
@example([{"resource_names": None}, {"resource_names": []}, {"resource_names": ["a"]}], "resourceName!", ["a"], [1])
@example([{"service_name": None, "event_source": "a"}, {"service_name": "a"}], "serviceName", ["a"], [])
def test_any_filter_is_what_it_is_in_plain_python(
    rows: list[Row], name: str, values: list[str], cuts: list[int]
) -> None:
    assert held(name, values, rows, cuts) == expected(name, values, rows)


@given(
    addresses=st.lists(st.none() | st.sampled_from(ADDRESSES), max_size=12),
    values=st.lists(st.sampled_from(ASKED_ADDRESSES), min_size=1, max_size=3),
    name=st.sampled_from(["sourceIpAddress", "sourceIpAddress!"]),
    cuts=cuts,
)
def test_any_address_filter(addresses: list[str | None], values: list[str], name: str, cuts: list[int]) -> None:
    rows = [{"source_ip_address": address} for address in addresses]

    assert held(name, values, rows, cuts) == [
        # For Insights this parameter also looks at what they are about, which here is nothing.
        any(means(row, "source_ip_address", value) for value in values) != name.endswith("!")
        for row in rows
    ]


@pytest.mark.parametrize("name", [*FILTERS, *INSIGHT_FILTERS])
def test_excluding_is_the_opposite_and_never_null(name: str) -> None:
    rows: list[Row] = [{}, {column: ["x"] if "resource_" in column else "Read" for column in FILTERS.get(name, ())}]
    kept, excluded = held(name, ["Read"], rows), held(f"{name}!", ["Read"], rows)

    assert kept[0] is False
    assert excluded == [not hit for hit in kept]


def test_an_empty_table_has_no_answers() -> None:
    for name in FILTERS:
        assert held(name, ["Read"], []) == []


@pytest.mark.parametrize("column", ["source_ip_address", "insight_object"])
@pytest.mark.parametrize("value", ["203.0.113.9", "203.0.113.0/24"])
def test_the_address_of_an_insight_is_what_it_is_about(column: str, value: str) -> None:
    assert held("sourceIpAddress", [value], [{column: "203.0.113.9"}, {column: "192.0.2.1"}]) == [True, False]


@pytest.mark.parametrize("asked", ["2001:db8::1", "2001:0DB8:0:0::1", "2001:db8:0:0:0:0:0:1", "2001:db8::1/128"])
def test_ipv6_is_found_in_all_its_spellings(asked: str) -> None:
    spellings = ["2001:db8::1", "2001:DB8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::2"]

    rows = [{"source_ip_address": spelling} for spelling in spellings]
    assert held("sourceIpAddress", [asked], rows) == [True, True, True, False]


@pytest.mark.parametrize(
    "asked",
    ["192.0.2.7", "192.0.2.7/32", "192.0.2.0/24", "::ffff:192.0.2.7", "::FFFF:C000:0207", "::ffff:c000:200/120"],
)
def test_ipv4_in_the_form_of_ipv6_is_that_ipv4_both_ways(asked: str) -> None:
    spellings = [
        "192.0.2.7",
        "::ffff:192.0.2.7",
        "::ffff:c000:207",
        "0:0:0:0:0:FFFF:192.0.2.7",
        "::ffff:192.0.3.7",
        "::7",
    ]

    rows = [{"source_ip_address": spelling} for spelling in spellings]
    assert held("sourceIpAddress", [asked], rows) == [True, True, True, True, False, False]
    assert held("sourceIpAddress!", [asked], rows) == [False, False, False, False, True, True]


def test_ipv4_is_in_no_range_of_ipv6_however_it_is_written() -> None:
    rows = [{"source_ip_address": address} for address in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1")]

    assert held("sourceIpAddress", ["::/0"], rows) == [False, False, True]
    assert held("sourceIpAddress", ["0.0.0.0/0"], rows) == [True, True, False]


@given(st.ip_addresses(), st.sampled_from(["", "/32", "/128"]), st.lists(st.ip_addresses().map(str), max_size=3))
def test_what_an_address_is_looked_up_by_is_what_its_rows_are_posted_under(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, suffix: str, others: list[str]
) -> None:
    """The index finds rows by hashes of single spellings: of a filter all its rows, and no others."""
    if suffix == "/32" and address.version == 6:
        suffix = "/128"
    elif suffix == "/128" and address.version == 4:
        suffix = "/32"
    texts = [*others, *spellings_of(address)]
    condition = make_filter("sourceIpAddress", (f"{address}{suffix}",), FILTERS)

    assert condition.keys is not None
    hashes = {value_hash(*pair) for pair in condition.keys.pairs}
    found = [value_hash("source_ip_address", text) in hashes for text in texts]

    assert found == held("sourceIpAddress", [f"{address}{suffix}"], [{"source_ip_address": text} for text in texts])
    assert all(found[len(others) :])


def spellings_of(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[str]:
    if isinstance(address, ipaddress.IPv4Address):
        mapped = ipaddress.IPv6Address(MAPPED + int(address))
        return [str(address), f"::ffff:{address}", f"::FFFF:{address}", mapped.exploded, mapped.compressed.upper()]
    return [str(address), address.exploded, address.compressed.upper(), f"{address}%eth0"]


@pytest.mark.parametrize("name", [*FILTERS, "sensitive"])
@pytest.mark.parametrize("value", ["\ud800", "a\udfff"])
def test_half_a_character_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^{name}! "):
        make_filter(f"{name}!", (value,), FILTERS)


@given(st.ip_addresses(v=4), st.integers(0, 32), st.lists(st.ip_addresses(v=4).map(str), min_size=1, max_size=5))
def test_any_range_of_ipv4(address: ipaddress.IPv4Address, length: int, others: list[str]) -> None:
    network = ipaddress.ip_network((address, length), strict=False)
    inside = [str(network[0]), str(network[-1])]
    rows = [{"source_ip_address": each} for each in [*others, *inside]]

    found = held("sourceIpAddress", [str(network)], rows)

    assert found == [ipaddress.ip_address(each) in network for each in [*others, *inside]]


@pytest.mark.parametrize(
    "value", ["10.0.0.0/33", "10.0.0/8", "::g", "1::2::3", "/", ":", "10.0.0.0/-1", "http://x", "fe80::%/8"]
)
def test_an_address_that_cannot_be_is_refused_by_name(value: str) -> None:
    for name in ("sourceIpAddress", "sourceIpAddress!"):
        with pytest.raises(InvalidParameter, match=f"^{name} "):
            make_filter(name, (value,), FILTERS)


@pytest.mark.parametrize("values", [("read",), ("Read", "write"), ("*",)])
def test_read_or_write_and_nothing_else(values: tuple[str, ...]) -> None:
    with pytest.raises(InvalidParameter, match="eventRW"):
        make_filter("eventRW", values, FILTERS)


@pytest.mark.parametrize(
    ("name", "values"),
    [("user", ("b", "a", "b")), ("sourceIpAddress", ("192.0.2.0/24", "10.0.0.0/8", "10.0.0.0/8"))],
)
def test_the_order_of_values_makes_no_other_filter(name: str, values: tuple[str, ...]) -> None:
    assert make_filter(name, values, FILTERS) == make_filter(name, tuple(sorted(set(values))), FILTERS)


def test_columns_of_filters_are_columns_of_the_lake() -> None:
    for columns in (*FILTERS.values(), *INSIGHT_FILTERS.values()):
        assert set(columns) <= set(EVENTS.names)
