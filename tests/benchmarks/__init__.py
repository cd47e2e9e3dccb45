"""`make bench`: the lake's writer and reader beside DuckDB, Polars and pyarrow.dataset, on the same events."""
