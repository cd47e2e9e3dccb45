"""The lake on object storage: its keys, its Parquet objects, and the small immutable records beside them."""
