"""What of a page travels in a link besides the scenario: view, language, layers, selection, time, place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from corridor.errors import Fault
from planner.scenario import YEARS
from planner.share import shown_word
from planner.text import LANGUAGES, Language

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: What can be selected on the page.
Kind = Literal["station", "site", "base", "route"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: Query parameter of the scenario (:mod:`planner.share`).
SCENARIO = "s"

Value = TypeVar("Value")

_NAMES = ("view", "lang", "layers", "sel", "year", "month", "at")
_WHERE = "link, {name}"
_MONTHS = 12
_LONGEST_KEY = 60
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NUMBER = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,8})?")
_NONE = "none"

#: Longitude and latitude in degrees, zoom.
_SIDES = ((-180.0, 180.0), (-90.0, 90.0), (0.0, 22.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Where a map looks.

    Parameters
    ----------
    lon, lat
        Its middle, degrees WGS 84.
    zoom
        As web maps count it: the world is 256 * 2^zoom pixels wide.
    """

    lon: float
    lat: float
    zoom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How the page stands; None is the page's own choice.

    Parameters
    ----------
    name
        View of the page.
    language
        Of the page.
    layers
        Layers of the map that are on, in order.
    selected
        Kind and key of what is selected.
    year
        Year shown of the timeline.
    month
        Month shown of the supply, 1-12; None is the year's mean.
    camera
        Where the map looks.
    """

    name: str | None = None
    language: Language | None = None
    layers: tuple[str, ...] | None = None
    selected: tuple[Kind, str] | None = None
    year: int | None = None
    month: int | None = None
    camera: Camera | None = None


def to_query(view: View) -> dict[str, str]:
    """Return a view as parameters of an address; what is None is left to the page that opens it."""
    query = {
        "lang": view.language,
        "view": view.name,
        "layers": None if view.layers is None else ".".join(view.layers) or _NONE,
        "sel": None if view.selected is None else ":".join(view.selected),
        "year": None if view.year is None else str(view.year),
        "month": None if view.month is None else str(view.month),
        "at": None if view.camera is None else _place(view.camera),
    }
    return {name: value for name, value in query.items() if value is not None}


def from_query(
    query: Mapping[str, str], *, views: Sequence[str] | None = None, layers: Sequence[str] | None = None
) -> tuple[View, tuple[Fault, ...]]:
    """Return the view of an address, and what of the address was not followed.

    Parameters
    ----------
    query
        Parameters; the scenario's is passed over.
    views, layers
        Names the page knows; None takes any word.
    """
    faults: list[Fault] = []

    def read(name: str, reader: Callable[[str], Value | None]) -> Value | None:
        given = query.get(name)
        value = None if given is None else reader(given)
        if given is not None and value is None:
            faults.append(not_followed(name))
        return value

    view = View(
        name=read("view", lambda given: _word(given, views)),
        language=read("lang", _language),
        layers=read("layers", lambda given: _layers(given, layers)),
        selected=read("sel", _selected),
        year=read("year", _year),
        month=read("month", _month),
        camera=read("at", _camera),
    )
    faults += [not_followed(name) for name in query if name not in {*_NAMES, SCENARIO}]
    return view, tuple(faults)


def not_followed(name: str) -> Fault:
    """Return what to say of a parameter that is not followed."""
    return Fault("it is not understood and was left out", _WHERE.format(name=shown_word(name)))


def _word(given: str, known: Sequence[str] | None) -> str | None:
    """Return a name the page knows."""
    if known is None:
        return given if _WORD.fullmatch(given) else None
    return given if given in known else None


def _language(given: str) -> Language | None:
    """Return a language of the page."""
    return next((language for language in LANGUAGES if language == given), None)


def _layers(given: str, known: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return names of layers, each once; one that is unknown spoils them all."""
    if given == _NONE:
        return ()
    names = [_word(part, known) for part in dict.fromkeys(given.split("."))]
    found = tuple(name for name in names if name is not None)
    return found if len(found) == len(names) else None


def _selected(given: str) -> tuple[Kind, str] | None:
    """Return kind and key of what is selected."""
    kind, colon, key = given.partition(":")
    known = next((each for each in KINDS if each == kind), None)
    if known is None or not colon or not key.isprintable() or not 0 < len(key) <= _LONGEST_KEY:
        return None
    return known, key


def _year(given: str) -> int | None:
    """Return a year of the timeline."""
    return next((year for year in YEARS if str(year) == given), None)


def _month(given: str) -> int | None:
    """Return a month, 1-12."""
    return next((month for month in range(1, _MONTHS + 1) if str(month) == given), None)


def _camera(given: str) -> Camera | None:
    """Return where a map looks."""
    parts = given.split(",")
    if len(parts) != len(_SIDES) or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    lon, lat, zoom = (float(part) for part in parts)
    if not all(low <= value <= high for value, (low, high) in zip((lon, lat, zoom), _SIDES, strict=True)):
        return None
    return Camera(lon=lon, lat=lat, zoom=zoom)


def _place(camera: Camera) -> str:
    """Return where a map looks as text: to some 10 m, and a hundredth of a zoom."""
    return f"{camera.lon:.4f},{camera.lat:.4f},{camera.zoom:.2f}"
