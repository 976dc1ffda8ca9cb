"""The address of the page: what it opens with, and what it says while the page is worked on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import streamlit as st

from corridor.errors import Fault, InputError
from corridor.named_routes import NAMED_ROUTES
from planner.saved import as_file
from planner.scenario import Scenario
from planner.share import decode, encode, untravelled
from planner.share_view import SCENARIO, View, from_query, not_followed, to_query
from planner.text import LANGUAGES, Language, text
from planner.views import corridor_map, frame, timeline
from planner.views.selection import Selection
from planner.views.status import message

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.share_view import Kind
    from planner.views.session import Session

_KEY = "chengyu-link"

#: Hosts that mean another machine to everybody else.
_OWN_HOSTS = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104  compared with, not bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a session began with.

    Parameters
    ----------
    scenario
        Of the address; None if it says none, or none that can be.
    view
        Of the address.
    fault
        Why its scenario was not opened.
    left_out
        What else of it was not followed.
    is_bare
        Whether the address said nothing: nobody came here before.
    """

    scenario: Scenario | None
    view: View
    fault: InputError | None
    left_out: tuple[Fault, ...]
    is_bare: bool = False


def opened() -> Opened:
    """Return what the address said at the session's first run.

    At that run the switches of the page are set accordingly: call it before they are drawn.
    """
    if _KEY not in st.session_state:
        found = _read(st.query_params.to_dict())
        st.session_state[_KEY] = found
        # An earlier run of the page may have been cut short: what is set already stays.
        st.session_state.setdefault("language", first_language())
        if found.view.name is not None:
            st.session_state.setdefault("view", found.view.name)
        if found.view.layers is not None:
            st.session_state.setdefault(corridor_map.KEPT_LAYERS, list(found.view.layers))
        if found.view.month is not None:
            st.session_state.setdefault(timeline.MONTH_KEY, found.view.month)
        if found.view.year is not None:
            st.session_state.setdefault(timeline.year_key(found.scenario or Scenario()), found.view.year)
    result: Opened = st.session_state[_KEY]
    return result


def begin(session: Session, inputs: Inputs) -> None:
    """Let a new session have selected what its address says, if there is such a thing."""
    found = opened()
    selected = found.view.selected
    if selected is not None and "link-begun" not in st.session_state:
        if _is_known(*selected, inputs):
            session.selection = Selection(*selected)
        else:
            left_out = (*found.left_out, not_followed("sel"))
            st.session_state[_KEY] = replace(found, left_out=left_out)
    st.session_state["link-begun"] = True


def _is_known(kind: Kind, key: str, inputs: Inputs) -> bool:
    """Whether there is such a base or route; a place unknown has a card that says so."""
    if kind == "base":
        return key in inputs.bases.index
    return kind != "route" or key in {route.route_id for route in NAMED_ROUTES}


def first_language() -> Language:
    """Return the language of the address, else that of the browser, else the default one."""
    found: Opened | None = st.session_state.get(_KEY)
    if found is not None and found.view.language is not None:
        return found.view.language
    locale = st.context.locale
    if not locale:
        return LANGUAGES[0]
    return "zh" if locale.lower().startswith("zh") else "en"


def shown(session: Session, language: Language) -> View:
    """Return how the page stands now; what stands as at the start is left out."""
    name = st.session_state.get("view", frame.VIEWS[0])
    on = set(st.session_state.get(corridor_map.KEPT_LAYERS, corridor_map.FIRST))
    selection, plan = session.selection, session.plan
    year = None if plan is None else st.session_state.get(timeline.year_key(plan.scenario))
    return View(
        name=None if name == frame.VIEWS[0] else name,
        language=language,
        layers=None
        if on == set(corridor_map.FIRST)
        else tuple(layer for layer in corridor_map.SWITCHES if layer in on),
        selected=None if selection is None else (selection.kind, selection.key),
        year=None if plan is None or year == plan.scenario.year else year,
        month=st.session_state.get(timeline.MONTH_KEY) or None,
    )


def follow(session: Session, view: View) -> None:
    """Let the address say what the page shows."""
    query = _query(session, view)
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def draw(session: Session, language: Language) -> None:
    """Draw the link to what the page shows, and what it does not carry."""
    view = shown(session, language)
    with st.popover(text("share.button", language), icon=":material/link:", key="share"):
        scenario = session.wanted or Scenario()
        try:
            encode(scenario)
        except InputError as error:
            st.warning(message(error, language, lead="share.too_large"))
            _file(scenario, language)
            return
        st.caption(text("share.told", language))
        base = st.context.url or ""
        st.code(f"{base}?{urlencode(_query(session, view))}", language=None, wrap_lines=True)
        if session.draft.identity != scenario.identity:
            st.caption(text("share.unsolved", language))
        if urlsplit(base).hostname in _OWN_HOSTS:
            st.caption(text("share.own_host", language))
        if left := untravelled(scenario):
            names = text("share.join", language).join(text(f"share.{name}", language) for name in left)
            st.warning(text("share.left", language, names=names), icon=":material/folder_off:")
            _file(scenario, language)


def tell(language: Language) -> None:
    """Say what of the address could not be followed, until a person has read it."""
    found = opened()
    if st.session_state.get("link-told") or (found.fault is None and not found.left_out):
        return
    with st.container(key="link-faults", gap="small"):
        if found.fault is not None:
            st.error(message(found.fault, language, lead="share.refused"), icon=":material/link_off:")
        if found.left_out:
            left_out = InputError(found.left_out)
            st.warning(message(left_out, language, lead="share.left_out"), icon=":material/link_off:")
        st.button(text("share.dismiss", language), key="link-dismiss", type="tertiary", on_click=_dismissed)


def _dismissed() -> None:
    """Remember that a person has read it."""
    st.session_state["link-told"] = True


def _read(query: dict[str, str]) -> Opened:
    """Return what an address says."""
    view, left_out = from_query(query, views=frame.VIEWS, layers=corridor_map.SWITCHES)
    given = query.get(SCENARIO)
    scenario, fault = None, None
    if given is not None:
        try:
            scenario = decode(given)
        except InputError as error:
            fault = error
    return Opened(scenario=scenario, view=view, fault=fault, left_out=left_out, is_bare=not query)


def _query(session: Session, view: View) -> dict[str, str]:
    """Return the parameters of the address; a scenario too large for it is left out."""
    query = to_query(view)
    try:
        encoded = encode(session.wanted or Scenario())
    except InputError:
        encoded = ""
    return query | ({SCENARIO: encoded} if encoded else {})


def _file(scenario: Scenario, language: Language) -> None:
    """Draw the button that gives the scenario as a file."""
    st.download_button(
        text("saved.download", language),
        data=as_file(scenario),
        file_name=f"{scenario.name}.toml",
        mime="application/toml",
        key="share-file",
        icon=":material/download:",
        on_click="ignore",
    )
