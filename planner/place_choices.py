"""Places a person can choose from a list: prefectures, counties and gateways in the language of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.places import PREFECTURES_EN

if TYPE_CHECKING:
    import pandas as pd

    from planner.text import Language

#: The two ends of the corridor come first in the list.
_FIRST = ("成都市", "重庆市")


def place_choices(zones: pd.DataFrame, language: Language) -> dict[str, str]:
    """Return what the list says, by what :func:`planner.places.position` understands.

    Each entry bears its name in both languages, the page's first, so that either finds it: prefectures, the
    most populous first after Chengdu and Chongqing, then counties by prefecture, then gateways.

    Parameters
    ----------
    zones
        Index ``zone_id``, with ``kind``, ``name_zh``, ``name_en``, ``prefecture_zh``, ``population``.
    language
        Of the page.
    """
    counties = zones[zones["kind"] == "county"]
    people = counties.groupby("prefecture_zh")["population"].sum()
    rest = people.drop(list(_FIRST), errors="ignore").sort_values(ascending=False, kind="stable").index
    prefectures = [name for name in (*_FIRST, *rest) if name in people.index]
    choices = {name: _both(name, PREFECTURES_EN.get(name, ""), language) for name in prefectures}
    for prefecture in prefectures:
        within = prefecture if language == "zh" else PREFECTURES_EN.get(prefecture, prefecture)
        own = counties[counties["prefecture_zh"] == prefecture]
        for zone, zh, en in zip(own.index, own["name_zh"], own["name_en"], strict=True):
            choices[str(zone)] = f"{_both(zh, en, language)} · {within}"
    gateways = zones[zones["kind"] != "county"]
    for zone, zh, en in zip(gateways.index, gateways["name_zh"], gateways["name_en"], strict=True):
        choices[str(zone)] = str(zh) if language == "zh" else str(en)
    return choices


def _both(zh: str, en: str, language: Language) -> str:
    """Return a name in both languages, the page's first."""
    first, second = (zh, en) if language == "zh" else (en, zh)
    return f"{first} {second}".strip()
