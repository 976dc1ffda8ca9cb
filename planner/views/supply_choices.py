"""Supply in the sidebar: what hydrogen may be used, by which modes it comes, on which roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from corridor.errors import Fault, InputError
from planner.scenario import Scenario
from planner.text import Language, text
from planner.views import closed_roads
from planner.views.status import message
from siting.delivery_modes import MODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.inputs import Inputs
    from planner.views.session import Session

#: Offered in the list: the mountain tunnels between Ya'an and Xichang (docs/delivery.md).
PRESETS = ("G5 荥经..汉源",)

#: Fields of a scenario chosen here.
FIELDS = ("green_only", "on_site", "delivery_modes", "trailers", "hazmat_closed")

#: Choices of yes or no, and where their texts stand.
_TOGGLES = {"green_only": "sidebar.green_only", "on_site": "supply.on_site"}
_MOST_TRAILERS = 10_000
_KEPT, _OPENED = "supply-chosen", "supply-opened"


class Choice(NamedTuple):
    """What was chosen.

    Parameters
    ----------
    settings
        Fields of a scenario, by name.
    faults
        Why they cannot be, each in a sentence; empty if they can.
    """

    settings: dict[str, Any]
    faults: tuple[str, ...]


def draw(session: Session, inputs: Inputs, language: Language) -> Choice:
    """Draw the choices and return them."""
    begun = session.opened.model_dump(mode="json", include=set(FIELDS))
    kept, opened_at = st.session_state.setdefault(session.key(_KEPT), begun), session.key(_OPENED)
    default = Scenario().model_dump(mode="json", include=set(FIELDS))
    opened = st.session_state.get(opened_at, False) or kept != default
    st.session_state[opened_at] = opened
    with st.expander(text("supply.heading", language), icon=":material/local_shipping:", expanded=opened):
        for name, key in _TOGGLES.items():
            told = text(f"{key}_help", language)
            kept[name] = st.toggle(text(key, language), value=kept[name], key=session.key(name), help=told)
        kept["delivery_modes"] = _modes(kept["delivery_modes"], session, language)
        limits = _trailers(kept["delivery_modes"], kept["trailers"], session, language)
        trailers = {**kept["trailers"], **limits}
        kept["trailers"] = {mode: limit for mode, limit in trailers.items() if limit is not None}
        kept["hazmat_closed"] = _closed(kept["hazmat_closed"], session, language)
    weighed = {mode: limit for mode, limit in limits.items() if limit is not None}
    settings = {**kept, "trailers": weighed}
    return Choice(settings, tuple(_faults(settings, session, inputs, language)))


def _modes(chosen: Sequence[str], session: Session, language: Language) -> list[str]:
    """Draw the modes of delivery and return those chosen, in the order of :data:`MODES`."""
    # Pills keep the words of the language they were first drawn in: each language has its own.
    modes = st.pills(
        text("supply.modes", language),
        MODES,
        selection_mode="multi",
        default=list(chosen),
        format_func=lambda mode: text(f"mode.{mode}", language),
        key=session.key(f"modes-{language}"),
        help=text("supply.modes_help", language),
    )
    return [mode for mode in MODES if mode in modes]


def _trailers(
    modes: Sequence[str], kept: dict[str, int | None], session: Session, language: Language
) -> dict[str, int | None]:
    """Draw how many trailers there are of each mode that takes any; None is as many as it takes."""
    return {
        mode: st.number_input(
            text("supply.trailers", language, mode=text(f"mode.{mode}", language)),
            min_value=0,
            max_value=_MOST_TRAILERS,
            value=kept.get(mode),
            step=1,
            placeholder=text("supply.no_limit", language),
            key=session.key(f"trailers-{mode}"),
        )
        for mode in modes
        if mode != "pipeline"
    }


def _closed(closed: Sequence[str], session: Session, language: Language) -> list[str]:
    """Draw the roads closed to hydrogen trailers and return them."""
    written = st.multiselect(
        text("supply.hazmat", language),
        list(dict.fromkeys((*PRESETS, *closed))),
        default=list(closed),
        accept_new_options=True,
        select_all=False,
        placeholder=text("closures.placeholder", language),
        key=session.key("hazmat-closed"),
        help=text("supply.hazmat_help", language),
    )
    return list(dict.fromkeys(road.strip() for road in written if road.strip()))


def _faults(settings: dict[str, Any], session: Session, inputs: Inputs, language: Language) -> list[str]:
    """Return why the choices cannot be."""
    found = []
    modes, trailers = settings["delivery_modes"], settings["trailers"]
    makes_own = settings["on_site"] and not settings["green_only"]
    if not modes:
        found.append(text("supply.no_mode", language))
    elif not makes_own and all(trailers.get(mode) == 0 for mode in modes):
        found.append(text("supply.no_trailer", language))
    network = session.plan.scenario.network if session.plan else None
    try:
        closed_roads.lines(tuple(settings["hazmat_closed"]), network, inputs)
    except InputError as error:
        told = [
            Fault(each.what, each.where.replace("closures", "hazmat_closed", 1), each.mend)
            for each in error.faults
        ]
        found.append(message(InputError(told), language, lead="error.hazmat"))
    return found
