"""What a text means beside being a text, in Trino's SQL: what :mod:`trailkeep.search.meanings` says it does.

All functions take an expression whose value is a text and give one that is NULL where the text means no such thing.
Patterns are written so that every engine of regular expressions reads them alike.
"""

import ipaddress
from decimal import Decimal

from sqlglot import exp

from trailkeep.athena.fragments import bound, fragment
from trailkeep.events.addresses import Network

_SHIFT = 5 * 10**17
"""Added to the place of a number's point, which makes it positive and 18 digits long."""

_MOMENT = (
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])\z"
)
_ADDRESS = r"\A[0-9a-fA-F.:]+(?:%[^%/]+)?\z"
_ZONE = "%[^%/]+"


def folded(text: exp.Expr) -> exp.Expr:
    """A text as it is compared, like :func:`trailkeep.search.patterns.folded`.

    Trino's ``lower`` takes character by character: to it İ is i, and every capital sigma is σ.
    """
    return fragment("replace(lower(replace(:text, 'İ', 'i̇')), 'ς', 'σ')", text=text)


def is_plain_number(text: exp.Expr) -> exp.Expr:
    """Whether a text is a plain decimal number."""
    return fragment(r"regexp_like(:text, '\A-?[0-9]+(?:\.[0-9]+)?\z')", text=text)


def number_key(number: exp.Expr) -> exp.Expr:
    """A text that stands among those of other numbers where the number stands among them: exact, however long it is.

    It says the sign; where the point stands, counted from the first digit that is not zero; and the digits from there
    to the last one that is not. Of negative numbers both are counted backwards. ``number`` is JSON's or a plain one.
    """
    fraction = fragment(r"coalesce(regexp_extract(:number, '\.([0-9]+)', 1), '')", number=number)
    digits = fragment(
        r"regexp_replace(regexp_extract(:number, '[0-9]+') || :fraction, '\A0+')", number=number, fraction=fraction
    )
    exponent = fragment(
        r"""
        CASE WHEN regexp_like(:number, '[eE]')
        THEN TRY_CAST(regexp_extract(:number, '[eE]\+?(-?[0-9]{1,17})\z', 1) AS BIGINT) ELSE 0 END
        """,
        number=number,
    )

    def key(digits: exp.Expr) -> exp.Expr:
        size = fragment(
            r"""
            lpad(CAST(:exponent + length(:digits) - length(:fraction) + :shift AS VARCHAR), 18, '0')
            || regexp_replace(:digits, '0+\z')
            """,
            exponent=exponent,
            digits=digits,
            fraction=fraction,
            shift=_SHIFT,
        )
        return fragment(
            """
            CASE WHEN :digits = '' THEN '1' WHEN :number LIKE '-%'
            THEN '0' || translate(:size, '0123456789', '9876543210') || ':' ELSE '2' || :size END
            """,
            digits=digits,
            number=number,
            size=size,
        )

    return bound("digits", digits, key)


def key_of(number: Decimal) -> str:
    """The :func:`number_key` of a number that is known already."""
    sign, digits, exponent = number.as_tuple()
    significant = "".join(map(str, digits)).lstrip("0")
    if not significant or not isinstance(exponent, int):
        return "1"
    size = f"{exponent + len(significant) + _SHIFT:018d}{significant.rstrip('0')}"
    return f"0{size.translate(_BACKWARDS)}:" if sign else f"2{size}"


_BACKWARDS = str.maketrans("0123456789", "9876543210")


def moment(text: exp.Expr) -> exp.Expr:
    """Microseconds since 1970 of a text that is an RFC 3339 time."""
    day = fragment("date_diff('day', DATE '1970-01-01', TRY_CAST(substr(:text, 1, 10) AS DATE))", text=text)
    # A leap second is the last microsecond of its minute.
    micros = fragment(
        r"""
        CASE WHEN substr(:text, 18, 2) = '60' THEN 59999999 ELSE TRY_CAST(
            substr(:text, 18, 2) || rpad(coalesce(regexp_extract(:text, '\.([0-9]{1,6})', 1), ''), 6, '0')
        AS BIGINT) END
        """,
        text=text,
    )
    offset = fragment(
        """
        CASE WHEN substr(:text, length(:text), 1) IN ('Z', 'z') THEN 0 ELSE
        TRY_CAST(substr(:text, length(:text) - 5, 3) AS BIGINT) * 60
        + TRY_CAST(substr(:text, length(:text) - 5, 1) || substr(:text, length(:text) - 1, 2) AS BIGINT) END
        """,
        text=text,
    )
    return fragment(
        """
        CASE WHEN regexp_like(:text, :pattern) AND :text NOT LIKE '0000%' THEN (
            (:day * 24 + TRY_CAST(substr(:text, 12, 2) AS BIGINT)) * 60
            + TRY_CAST(substr(:text, 15, 2) AS BIGINT) - :offset
        ) * 60000000 + :micros END
        """,
        text=text,
        pattern=_MOMENT,
        day=day,
        offset=offset,
        micros=micros,
    )


def address(text: exp.Expr) -> exp.Expr:
    """The IP address that a text is, IPv4 as IPv6 has it; a zone behind it is left out.

    Trino takes some texts for addresses that are none, such as digits of other scripts and numbers of five digits.
    """
    return fragment(
        """
        CASE WHEN length(:text) <= 64 AND regexp_like(:text, :pattern) AND NOT regexp_like(:text, '[0-9a-fA-F]{5}')
        AND (strpos(:text, '%') = 0 OR strpos(:text, ':') > 0)
        THEN TRY_CAST(regexp_replace(:text, :zone) AS IPADDRESS) END
        """,
        text=text,
        pattern=_ADDRESS,
        zone=_ZONE,
    )


def in_network(text: exp.Expr, network: Network) -> exp.Expr:
    """Whether a text is an address of a network; false or NULL where it is not.

    IPv4's addresses are a range of IPv6's to Trino, and to nobody else: a network of IPv6 holds none of them.
    """
    found = address(text)
    inside = _lies_in(found, network)
    return inside if network.version == 4 else exp.and_(inside, exp.not_(_lies_in(found, _IPV4)))


_IPV4 = ipaddress.IPv4Network("0.0.0.0/0")


def _lies_in(found: exp.Expr, network: Network) -> exp.Expr:
    return fragment(
        ":found BETWEEN CAST(:first AS IPADDRESS) AND CAST(:last AS IPADDRESS)",
        found=found,
        first=str(network.network_address),
        last=str(network.broadcast_address),
    )
