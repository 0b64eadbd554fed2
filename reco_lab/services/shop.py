"""Make a simulated shop as a folder of files, and open one as a data set."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import ValidationError

from reco_lab.core.dataset import Dataset, Truth
from reco_lab.core.errors import CorruptError, DataError, NotFoundError, ParameterError
from reco_lab.core.interactions import ColumnMap, Interactions, Kind
from reco_lab.core.parameters import explain
from reco_lab.core.progress import Report
from reco_lab.simulation.shop import SimulatedShop, simulate
from reco_lab.simulation.spec import Shop
from reco_lab.simulation.world import World

FORMAT = 1
MANIFEST = "shop.json"
MOST_TRUTH_CELLS = 250_000_000
COLUMNS = ColumnMap(user="customer", item="item", value="value", time="time", kind="kind")


def make_shop(
    folder: Path,
    *,
    customers: int = 2000,
    items: int = 480,
    seed: int = 0,
    report: Report | None = None,
    **settings: Any,
) -> Path:
    """Simulate a shop and write it as a folder: five Parquet tables and `shop.json`; returns the folder.

    `settings` are the other fields of `Shop` (days, test_days, ads...). The folder appears whole or not at
    all. The truth is left out where it would have more than 250 million numbers. Raises ParameterError for
    a number out of bounds, DataError where the folder already holds something.
    """
    spec = _specify(customers=customers, items=items, seed=seed, **settings)
    with _appearing(folder) as making:
        shop = simulate(spec, report=report)
        _write_tables(shop, making)
        if spec.test_days and spec.customers * spec.items <= MOST_TRUTH_CELLS:
            _write_truth(shop, making / "truth.parquet")
        files = {path.name: _checksum(path) for path in sorted(making.glob("*.parquet"))}
        manifest = {"format": FORMAT, "shop": spec.model_dump(mode="json"), "sha256": files}
        (making / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return folder


def load_shop(folder: Path) -> Dataset:
    """Open a shop that `make_shop` wrote: log, customers, items and, where it was written, the truth.

    Every file is first held against its checksum. Raises NotFoundError for a folder that is no shop,
    CorruptError for a file that is not what was written.
    """
    manifest = _manifest(folder)
    for name, expected in manifest["sha256"].items():
        if not (folder / name).is_file() or _checksum(folder / name) != expected:
            raise CorruptError(f"{folder / name} is not the file that was written with this shop.")
    log = Interactions.from_frame(pd.read_parquet(folder / "interactions.parquet"), COLUMNS)
    customers, items = (pd.read_parquet(folder / f"{name}.parquet") for name in ("customers", "items"))
    data = Dataset.join(
        folder.name, log, customers.set_index("customer"), items.set_index("item"), synthetic=True
    )
    spec = Shop.model_validate(manifest["shop"])
    truth = _read_truth(folder / "truth.parquet", spec) if "truth.parquet" in manifest["sha256"] else None
    return replace(data, truth=truth)


def load_world(folder: Path) -> World:
    """The laws of a shop that `make_shop` wrote: true tastes, click chances of its ads, what may happen next."""
    return World.build(Shop.model_validate(_manifest(folder)["shop"]))


def _specify(**values: Any) -> Shop:
    try:
        return Shop(**values)
    except ValidationError as error:
        first = error.errors()[0]
        if not first["loc"]:
            raise ParameterError(f"The shop: {first['ctx']['error']}.") from error
        raise explain("The shop", Shop, error) from error


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no shop in {folder}.", fix="Make one with: reco-lab data make-shop."
        ) from None
    if manifest.get("format") != FORMAT:
        raise DataError(f"{folder} was written in another format.", fix="Make the shop again.")
    return manifest


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder to fill beside the wanted one; it takes its name once it is whole and safely on the disk."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} is already there.", fix="Choose another folder or remove this one.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield making
        for path in making.iterdir():
            with path.open("r+b") as file:
                os.fsync(file.fileno())
        making.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        making.rename(folder)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def _write_tables(shop: SimulatedShop, folder: Path) -> None:
    people, goods, log = shop.world.people.table, shop.world.catalogue.table, shop.log
    _write(people.reset_index(), folder / "customers.parquet")
    _write(goods.reset_index(), folder / "items.parquet")
    _write(shop.world.ads.table.reset_index(), folder / "ads.parquet")
    words = {"customer": people.index, "item": goods.index, "kind": pd.Index([kind.name for kind in Kind])}
    named = {
        column: pd.Series(pd.Categorical.from_codes(log[column].to_numpy(np.int32), known))
        for column, known in words.items()
    }
    _write(log.assign(**named), folder / "interactions.parquet")


def _write(table: pd.DataFrame, path: Path) -> None:
    pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, compression="zstd")


def _write_truth(shop: SimulatedShop, path: Path) -> None:
    """One row a customer, one float16 an item, in the order of the items table."""
    ids = shop.world.people.table.index
    width = shop.world.spec.items
    schema = pa.schema([("customer", pa.string()), ("probability", pa.list_(pa.float16(), width))])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for block in shop.world.blocks(np.arange(len(ids))):
            chances = pa.array(shop.truth(block).astype(np.float16).ravel())
            rows = pa.FixedSizeListArray.from_arrays(chances, width)
            writer.write_table(pa.table([pa.array(ids[block], pa.string()), rows], schema=schema))


def _read_truth(path: Path, spec: Shop) -> Truth:
    column = pq.read_table(path, columns=["probability"]).column("probability").combine_chunks()
    flat: NDArray[np.float16] = column.flatten().to_numpy(zero_copy_only=False)
    chances = flat.reshape(spec.customers, spec.items).astype(np.float32)
    return Truth(chances, spec.moment(spec.cut), spec.moment(spec.days))


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
