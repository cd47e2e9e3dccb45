"""Results: the object that Athena writes for an answer → a table of typed columns."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from pyarrow import csv

from trailkeep.sql.kinds import Kind
from trailkeep.sql.results import type_of


def read_result(body: bytes, outputs: Sequence[tuple[str, Kind]]) -> pa.Table:
    """The rows of a result, in order, with the columns that ``outputs`` names: names may be there twice.

    ``body`` is CSV with a line of names. What stands there without quotes and without characters is null.
    """
    names = [str(place) for place in range(len(outputs))]
    texts = csv.read_csv(
        io.BytesIO(body),
        read_options=csv.ReadOptions(column_names=names, skip_rows_after_names=1, block_size=max(len(body), 1)),
        # Null in the only column is an empty line.
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    columns = [_typed(texts.column(place), kind) for place, (_, kind) in enumerate(outputs)]
    return pa.Table.from_arrays(columns, names=[name for name, _ in outputs])


def _typed(texts: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    if kind.element is None:
        return texts.cast(type_of(kind))
    lists = [None if text is None else _texts_in(json.loads(text)) for text in texts.to_pylist()]
    return pa.chunked_array([pa.array(lists, _of_texts(kind)).cast(type_of(kind))])


def _texts_in(value: Any) -> Any:
    """A list of JSON, of lists too, with each value as the text that a column of it would have."""
    if isinstance(value, list):
        return [_texts_in(each) for each in value]
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _of_texts(kind: Kind) -> Any:
    return pa.list_(_of_texts(kind.element)) if kind.element else pa.string()
