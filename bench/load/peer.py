"""Loaders of other projects as processes that read when asked.

`python peer.py <request as JSON>` reads its first batch, greets, and answers every line of standard
input that holds a number of seconds with a line of JSON about what it read meanwhile. `reading.ts`
says what stands in requests and answers; `loader` names one of the functions below.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

LOOKED_AT, SETTLING = 64, 0.3


@dataclass
class Batch:
    """Cells × genes with the label of each cell."""

    matrix: sp.csr_matrix
    labels: Any

    def __len__(self) -> int:
        return self.matrix.shape[0]

    def __getitem__(self, rows: Any) -> Batch:
        return Batch(self.matrix[rows], self.labels[rows])

    def look(self) -> dict[str, list[Any]]:
        return {
            "labels": ["" if label is None else str(label) for label in self.labels],
            "entries": np.diff(self.matrix.indptr).tolist(),
            "sums": np.asarray(self.matrix.sum(axis=1)).ravel().tolist(),
        }


Epochs = Callable[[], Iterator[Batch]]


def versions(*packages: str) -> str:
    return ", ".join(f"{package} {version(package)}" for package in packages)


def csr(genes: np.ndarray, counts: np.ndarray, offsets: np.ndarray, width: int) -> sp.csr_matrix:
    return sp.csr_matrix((counts, genes, offsets), shape=(len(offsets) - 1, width))


def from_lists(genes: Any, counts: Any, width: int) -> sp.csr_matrix:
    """A matrix from a list of arrays per cell."""
    lengths = np.fromiter((len(cell) for cell in genes), np.int64, len(genes))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return csr(np.concatenate(list(genes)), np.concatenate(list(counts)), offsets, width)


def annbatch(request: dict[str, Any]) -> tuple[str, Callable[[], Epochs]]:
    """Annbatch on its own store, which it shuffled when it wrote it."""
    import anndata as ad
    import zarr
    from annbatch import DatasetCollection, Loader

    zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"})
    label = request["label"]

    def load(group: Any) -> ad.AnnData:
        obs = ad.io.read_elem(group["obs"])[[label]]
        return ad.AnnData(X=ad.io.sparse_dataset(group["X"]), obs=obs)

    def make() -> Epochs:
        with ad.settings.override(remove_unused_categories=False):
            loader = Loader(
                batch_size=request["batch"],
                chunk_size=request["chunk"],
                preload_nchunks=request["chunks"],
                shuffle=True,
                preload_to_gpu=False,
                to=None,
            ).use_collection(DatasetCollection(request["store"]), load_adata=load)
        return lambda: (Batch(b["X"], b["obs"][label].to_numpy()) for b in loader)

    return versions("annbatch", "zarrs"), make


def scdataset(request: dict[str, Any]) -> tuple[str, Callable[[], Epochs]]:
    """Blocks of neighbours drawn from an h5ad file."""
    import anndata as ad
    from scdataset import BlockShuffling, scDataset

    label = request["label"]

    def batch_of(cells: ad.AnnData) -> Batch:
        return Batch(cells.X, cells.obs[label].to_numpy())

    def make() -> Epochs:
        dataset = scDataset(
            ad.read_h5ad(request["h5ad"], backed="r"),
            BlockShuffling(block_size=request["block"]),
            batch_size=request["batch"],
            fetch_factor=request["fetch"],
            fetch_transform=lambda cells: cells.to_memory(),
            batch_transform=batch_of,
        )
        return lambda: iter(dataset)

    return versions("scdataset", "anndata"), make


def huggingface(request: dict[str, Any]) -> Any:
    """The shards as a table of Arrow, mapped into memory, in the format of NumPy."""
    import datasets

    datasets.disable_progress_bars()
    table = datasets.load_dataset(
        "parquet", data_files=request["shards"], split="train", cache_dir=request["arrow"]
    )
    return table.select_columns(["genes", "counts", request["label"]]).with_format("numpy")


def scdataset_arrow(request: dict[str, Any]) -> tuple[str, Callable[[], Epochs]]:
    """Blocks of neighbours drawn from the table of Hugging Face's datasets."""
    from scdataset import BlockShuffling, scDataset

    def batch_of(columns: dict[str, Any]) -> Batch:
        matrix = from_lists(columns["genes"], columns["counts"], request["genes"])
        return Batch(matrix, np.asarray(columns[request["label"]]))

    def make() -> Epochs:
        dataset = scDataset(
            huggingface(request),
            BlockShuffling(block_size=request["block"]),
            batch_size=request["batch"],
            fetch_factor=request["fetch"],
            fetch_transform=batch_of,
        )
        return lambda: iter(dataset)

    return versions("scdataset", "datasets"), make


def datasets(request: dict[str, Any]) -> tuple[str, Callable[[], Epochs]]:
    """Random rows of the table of Hugging Face's datasets, a batch of them at once."""
    random = np.random.default_rng(1)

    def make() -> Epochs:
        table, size = huggingface(request), request["batch"]

        def epoch() -> Iterator[Batch]:
            order = random.permutation(len(table))
            for first in range(0, len(order), size):
                rows = table[order[first : first + size]]
                matrix = from_lists(rows["genes"], rows["counts"], request["genes"])
                yield Batch(matrix, rows[request["label"]])

        return epoch

    return versions("datasets", "pyarrow"), make


def pyarrow(request: dict[str, Any]) -> tuple[str, Callable[[], Epochs]]:
    """The shards from their beginning to their end."""
    from pyarrow import dataset

    label, size = request["label"], request["batch"]

    def rows_of(table: Any) -> Iterator[Batch]:
        genes, counts, labels = (table.column(name) for name in ("genes", "counts", label))
        offsets = np.asarray(genes.offsets)
        ids, values = genes.values.to_numpy(), counts.values.to_numpy()
        for first in range(0, len(genes), size):
            end = min(len(genes), first + size)
            part = slice(offsets[first], offsets[end])
            own = offsets[first : end + 1] - offsets[first]
            matrix = csr(ids[part], values[part], own, request["genes"])
            yield Batch(matrix, LazyLabels(labels, first, end))

    def make() -> Epochs:
        shards = dataset.dataset(request["shards"])

        def epoch() -> Iterator[Batch]:
            columns = ["genes", "counts", label]
            for table in shards.to_batches(columns=columns, batch_size=1024):
                yield from rows_of(table)

        return epoch

    return versions("pyarrow"), make


@dataclass
class LazyLabels:
    """Labels that are turned into text only where somebody looks at them."""

    column: Any
    first: int
    end: int

    def __iter__(self) -> Iterator[str]:
        return iter(self.column.slice(self.first, self.end - self.first).to_pylist())


LOADERS = {
    "annbatch": annbatch,
    "scdataset": scdataset,
    "scdataset-arrow": scdataset_arrow,
    "datasets": datasets,
    "pyarrow": pyarrow,
}


class Stopwatch:
    """Seconds, processor seconds and bytes from disks while it runs; it runs from the beginning."""

    def __init__(self) -> None:
        self.sum = np.zeros(3)
        self.start()

    def start(self) -> None:
        self.begun = self.reading()

    def stop(self) -> None:
        self.sum += self.reading() - self.begun

    def now(self) -> dict[str, float]:
        found = self.sum + self.reading() - self.begun
        return dict(zip(("seconds", "cpu", "disk"), found.tolist()))

    def seconds(self) -> float:
        return float(self.sum[0] + time.perf_counter() - self.begun[0])

    @staticmethod
    def reading() -> np.ndarray:
        return np.array([time.perf_counter(), time.process_time(), bytes_read()])


class Reader:
    """Reads from epoch to epoch."""

    def __init__(self, request: dict[str, Any], epochs: Epochs) -> None:
        self.request, self.epochs = request, epochs
        self.begin()

    def begin(self) -> None:
        self.batches, self.in_epoch = self.epochs(), 0

    def next(self) -> Batch | None:
        """The next batch; none at the end of the epoch."""
        batch = next(self.batches, None)
        if batch is not None:
            burst, before = self.request["burst"], self.in_epoch
            self.in_epoch += len(batch)
            full = self.in_epoch // burst > before // burst
            self.filled = full or self.request["cells"] < burst
        return batch

    def read(
        self, enough: Callable[[float, int], bool], see: Callable[[Batch], None] | None = None
    ) -> dict[str, Any]:
        """Reads until it is enough and memory has to be filled again."""
        pause, clock, waits = self.request["pause"], Stopwatch(), []
        cells, entries, ended = 0, 0, False
        while not ended:
            asked = time.perf_counter()
            batch = self.next()
            if batch is None:
                if self.request["go"] == "anew":
                    break
                if self.request["fill"] > 0:
                    clock.stop()
                self.begin()
                batch = self.next()
                if self.request["fill"] > 0:
                    clock.start()
            waits.append(1000 * (time.perf_counter() - asked))
            if self.in_epoch > self.request["fill"]:
                cells += len(batch)
                entries += int(batch.matrix.nnz)
            if see:
                see(batch)
            if pause > 0:
                time.sleep(pause)
            ended = enough(clock.seconds(), len(waits)) and (self.filled or pause > 0)
        return {
            **clock.now(),
            "cells": cells,
            "entries": entries,
            "waits": [statistics.median(waits), max(waits)],
        }

    def answer(self, seconds: float) -> dict[str, Any]:
        seen: list[dict[str, list[Any]]] = []
        if self.request["go"] == "on" and self.request["pause"] == 0:
            self.read(lambda _, batches: batches >= LOOKED_AT, lambda b: seen.append(b.look()))
            if self.request["burst"] < self.request["cells"]:
                self.read(lambda passed, _: passed >= SETTLING)
        if self.request["go"] == "anew":
            self.begin()
        found = self.read(lambda passed, _: passed >= seconds)
        return {**found, "peak": peak_memory(), "seen": seen}


def about(file: str, field: str) -> int:
    try:
        found = re.search(field, Path(file).read_text())
        return int(found.group(1)) if found else 0
    except OSError:
        return 0


def bytes_read() -> int:
    return about("/proc/self/io", r"read_bytes: (\d+)")


def peak_memory() -> int:
    return 1024 * about("/proc/self/status", r"VmHWM:\s*(\d+) kB")


def tell(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


def main() -> None:
    request = json.loads(sys.argv[1])
    name, make = LOADERS[request["loader"]](request)
    begun = time.perf_counter()
    reader = Reader(request, make())
    reader.next()
    tell({"name": name, "first": time.perf_counter() - begun})
    for line in sys.stdin:
        tell(reader.answer(float(line)))


main()
