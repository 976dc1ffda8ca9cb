"""Cities and counties named on the map, for orientation."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from corridor.sources import data_directory, read_places

#: The last rank that a map of the region names.
SMALLEST_RANK = 3


class Place(NamedTuple):
    """A label: ``rank`` 1 is the largest, 4 shows near by only; degrees WGS 84."""

    name_zh: str
    name_en: str
    lon: float
    lat: float
    rank: int


@lru_cache(maxsize=1)
def places() -> tuple[Place, ...]:
    """Return the places of ``data/places.csv``, important ones first."""
    table = read_places(data_directory())
    columns = [table[name].tolist() for name in Place._fields]
    return tuple(Place(*row) for row in zip(*columns, strict=True))
