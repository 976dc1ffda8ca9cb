"""What tells one scenario from another, in words: for undo, comparison and shared links."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from planner.text import text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from planner.scenario import Scenario
    from planner.text import Language

    #: Says a value; tells of the values of a field before and after.
    _Say = Callable[[Any, "_Words"], str]
    _Tell = Callable[[Any, Any, "_Words"], list[str]]


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """Says values in a language; tables of sites and assumptions give names."""

    language: Language
    sites: pd.DataFrame
    assumptions: pd.DataFrame | None

    def __call__(self, key: str, **values: object) -> str:
        """Return a text of the catalogue's section."""
        return text(f"change.{key}", self.language, **values)

    def turned(self, what: str, before: str, after: str) -> str:
        """Return that a value became another; where both read alike, that it is written otherwise."""
        if before == after:
            return self("otherwise", what=what)
        return self("turned", what=what, before=before, after=after)

    def site(self, site_id: str) -> str:
        """Return the name of a site, its id where there is none."""
        return _named(self.sites, site_id, self.language)

    def assumption(self, key: str) -> str:
        """Return the name of an assumption, its key where the table is not there."""
        return key if self.assumptions is None else _named(self.assumptions, key, self.language)

    def default(self, key: str) -> str:
        """Return the documented value of an assumption."""
        if self.assumptions is None or key not in self.assumptions.index:
            return self("default")
        return _number(float(self.assumptions["value"].loc[key]), self)


def changes(
    before: Scenario,
    after: Scenario,
    language: Language,
    sites: pd.DataFrame,
    *,
    assumptions: pd.DataFrame | None = None,
) -> list[str]:
    """Return what differs between two scenarios, a sentence each, in the order of the scenario's fields.

    Parameters
    ----------
    before, after
        Scenarios.
    language
        Of the sentences.
    sites
        Index ``site_id``, with ``name_zh`` and ``name_en``.
    assumptions
        Table of defaults, index ``key``, with ``value``, ``name_zh`` and ``name_en``; None says keys instead
        of names.
    """
    words = _Words(language, sites, assumptions)
    found = []
    for name, tell in _TELLERS.items():
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            found += tell(one, other, words)
    return found


def _named(table: pd.DataFrame, key: str, language: Language) -> str:
    """Return the name of a row, its key where there is no such row or it has no name."""
    if key not in table.index:
        return key
    name = table.loc[key, f"name_{language}"]
    return name if isinstance(name, str) and name else key


def _plain(value: Any, _words: _Words) -> str:  # noqa: ANN401  any value
    return str(value)


def _number(value: float, _words: _Words) -> str:
    return f"{value:,.10g}"


def _percent(value: float, _words: _Words) -> str:
    return f"{100.0 * value:.6g} %"


def _yes_or_no(value: bool, words: _Words) -> str:  # noqa: FBT001  a value of a field
    return words("yes" if value else "no")


def _unit(unit: str) -> _Say:
    """Return how to say numbers of a unit."""
    return lambda value, words: words(f"unit.{unit}", value=_number(value, words))


def _file(value: str, _words: _Words) -> str:
    return PurePath(value).name or value


def _word(section: str) -> _Say:
    """Return how to say a choice that the catalogue has a section of."""
    return lambda value, words: text(f"{section}.{value}", words.language)


def _single(field: str, say: _Say, *, none: str = "none") -> _Tell:
    """Return how to tell of a field with one value."""

    def tell(before: Any, after: Any, words: _Words) -> list[str]:  # noqa: ANN401  values of any field
        one, other = (words(none) if each is None else say(each, words) for each in (before, after))
        if one == other:  # as files of the same name in two folders
            one, other = str(before), str(after)
        return [words.turned(words(f"field.{field}"), one, other)]

    return tell


def _members(field: str, say: _Say) -> _Tell:
    """Return how to tell of a field that lists things: what came, what went."""

    def tell(before: Sequence[str], after: Sequence[str], words: _Words) -> list[str]:
        came = [words(f"{field}.in", what=say(each, words)) for each in after if each not in before]
        went = [words(f"{field}.out", what=say(each, words)) for each in before if each not in after]
        return [*dict.fromkeys([*came, *went])] or [words("otherwise", what=words(f"field.{field}"))]

    return tell


def _entries(
    field: str,
    say: _Say,
    *,
    named: _Say = _plain,
    missing: _Say = lambda _key, words: words("none"),
) -> _Tell:
    """Return how to tell of a field with a value per key."""

    def tell(before: Mapping[str, Any], after: Mapping[str, Any], words: _Words) -> list[str]:
        found = []
        for key in dict.fromkeys([*before, *after]):
            if before.get(key) == after.get(key):
                continue
            one, other = (
                say(each[key], words) if key in each else missing(key, words) for each in (before, after)
            )
            what = words(f"field.{field}", what=named(key, words))
            found.append(words.turned(what, one, other))
        return found

    return tell


def _things(field: str, id_of: str) -> _Tell:
    """Return how to tell of a field that lists things with an id and a name."""

    def tell(before: Sequence[Any], after: Sequence[Any], words: _Words) -> list[str]:
        old, new = ({getattr(each, id_of): each for each in some} for some in (before, after))

        def name(thing: Any) -> str:  # noqa: ANN401  a site or a point
            english = thing.name_en if words.language == "en" else ""
            return str(english or thing.name_zh)

        came = [words(f"{field}.in", what=name(new[key])) for key in new if key not in old]
        went = [words(f"{field}.out", what=name(old[key])) for key in old if key not in new]
        edited = [
            words(f"{field}.edited", what=name(new[key]))
            for key in new
            if key in old and new[key] != old[key]
        ]
        return [*came, *went, *edited] or [words("otherwise", what=words(f"field.{field}"))]

    return tell


def _solve(before: Any, after: Any, words: _Words) -> list[str]:  # noqa: ANN401  limits of the solve
    """Tell of the limits of the solve."""
    says = {"time_limit_s": _unit("s"), "gap": _percent, "rounds": _number}
    return [
        words.turned(words(f"field.{name}"), *(say(getattr(each, name), words) for each in (before, after)))
        for name, say in says.items()
        if getattr(before, name) != getattr(after, name)
    ]


def _site(site_id: str, words: _Words) -> str:
    return words.site(site_id)


#: How each field of a scenario is told of, in its order.
_TELLERS: Mapping[str, _Tell] = {
    "name": _single("name", _plain),
    "year": _single("year", _plain),
    "scope": _single("scope", _word("scope")),
    "adoption": _single("adoption", _word("adoption")),
    "stations": _single("stations", _plain),
    "objective": _single("objective", _word("objective")),
    "least_share": _single("least_share", _percent),
    "rollout": _entries("rollout", _plain),
    "budget_wan_cny": _single("budget_wan_cny", _unit("wan_cny"), none="unlimited"),
    "rollout_budget_wan_cny": _entries(
        "rollout_budget_wan_cny", _unit("wan_cny"), missing=lambda _key, words: words("unlimited")
    ),
    "room": _single("room", _yes_or_no, none="where_possible"),
    "usable_range_km": _single("usable_range_km", _unit("km"), none="by_class"),
    "green_only": _single("green_only", _yes_or_no),
    "resilience": _single("resilience", _percent),
    "detour": _single("detour", _percent),
    "detour_decay": _single("detour_decay", _percent, none="all"),
    "locked": _members("locked", _site),
    "forbidden": _members("forbidden", _site),
    "sizes": _entries(
        "sizes", _unit("kg_per_day"), named=_site, missing=lambda _key, words: words("by_load")
    ),
    "closed_stations": _members("closed_stations", _site),
    "closures": _members("closures", _plain),
    "hazmat_closed": _members("hazmat_closed", _plain),
    "delivery_modes": _members("delivery_modes", _word("mode")),
    "on_site": _single("on_site", _yes_or_no),
    "trailers": _entries(
        "trailers", _plain, named=_word("mode"), missing=lambda _key, words: words("unlimited")
    ),
    "network": _single("network", _file, none="shipped"),
    "od_table": _single("od_table", _file, none="modeled"),
    "link_counts": _single("link_counts", _file),
    "added_sites": _things("added_sites", "site_id"),
    "point_demands": _things("point_demands", "point_id"),
    "zone_factor": _entries("zone_factor", _number, missing=lambda _key, _words: "1"),
    "assumptions": _entries(
        "assumptions",
        _number,
        named=lambda key, words: words.assumption(key),
        missing=lambda key, words: words.default(key),
    ),
    "solve": _solve,
}
