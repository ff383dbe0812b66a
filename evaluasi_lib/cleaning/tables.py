"""Typed batches into one Parquet file a source, with the dtypes that pandas shall see.

A file is written batch by batch. Only where rows must go afterwards (duplicates) or the classes of
a category are known at the end alone is it written a second time.
"""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from evaluasi_lib.cleaning.typers import Spec

_DTYPES = {
    "item": "float64", "number": "float64", "integer": "Int64", "flag": "boolean",
    "date": "datetime64[us]", "text": "str", "multi": "boolean",
}  # fmt: skip


def class_labels(limits: list[float]) -> list[str]:
    """[30, 50] -> "<30", "30-<50", "≥50"."""
    text = [f"{x:g}" for x in limits]
    between = [f"{low}-<{high}" for low, high in itertools.pairwise(text)]
    return [f"<{text[0]}", *between, f"≥{text[-1]}"]


def output_dtypes(spec: Spec) -> dict[str, Any]:
    """Column -> pandas dtype of a variable in the processed table; empty for what stays inside."""
    column = spec.column
    if column.type == "multi":
        return {f"{spec.name}__{key}": "boolean" for key in column.options}
    if column.coarsen:
        return {spec.name: pd.CategoricalDtype(class_labels(column.coarsen), ordered=True)}
    if column.type in ("category", "ordinal"):
        if not column.categories:
            return {spec.name: "str"}  # its classes are known at the end
        return {spec.name: pd.CategoricalDtype(list(column.categories), column.type == "ordinal")}
    return {spec.name: _DTYPES[column.type]} if column.type in _DTYPES else {}


def schema_for(dtypes: dict[str, Any]) -> pa.Schema:
    """The Arrow schema, with pandas' own note, that reads back as these dtypes."""
    frame = pd.DataFrame({n: pd.Series([], dtype=d) for n, d in dtypes.items()})
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    for i, (name, dtype) in enumerate(dtypes.items()):
        if isinstance(dtype, pd.CategoricalDtype):
            labels = pa.dictionary(pa.int32(), pa.string(), ordered=bool(dtype.ordered))
            schema = schema.set(i, pa.field(name, labels))
    return schema


@dataclass
class TableWriter:
    """Writes typed batches; `finish` drops rows and settles categories where that is needed."""

    path: Path
    specs: list[Spec]
    dtypes: dict[str, Any] = field(init=False)
    open_classes: list[str] = field(init=False)
    _writer: pq.ParquetWriter | None = None
    _schema: pa.Schema = field(init=False)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _pending: Future[None] | None = None

    def __post_init__(self) -> None:
        self.dtypes = {"row": "int64", "pid": "str"}
        for spec in self.specs:
            self.dtypes |= output_dtypes(spec)
        self.open_classes = [
            s.name for s in self.specs
            if s.column.type in ("category", "ordinal")
            and not s.column.categories and not s.column.coarsen
        ]  # fmt: skip
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, frame: pl.DataFrame) -> None:
        if self._writer is None:
            self._schema = schema_for(self.dtypes)
            self._writer = pq.ParquetWriter(self.path, self._schema, compression="zstd")
        table = _encode(frame, self.dtypes, self._schema)
        if self._pending is not None:  # the batch before is written while this one was typed
            self._pending.result()
        self._pending = self._thread.submit(self._writer.write_table, table)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.shutdown()
        if self._writer is not None:
            self._writer.close()
        elif error[0] is None:  # a file without rows is a file all the same
            pq.write_table(schema_for(self.dtypes).empty_table(), self.path)

    def finish(self, keep: pl.Series | None) -> None:
        """After the file is closed. keep: rows that stay, where others must go."""
        if self._pending is not None:
            self._pending.result()
        if keep is None and not self.open_classes:
            return
        lazy = pl.scan_parquet(self.path)
        if keep is not None:
            lazy = lazy.filter(pl.col("row").is_in(keep.implode()))
        dtypes = dict(self.dtypes)
        for name in self.open_classes:
            found = lazy.select(pl.col(name).unique()).collect().to_series().drop_nulls().sort()
            dtypes[name] = pd.CategoricalDtype(found.to_list())
        whole, final = self.path, self.path.with_suffix(".tmp")
        reader = pq.ParquetFile(whole)
        schema = schema_for(dtypes)
        with pq.ParquetWriter(final, schema, compression="zstd") as writer:
            for batch in reader.iter_batches(200_000):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                if keep is not None:
                    frame = frame.filter(pl.col("row").is_in(keep.implode()))
                writer.write_table(_encode(frame, dtypes, schema))
        reader.close()
        final.replace(whole)


def _encode(frame: pl.DataFrame, dtypes: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """A typed batch in the schema; labels become codes of the declared classes."""
    arrays = []
    for item in schema:
        dtype, values = dtypes[item.name], frame[item.name]
        if isinstance(dtype, pd.CategoricalDtype):
            labels = pa.array(list(dtype.categories), item.type.value_type)
            if values.dtype == pl.Enum:
                codes = values.to_physical().to_arrow().cast(pa.int32())
            else:
                text = values.cast(pl.String).to_arrow().cast(item.type.value_type)
                codes = pc.index_in(text, labels)
            ordered = bool(dtype.ordered)
            arrays.append(pa.DictionaryArray.from_arrays(codes, labels, ordered=ordered))
        else:
            array = values.to_arrow() if values.dtype != pl.Null else pa.nulls(len(values))
            arrays.append(array.cast(item.type))
    return pa.Table.from_arrays(arrays, schema=schema)
