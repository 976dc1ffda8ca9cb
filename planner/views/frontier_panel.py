"""The frontier of the scenario shown: found in the background on demand, stopped at will, then drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from planner import frontier_store
from planner.drawing.figures import gap, with_unit
from planner.frontier_store import StoredFrontier, frontier_job
from planner.inputs import fingerprint
from planner.objective import IN_MONEY, PER_DAY
from planner.plan_charts import frontier_tables
from planner.text import Language, text
from planner.views.charts import frontier
from planner.views.presence import stop_when_left
from planner.views.status import message

if TYPE_CHECKING:
    from planner.jobs import Job
    from planner.plan import Plan
    from planner.progress import Progress
    from planner.views.charts.look import Look

_KEY = "chengyu-frontier"
_REFRESH_S = 1.0


@dataclass(slots=True, eq=False)
class Search:
    """The frontier one session looks for or at.

    Parameters
    ----------
    identity
        Of the question.
    job
        The job that runs, if any.
    found
        What came of it.
    error
        Why nothing did.
    was_stopped
        Whether a person ended it early.
    """

    identity: str
    job: Job[StoredFrontier] | None = None
    found: StoredFrontier | None = None
    error: Exception | None = None
    was_stopped: bool = False

    def start(self, plan: Plan) -> None:
        """Look for the frontier of a plan's scenario in the background."""
        self.found, self.error, self.was_stopped = None, None, False
        self.job = frontier_job(plan.scenario)
        stop_when_left(self.job)

    def collect(self) -> bool:
        """Take over what a finished job gave; return whether there was one."""
        job = self.job
        if job is None or not job.done:
            return False
        self.job, self.found, self.error, self.was_stopped = None, job.result, job.error, job.stopping
        return True


def current(plan: Plan) -> Search:
    """Return the search of this session for a plan's question; one for another question is stopped."""
    identity = frontier_store.question(plan.scenario).identity
    search: Search | None = st.session_state.get(_KEY)
    if search is None or search.identity != identity:
        if search is not None and search.job is not None:
            search.job.stop()
        search = Search(identity, found=frontier_store.find(plan.scenario, fingerprint(plan.scenario)))
        st.session_state[_KEY] = search
    return search


def draw(plan: Plan, language: Language, colors: Look) -> None:
    """Draw the frontier, the work on it, or the button that starts it."""
    if plan.scenario.objective in IN_MONEY:
        st.info(text("charts.frontier_money", language))
        return
    search = current(plan)
    search.collect()
    if search.found is not None:
        _chart(search.found, plan, language, colors)
    if search.job is not None:
        st.fragment(_work, run_every=_REFRESH_S)(search, language)
        return
    if search.error is not None:
        st.error(message(search.error, language))
    if search.was_stopped:
        ended = "frontier_none" if search.found is None else "frontier_partial"
        st.warning(text(f"charts.{ended}", language), icon=":material/info:")
    if search.found is None or search.was_stopped:
        _offer(search, plan, language)


def _offer(search: Search, plan: Plan, language: Language) -> None:
    """Draw what a frontier is, and the button that starts the search."""
    if search.found is None:
        st.html(f"<h3>{text('charts.frontier_title', language)}</h3>")
    st.caption(text("charts.frontier_ask", language))
    key = "frontier_start" if search.found is None else "frontier_again"
    st.button(
        text(f"charts.{key}", language),
        key="frontier-start",
        icon=":material/insights:",
        on_click=search.start,
        args=(plan,),
    )


def _work(search: Search, language: Language) -> None:
    """Draw the running search; once it is over, the whole page is drawn anew."""
    if search.collect() or search.job is None:
        st.rerun()
    job = search.job
    with st.container(border=True):
        say, stop = st.columns([8, 1], vertical_alignment="center")
        say.markdown(_said(job.progress, language))
        stop.button(
            text("progress.stop", language),
            key="frontier-stop",
            disabled=job.stopping,
            width="stretch",
            on_click=job.stop,
        )
        if job.stopping:
            st.caption(text("progress.stopping", language))


def _said(progress: Progress | None, language: Language) -> str:
    """Return how the search stands in one line."""
    figures = [f"**{text('charts.frontier_running', language)}**"]
    if progress is None:
        return figures[0]
    figures.append(with_unit(progress.seconds, "s", language))
    per_day = PER_DAY[progress.objective]
    for key in ("incumbent", "bound"):
        value = progress.incumbent if key == "incumbent" else progress.bound
        if value is not None:
            figures.append(f"{text(f'progress.{key}', language)} {with_unit(value, per_day, language)}")
    if progress.gap is not None:
        figures.append(f"{text('progress.gap', language)} {gap(progress.gap)}")
    return " · ".join(figures)


def _chart(found: StoredFrontier, plan: Plan, language: Language, colors: Look) -> None:
    """Draw the frontier with the plan shown in it."""
    tables = frontier_tables(found)
    asked = frontier.Asked(found.objective, found.demand)
    served = plan.certificate.incumbent
    # With a roll-out the certificate is of several years: another amount.
    is_alike = served is not None and not plan.scenario.earlier_years
    here = frontier.Here(plan.kpis["capex_wan_cny"], served) if is_alike and served is not None else None
    st.altair_chart(
        frontier.draw(tables, language, colors, asked=asked, here=here),
        width="stretch",
        theme=None,
        key="vega-frontier",
        alt=frontier.alternative(tables, language, asked=asked),
    )
