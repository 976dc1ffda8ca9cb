"""The scenario: a frozen, validated statement of everything a person may decide or assume.

TOML goes in and out; the hash of the content is the scenario's identity, its name is not.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from corridor.errors import Fault, InputError
from demand.point_demands import PointUse  # noqa: TC001  pydantic reads it at run time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

YEARS = (2027, 2030, 2035)
Year = Literal[2027, 2030, 2035]

#: What siting may maximize (:mod:`planner.objective`).
Objective = Literal["kg", "trips", "vehicle_km", "co2", "net_benefit", "least_cost"]
OBJECTIVES: tuple[Objective, ...] = ("kg", "trips", "vehicle_km", "co2", "net_benefit", "least_cost")

#: Capacities a new station can have, kg/d.
MODULES_KG_PER_DAY = (500, 1000, 2000, 4000)

#: Fields with keys of their own: ``rollout.2027=4``.
_TABLES = {"solve", "zone_factor", "trailers", "rollout", "rollout_budget_wan_cny", "sizes", "assumptions"}

#: How hydrogen may be brought to stations (:mod:`siting.delivery_modes`).
DeliveryMode = Literal["tube_20mpa", "tube_30mpa", "tube_50mpa", "liquid", "pipeline"]

_Factor = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=100_000)]
_Budget = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Finite = Annotated[float, Field(allow_inf_nan=False)]


class SolveOptions(BaseModel):
    """How long and how closely to solve.

    Parameters
    ----------
    time_limit_s
        Wall-clock limit of the siting solve, seconds.
    gap
        Relative gap at which the solve may stop, 0-1.
    rounds
        Most rounds of the master over whole stations where stations are crowded, or several years are decided
        (docs/buildout.md): more of them bring plan and bound closer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_limit_s: float = Field(default=40.0, gt=0, le=86_400, allow_inf_nan=False)
    gap: float = Field(default=0.0, ge=0, lt=1, allow_inf_nan=False)
    rounds: int = Field(default=1, ge=0, le=1_000_000)


class AddedSite(BaseModel):
    """A site an analyst adds to those of the tables; fields as in ``sites.csv`` (docs/tables.md).

    Coordinates are WGS 84: other reference systems are converted when a file is read
    (:func:`planner.site_input.load_sites`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    site_id: str = Field(min_length=1, max_length=60)
    name_zh: str = Field(min_length=1, max_length=80)
    name_en: str = Field(default="", max_length=120)
    kind: Literal["interchange", "service_area", "logistics_park", "port", "airport", "station"]
    status: Literal["candidate", "existing", "planned"] = "candidate"
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    road_ref: str | None = None
    km_post: float | None = Field(default=None, ge=0, le=10_000, allow_inf_nan=False)
    county_code: str | None = None
    capacity_kg_per_day: float | None = Field(default=None, ge=0, le=1e6, allow_inf_nan=False)
    direction: Literal["both", "one"] | None = None
    position_quality: Literal["surveyed", "osm", "approx", "centroid"] = "approx"
    source: str = "analyst"
    confidence: Literal["H", "M", "L"] = "L"
    note: str | None = None


class PointDemand(BaseModel):
    """Hydrogen used at a place: a bus depot, a port, a railhead, a power plant, a base of drones.

    Parameters
    ----------
    point_id
        Unique among the scenario's points.
    name_zh, name_en
        Names; the English one may be empty.
    use
        What the hydrogen is for.
    lon, lat
        WGS 84; other reference systems are converted when a file is read
        (:func:`planner.point_input.read_points`).
    kg_per_day
        Mean over the year, at most 10^6.
    from_year
        First year of use; None: always.
    position_quality, source, confidence
        As in ``sites.csv`` (docs/tables.md).
    note
        Anything else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    point_id: str = Field(min_length=1, max_length=60)
    name_zh: str = Field(min_length=1, max_length=80)
    name_en: str = Field(default="", max_length=120)
    use: PointUse
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    kg_per_day: float = Field(gt=0, le=1e6, allow_inf_nan=False)
    from_year: int | None = Field(default=None, ge=2000, le=2100)
    position_quality: Literal["surveyed", "osm", "approx", "centroid"] = "approx"
    source: str = "analyst"
    confidence: Literal["H", "M", "L"] = "L"
    note: str | None = None


class Scenario(BaseModel):
    """All assumptions of one plan.

    Parameters
    ----------
    name
        For people; not part of the identity.
    year
        Year of demand and supply.
    scope
        Trips that count: those running on the corridor (at least ``scope.corridor_share`` of their way on
        the three named routes), or all intercity trips of the region.
    stations
        Largest number of new stations, besides the existing ones.
    objective
        What siting maximizes, per day: hydrogen, round trips, vehicle-km or CO2 avoided
        (:mod:`planner.objective`), or the net benefit (:mod:`planner.net_benefit`); or minimizes, the cost of
        serving at least `least_share` (:mod:`planner.least_cost`).
    least_share
        Of least cost: share of the demand to be served, 0-1.
    adoption
        Where the fuel-cell shares come from: policy targets, a Bass curve fitted to published fleets, or
        total cost of ownership (:mod:`demand.adoption`).
    rollout
        Earlier years, and the most new stations that may stand in each: what of the plan is built first
        (:mod:`planner.rollout`). Nothing plans the year alone.
    budget_wan_cny
        Most that all new stations may cost to build by the plan's year, without land, 10,000 CNY
        (:mod:`planner.budget`); None is no limit.
    rollout_budget_wan_cny
        The same by the end of earlier years. A year named here is a year of the roll-out, named in `rollout`
        or not: what a year does not limit itself, the next one limits.
    room
        Whether siting counts what stations have room for (docs/buildout.md), and not all that is within range
        of them; a roll-out, a budget and money always do. None: wherever it can, that is without
        detours and resilience.
    usable_range_km
        Usable range of every vehicle class, km; None takes each class's own.
    green_only
        Whether only green hydrogen may be delivered.
    resilience
        Least share of the demand all sites together could serve that must be served whichever one station
        is out, 0-1 (:mod:`siting.resilience`); None asks for none.
    detour
        Share of the shortest route of its pair that a driver drives on top to reach stations, 0-1
        (:mod:`planner.detours`); 0 keeps everybody to the routes.
    detour_decay
        Share of the drivers that still comes when the detour is as long as `detour`, 0-1; it falls evenly to
        that, in steps (:func:`siting.deviation.even_steps`). None: all come.
    locked, forbidden
        Site ids that must, or must not, get a new station.
    sizes
        Size of the new station at a site, if one is built there, kg/d, by site id: one of
        `MODULES_KG_PER_DAY`. Of sites not named the smallest that carries the load.
    closed_stations
        Ids of existing stations that serve nobody; no new one is built there.
    closures
        Roads closed to all traffic, as :mod:`planner.closures` reads them (``"G5 雅安..西昌"``).
    hazmat_closed
        Roads closed to hydrogen trailers on top, written alike: tunnels barred to dangerous goods.
    delivery_modes
        Modes of delivery weighed against each other, month by month (docs/delivery.md, docs/supply.md).
    on_site
        Whether stations may make hydrogen themselves, on power of the grid.
    trailers
        Trailers there are, by mode of delivery; of modes not named as many as it takes, 0 takes a mode away.
    network
        Folder of a road network brought in by ``chengyu roads import``; None takes the shipped roads.
    od_table
        File of own trips in place of the modeled ones (docs/od.md); None models all.
    link_counts
        File of own link counts that the trucks are fitted to (docs/od.md).
    added_sites
        Sites besides those of the tables.
    point_demands
        Hydrogen used at places, not on the road (docs/points.md).
    zone_factor
        Multiplies population and employment of a zone, by zone id.
    assumptions
        Values that replace the defaults of ``data/assumptions.csv``, by key.
    solve
        Limits of the solve.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="corridor-2030", min_length=1, max_length=80)
    year: Year = 2030
    scope: Literal["corridor", "region"] = "corridor"
    adoption: Literal["policy", "bass", "cost"] = "policy"
    stations: int = Field(default=12, ge=0, le=1000)
    objective: Objective = "kg"
    least_share: float = Field(default=0.8, gt=0, le=1, allow_inf_nan=False)
    rollout: dict[str, Annotated[int, Field(ge=0, le=1000)]] = {}
    budget_wan_cny: _Budget | None = None
    rollout_budget_wan_cny: dict[str, _Budget] = {}
    room: bool | None = None
    usable_range_km: float | None = Field(default=None, gt=0, le=5000, allow_inf_nan=False)
    green_only: bool = False
    resilience: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    detour: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)
    detour_decay: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    locked: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    sizes: dict[str, float] = {}
    closed_stations: tuple[str, ...] = ()
    closures: tuple[str, ...] = ()
    hazmat_closed: tuple[str, ...] = ()
    delivery_modes: tuple[DeliveryMode, ...] = Field(default=("tube_20mpa", "liquid"), min_length=1)
    on_site: bool = False
    trailers: dict[DeliveryMode, _Count] = {}
    network: str | None = Field(default=None, min_length=1)
    od_table: str | None = Field(default=None, min_length=1)
    link_counts: str | None = Field(default=None, min_length=1)
    added_sites: tuple[AddedSite, ...] = ()
    point_demands: tuple[PointDemand, ...] = ()
    zone_factor: dict[str, _Factor] = {}
    assumptions: dict[str, _Finite] = {}
    solve: SolveOptions = SolveOptions()

    @field_validator("assumptions", mode="before")
    @classmethod
    def _dotted(cls, value: Any) -> Any:  # noqa: ANN401  raw TOML
        """Nested TOML tables spell dotted keys."""
        return flattened(value) if isinstance(value, dict) else value

    @field_validator("rollout")
    @classmethod
    def _step_by_step(cls, most: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        """Refuse years that are none of the earlier ones, and numbers that fall; put years in order."""
        ordered, stations = _by_year(most, info), info.data.get("stations")
        numbers = [*ordered.values(), *([] if stations is None else [stations])]
        if numbers != sorted(numbers):
            raise ValueError("the number of stations falls; it counts all new ones standing by then")
        return ordered

    @field_validator("rollout_budget_wan_cny")
    @classmethod
    def _added_up(cls, most: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        """Refuse years that are none of the earlier ones, and budgets that fall; put years in order."""
        ordered, last = _by_year(most, info), info.data.get("budget_wan_cny")
        budgets = [*ordered.values(), *([] if last is None else [last])]
        if budgets != sorted(budgets):
            raise ValueError("the budget falls; it counts all that was spent by then")
        return ordered

    @field_validator("sizes")
    @classmethod
    def _of_modules(cls, sizes: dict[str, float]) -> dict[str, float]:
        """Refuse sizes that no station can have."""
        if wrong := sorted(site for site, size in sizes.items() if size not in MODULES_KG_PER_DAY):
            known = ", ".join(map(str, MODULES_KG_PER_DAY))
            raise ValueError(f"{', '.join(wrong)}: not a size a station can have ({known} kg/d)")
        return sizes

    @field_validator("delivery_modes")
    @classmethod
    def _named_once(cls, modes: tuple[DeliveryMode, ...]) -> tuple[DeliveryMode, ...]:
        """Refuse a mode named twice."""
        if len(set(modes)) < len(modes):
            raise ValueError("a mode of delivery stands twice")
        return modes

    @field_validator("trailers")
    @classmethod
    def _of_weighed_modes(
        cls, trailers: dict[DeliveryMode, int], info: ValidationInfo
    ) -> dict[DeliveryMode, int]:
        """Refuse trailers of modes not weighed, and plans nothing can bring hydrogen to."""
        weighed = info.data.get("delivery_modes", ())
        if "pipeline" in trailers:
            raise ValueError("a pipeline takes no trailers")
        if strange := sorted(set(trailers) - set(weighed)):
            raise ValueError(f"not among delivery_modes: {', '.join(strange)}")
        if weighed and not info.data.get("on_site") and all(trailers.get(mode) == 0 for mode in weighed):
            raise ValueError("no mode of delivery has a trailer: nothing could bring hydrogen")
        return trailers

    @field_validator("detour_decay")
    @classmethod
    def _of_a_detour(cls, share: float | None, info: ValidationInfo) -> float | None:
        """Refuse a share of the drivers that come where nobody leaves the route."""
        if share is not None and info.data.get("detour") == 0.0:
            raise ValueError("it says nothing without a detour: set detour above 0 or leave it out")
        return share

    @field_validator("point_demands")
    @classmethod
    def _distinct(cls, points: tuple[PointDemand, ...]) -> tuple[PointDemand, ...]:
        """Refuse an id that two points bear."""
        ids = [point.point_id for point in points]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"point ids stand twice: {', '.join(twice)}")
        return points

    @property
    def earlier_years(self) -> tuple[int, ...]:
        """Years of the roll-out before that of the plan, ascending."""
        return tuple(int(year) for year in sorted({*self.rollout, *self.rollout_budget_wan_cny}))

    @property
    def has_budget(self) -> bool:
        """Whether money is limited, in the plan's year or before."""
        return self.budget_wan_cny is not None or bool(self.rollout_budget_wan_cny)

    @property
    def asks_room(self) -> bool:
        """Whether what siting counts must be what stations have room for."""
        asked = bool(self.room) or bool(self.earlier_years) or self.has_budget
        return asked or self.objective in {"net_benefit", "least_cost"}

    @property
    def counts_room(self) -> bool:
        """Whether siting counts what stations have room for, or else what is within range of them."""
        can = self.room is None and self.detour == 0.0 and self.resilience is None
        return self.asks_room or can

    @property
    def identity(self) -> str:
        """SHA-256 of the content without the name: equal scenarios have equal identities."""
        content = self.model_dump(mode="json", exclude={"name"})
        defaults: dict[str, object] = {
            "budget_wan_cny": None,
            "closed_stations": [],
            "delivery_modes": ["tube_20mpa", "liquid"],
            "detour": 0.0,
            "detour_decay": None,
            "hazmat_closed": [],
            "objective": "kg",
            "on_site": False,
            "point_demands": [],
            "resilience": None,
            "rollout": {},
            "rollout_budget_wan_cny": {},
            "room": None,
            "sizes": {},
            "trailers": {},
        }
        if content["solve"]["rounds"] == SolveOptions().rounds:
            del content["solve"]["rounds"]
        if self.objective != "least_cost":
            del content["least_share"]
        for name, default in defaults.items():  # scenarios from before there were any keep their identity
            if content[name] == default:
                del content[name]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _by_year(most: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    """Return what holds by earlier years, ascending; refuse years that are not before that of the plan."""
    year = info.data.get("year")
    earlier = [str(each) for each in YEARS if year is None or each < year]
    if wrong := sorted(set(most) - set(earlier)):
        known = ", ".join(earlier) or "there is none"
        raise ValueError(f"{', '.join(wrong)}: not a year before that of the plan ({known})")
    return {name: most[name] for name in sorted(most)}


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flattened(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def validated(content: Mapping[str, Any], *, where: str) -> Scenario:
    """Return the scenario of plain content, as read from TOML.

    Raises
    ------
    corridor.errors.InputError
        With one fault per wrong key or value.
    """
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        faults = [_fault(detail, where) for detail in error.errors()]
        raise InputError(faults) from error


def _fault(detail: Any, where: str) -> Fault:  # noqa: ANN401  pydantic's error dict
    """Say a pydantic error in one clause, with the mend."""
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = list(SolveOptions.model_fields) if key.startswith("solve.") else list(Scenario.model_fields)
        return Fault(f"there is no key {key}", where, suggestion(key.rpartition(".")[2], known))
    message = str(detail["msg"])
    message = message[:1].lower() + message[1:]
    return Fault(f"{message} (got {detail['input']!r})", f"{where}, key {key}", "Correct the value")


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return "Did you mean ...?" for the closest known word, else the list of known words."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Known: {', '.join(known)}" if len(known) <= 15 else "See data/assumptions.csv for the keys"  # noqa: PLR2004


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a scenario file; a missing or malformed file is one clear error."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(Fault("there is no such file", str(path), "Check the path")) from error
    except (IsADirectoryError, PermissionError) as error:
        raise InputError(Fault("the file cannot be read", str(path), "Name a scenario file")) from error
    except UnicodeDecodeError as error:
        raise InputError(Fault("the file is not UTF-8", str(path), "Save it as UTF-8")) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(Fault(f"not valid TOML: {error}", str(path), "Correct that line")) from error


def with_settings(content: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Return scenario content with ``key=value`` settings applied, later ones winning.

    A key is a field of the scenario (``stations``, ``solve.gap``, ``zone_factor.510112``); any other dotted
    key is taken for an assumption (``vehicle.tractor_49t.tank_kg``).

    Raises
    ------
    corridor.errors.InputError
        If a setting is not of the form ``key=value``.
    """
    result: dict[str, Any] = dict(content)
    if isinstance(result.get("assumptions"), dict):
        result["assumptions"] = flattened(result["assumptions"])
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals or not key:
            raise InputError(Fault(f"{setting!r} is not key=value", "--set", "Write e.g. --set stations=12"))
        head, _, rest = key.partition(".")
        value = _value(text.strip())
        if head in _TABLES and rest:
            result[head] = {**result.get(head, {}), rest: value}
        elif key in Scenario.model_fields or not rest:
            result[key] = value
        else:
            result["assumptions"] = {**result.get("assumptions", {}), key: value}
    return result


def _value(text: str) -> Any:  # noqa: ANN401  any TOML value
    """Read a value as TOML would; text that is no TOML value stays text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def to_toml(scenario: Scenario) -> str:
    """Return the scenario as TOML that :func:`read_toml` and :func:`validated` read back to an equal one."""
    return tomli_w.dumps(scenario.model_dump(mode="json", exclude_none=True))
