"""Conversions by other projects, as a process that converts when asked.

`python convert.py <request as JSON>` greets, and answers each line of standard input, when it has
made what the request asks for, with a line of JSON: seconds, processor seconds, most bytes in memory.
"""

from __future__ import annotations

import json
import re
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable


def annbatch(request: dict[str, Any]) -> tuple[str, Callable[[], Any]]:
    """An h5ad file as annbatch's store, shuffled, with its defaults."""
    import zarr
    from annbatch import DatasetCollection

    zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"})

    def convert() -> None:
        DatasetCollection(request["output"]).add_adatas([request["h5ad"]], shuffle=True)

    return f"annbatch {version('annbatch')}", convert


def datasets(request: dict[str, Any]) -> tuple[str, Callable[[], Any]]:
    """Shards as the table of Arrow that Hugging Face's datasets make before they read."""
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()

    def convert() -> None:
        load_dataset(
            "parquet", data_files=request["shards"], split="train", cache_dir=request["output"]
        )

    return f"datasets {version('datasets')}", convert


def peak_memory() -> int:
    """Most bytes that this process had in memory; 0 where the system does not tell."""
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        return 1024 * int(found.group(1)) if found else 0
    except OSError:
        return 0


def main() -> None:
    request = json.loads(sys.argv[1])
    # What the libraries print is not for whoever asked.
    told, sys.stdout = sys.stdout, sys.stderr
    name, convert = {"annbatch": annbatch, "datasets": datasets}[request["convert"]](request)
    print(json.dumps({"name": name}), file=told, flush=True)
    for _ in sys.stdin:
        begun, used = time.perf_counter(), time.process_time()
        convert()
        answer = {
            "seconds": time.perf_counter() - begun,
            "cpu": time.process_time() - used,
            "peak": peak_memory(),
        }
        print(json.dumps(answer), file=told, flush=True)


main()
