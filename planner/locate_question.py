"""What may be asked of `chengyu locate`: which options each model needs, takes and does not know."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InfeasibleError, InputError
from siting.watch import limit_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]

#: Options each model needs, and those it also takes; time limit and gap are for all.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "flow-refueling": ("range",),
    "p-median": ("stations",),
    "p-center": ("stations",),
    "max-cover": ("radius", "stations"),
    "set-cover": ("radius",),
    "facility-location": (),
}
_FATES = ("locked", "forbidden", "existing")
TAKEN: Mapping[str, tuple[str, ...]] = dict.fromkeys(NEEDED, _FATES) | {
    "flow-refueling": (
        *_FATES,
        *("stations", "budget", "target", "detour", "detour-decay"),
        *("one-way", "cyclic", "start-fill", "arrival-fill"),
    ),
}
#: What is asked of flow refueling: one of these.
_ASKED = ("stations", "budget", "target")
#: Not together with a detour.
_ON_PATHS = ("budget", "target", "one-way", "cyclic", "start-fill", "arrival-fill")

#: Models that can be asked for.
MODELS = tuple(NEEDED)

_MEND = {
    "range": "Give the usable range, in the unit of the link lengths",
    "radius": "Give the radius, in the unit of the link lengths",
    "stations": "Give the number of new stations",
}
#: Which volume a target is a share of.
_TARGET_OF = ("all", "servable")
#: Faults of one kind named one by one.
_LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Parameters
    ----------
    model
        One of `MODELS`.
    range_, radius, stations
        None when not given.
    locked, forbidden, existing
        Ids, as text.
    detour
        Share of its trip's length a driver accepts on top; 0 keeps to the path.
    detour_decay
        Share of the volume that still comes at that detour; None: all.
    one_way, cyclic, start_fill, arrival_fill
        How trips are driven (`siting.trip_rules`); None: half a tank at the start, nothing at the end.
    budget, target
        In place of `stations`: most all new stations may cost; least share of the volume to be served.
    target_of
        Share of which volume: ``all``, or ``servable``, what all sites that are not forbidden could serve.
    time_limit_s, gap
        Limits of the solve.
    on_progress, should_stop
        Callbacks of the solve.
    """

    model: str
    range_: float | None = None
    radius: float | None = None
    stations: int | None = None
    locked: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    existing: tuple[str, ...] = ()
    detour: float = 0.0
    detour_decay: float | None = None
    one_way: bool = False
    cyclic: bool = False
    start_fill: float | None = None
    arrival_fill: float | None = None
    budget: float | None = None
    target: float | None = None
    target_of: str = "all"
    time_limit_s: float = 60.0
    gap: float = 0.0
    on_progress: ProgressCallback | None = None
    should_stop: Callable[[], bool] | None = None

    def check(self) -> None:
        """Raise with everything that is wrong with the question itself.

        Raises
        ------
        InputError
            An unknown model, options missing, not meant for the model, or out of bounds.
        InfeasibleError
            A site both locked and forbidden.
        """
        if faults := self._type_faults() or [*self._option_faults(), *self._bound_faults()]:
            raise InputError(faults)
        clash = sorted((set(self.locked) - set(self.existing)) & set(self.forbidden))
        if clash:
            raise InfeasibleError(f"both locked and forbidden: {', '.join(clash)}")

    def _bound_faults(self) -> list[Fault]:
        """List values out of their bounds."""
        faults: list[Fault] = []
        if self.range_ is not None and not (math.isfinite(self.range_) and self.range_ > 0.0):
            faults.append(Fault(f"{self.range_} is not a range", "range", "Give a number greater than 0"))
        if self.radius is not None and not (math.isfinite(self.radius) and self.radius >= 0.0):
            faults.append(Fault(f"{self.radius} is not a radius", "radius", "Give 0 or more"))
        if self.stations is not None and self.stations < 0:
            faults.append(Fault(f"{self.stations} is not a number of stations", "stations", "Give 0 or more"))
        if not (math.isfinite(self.detour) and self.detour >= 0.0):
            faults.append(Fault(f"{self.detour} is not a detour", "detour", "Give a share, 0 or more"))
        if self.budget is not None and not (math.isfinite(self.budget) and self.budget >= 0.0):
            faults.append(Fault(f"{self.budget} is not a budget", "budget", "Give 0 or more"))
        shares = {
            "target": self.target,
            "start-fill": self.start_fill,
            "arrival-fill": self.arrival_fill,
            "detour-decay": self.detour_decay,
        }
        faults += [
            Fault(f"{share} is not a share", option, "Give 0 to 1")
            for option, share in shares.items()
            if share is not None and not 0.0 <= share <= 1.0
        ]
        if self.target_of not in _TARGET_OF:
            faults.append(Fault(f"{self.target_of!r} is no volume", "target-of", "Say all or servable"))
        elif self.target_of != "all" and self.target is None:
            faults.append(Fault("without a target it says nothing", "target-of", "Give a target"))
        faults += limit_faults(gap=self.gap, time_limit_s=self.time_limit_s)
        both = sorted(set(self.existing) & set(self.forbidden))
        return faults + [
            Fault(f"{name} is given as existing and as forbidden", "existing", "Decide for one")
            for name in both
        ]

    def _type_faults(self) -> list[Fault]:
        """List values that are no numbers, or no yes or no: Python lets anything in."""
        shares = {"start-fill": self.start_fill, "arrival-fill": self.arrival_fill, "target": self.target}
        amounts = {"range": self.range_, "radius": self.radius, "budget": self.budget, "gap": self.gap}
        told = amounts | shares | {"detour": self.detour, "time limit": self.time_limit_s}
        faults = [
            Fault(f"{value!r} is not a number", option, "Give a number")
            for option, value in told.items()
            if value is not None and not _is(value, Real)
        ]
        if self.stations is not None and not _is(self.stations, Integral):
            what = f"{self.stations!r} is not a number of stations"
            faults.append(Fault(what, "stations", "Give a whole number"))
        return faults + [
            Fault(f"{value!r} is neither true nor false", option, "Give True or False")
            for option, value in {"one-way": self.one_way, "cyclic": self.cyclic}.items()
            if not isinstance(value, bool | np.bool_)
        ]

    def _option_faults(self) -> list[Fault]:
        if self.model not in MODELS:
            return [Fault(f"{self.model!r} is not a model", "model", f"Models are {', '.join(MODELS)}")]
        needed = NEEDED[self.model]
        given = {
            "range": self.range_ is not None,
            "radius": self.radius is not None,
            "stations": self.stations is not None,
            "locked": bool(self.locked),
            "forbidden": bool(self.forbidden),
            "existing": bool(self.existing),
            "budget": self.budget is not None,
            "target": self.target is not None,
            "detour": self.detour != 0.0,
            "detour-decay": self.detour_decay is not None,
            "one-way": self.one_way,
            "cyclic": self.cyclic,
            "start-fill": self.start_fill is not None,
            "arrival-fill": self.arrival_fill is not None,
        }
        known = {*needed, *TAKEN[self.model]}
        missing = [Fault(f"{self.model} needs it", option, _MEND[option]) for option in needed]
        faults = [fault for fault in missing if not given[fault.where]] + [
            Fault(f"{self.model} has no such option", option, "Leave it out")
            for option, is_given in given.items()
            if is_given and option not in known
        ]
        return faults + (_clashes(given) if self.model == "flow-refueling" else [])


def _is(value: object, kind: type[Real | Integral]) -> bool:
    """Tell whether a value is a number of the kind; True is none."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _clashes(given: Mapping[str, bool]) -> list[Fault]:
    """List options of flow refueling that do not go together."""
    faults = []
    asked = [option for option in _ASKED if given[option]]
    if not asked:
        mend = f"{_MEND['stations']}, or a budget or a target"
        faults.append(Fault("flow-refueling needs it", "stations", mend))
    if len(asked) > 1:
        faults.append(Fault("only one of them can be asked for", ", ".join(asked), "Leave the others out"))
    if given["one-way"] and given["cyclic"]:
        faults.append(Fault("a trip is driven one way or round and round", "one-way, cyclic", "Choose one"))
    if given["arrival-fill"] and not given["one-way"]:
        faults.append(Fault("only a one-way trip ends at its destination", "arrival-fill", "Add --one-way"))
    if given["cyclic"] and given["start-fill"]:
        what = "in its steady state a vehicle starts with what it came home with"
        faults.append(Fault(what, "start-fill", "Leave it or --cyclic out"))
    if given["detour-decay"] and not given["detour"]:
        faults.append(Fault("without a detour it says nothing", "detour-decay", "Give --detour, too"))
    if given["detour"]:
        faults += [
            Fault("not for drivers who leave their path yet", option, "Leave it or --detour out")
            for option in _ON_PATHS
            if given[option]
        ]
    return faults


def as_ids(option: str, given: object) -> tuple[str, ...]:
    """Return ids as text; None is none of them.

    Raises
    ------
    InputError
        For anything but several ids: a text would be taken letter by letter.
    """
    if given is None:
        return ()
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise InputError(Fault(f"{given!r} is not a list of ids", option, "Give a list"))
    return tuple(map(str, given))


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteIds:
    """Places as the question names them: vertices of the sites, and which of them are settled.

    Parameters
    ----------
    sites
        (n_sites,) int64, places where a station may or does stand, ascending.
    locked, forbidden, existing
        Site indices.
    """

    sites: Indices
    locked: Indices
    forbidden: Indices
    existing: Indices

    @property
    def nothing_allowed(self) -> str:
        """Say so when every site is forbidden; empty otherwise."""
        if not len(self.sites) or len(self.forbidden) < len(self.sites):
            return ""
        return f"no station may be built: all {len(self.sites)} candidates are forbidden"


def site_ids(
    question: Question,
    names: Sequence[int] | Sequence[str],
    candidates: Indices,
    *,
    file: str,
) -> SiteIds:
    """Find the sites a question names.

    Existing stations may stand anywhere; locked sites must be candidates.

    Raises
    ------
    InputError
        Ids that are not in the file, locked places that are no candidates, more stations than candidates.
    """
    place = {str(name): index for index, name in enumerate(names)}
    faults: list[Fault] = []
    found = {}
    for option in _FATES:
        wanted: tuple[str, ...] = getattr(question, option)
        unknown = [name for name in wanted if name not in place]
        if unknown:
            named = ", ".join(unknown[:_LISTED]) + (", ..." if len(unknown) > _LISTED else "")
            faults.append(Fault(f"not in {file}: {named}", option, "Correct the ids"))
        found[option] = np.unique(np.array([place[name] for name in wanted if name in place], dtype=np.int64))
    sites = np.union1d(candidates, found["existing"]).astype(np.int64)
    if (stray := np.setdiff1d(found["locked"], sites)).size:
        named = ", ".join(str(names[k]) for k in stray[:_LISTED].tolist())
        faults.append(Fault(f"no candidate: {named}", "locked", f"Set candidate = 1 in {file}"))
    if question.stations is not None and question.stations > len(candidates):
        what = f"{question.stations} stations asked for, but {file} has {len(candidates)} candidates"
        faults.append(Fault(what, "stations", "Ask for fewer stations"))
    if faults:
        raise InputError(faults)
    return SiteIds(
        sites=sites,
        locked=np.searchsorted(sites, found["locked"]),
        forbidden=np.searchsorted(sites, np.intersect1d(found["forbidden"], sites)),
        existing=np.searchsorted(sites, found["existing"]),
    )
