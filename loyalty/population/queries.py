"""Which population an installation stands for, and the people of it."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from loyalty.population.contracts import Population, PopulationDescription
from loyalty.population.kinds.csv_file import CsvPopulation
from loyalty.population.kinds.listed import ListedPopulation
from loyalty.population.kinds.synthetic import SyntheticPopulation

FILE_NAME = "population.json"


def open_population(description: PopulationDescription) -> Population:
    """Give the people.

    :raises CustomersFileInvalid: the file is not a CSV, or lacks the column of ids.
    """
    return CsvPopulation(description) if description.customers_file else SyntheticPopulation(description)


def people_of(refs: Sequence[str], description: PopulationDescription) -> Population:
    """Give the people of these references."""
    return ListedPopulation(refs, description)


def save_description(description: PopulationDescription, folder: Path) -> None:
    """Write down in the data folder which population the warehouse was filled with; the BSS simulator reads it.

    A customers file is copied there, so that the installation lives on when the original is moved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if description.customers_file:
        description = dataclasses.replace(description, customers_file=_keep(Path(description.customers_file), folder))
    body = {**dataclasses.asdict(description), "as_of": description.as_of.isoformat()}
    # Moved into place whole, since the simulator may read at any time.
    unfinished = folder / f"{FILE_NAME}.new"
    unfinished.write_text(json.dumps(body, indent=1), encoding="utf-8")
    unfinished.replace(folder / FILE_NAME)


def _keep(file: Path, folder: Path) -> str:
    """Copy a customers file into the data folder under the mark of its content; only the owner may read it."""
    content = file.read_bytes()
    kept = folder / f"customers-{hashlib.sha256(content).hexdigest()[:16]}.csv"
    if not kept.exists():
        unfinished = kept.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.replace(kept)
    return str(kept.absolute())


def find_description(folder: Path) -> PopulationDescription | None:
    """Read which population the data folder's installation stands for, or None when nobody said."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    body = json.loads(path.read_text(encoding="utf-8"))
    return PopulationDescription(**{**body, "as_of": date.fromisoformat(body["as_of"])})
