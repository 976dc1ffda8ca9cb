"""Supply of the stations of a scenario: the network of its year, and delivery from each base to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.deliveries import deliveries
from siting.supply_terms import supply_network

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from planner.deliveries import DeliveryTerms
    from planner.siting_case import SitingCase
    from siting.delivery import Delivery
    from siting.supply_network import SupplyNetwork


def supply_case(
    case: SitingCase, terms: DeliveryTerms, stations: pd.DataFrame, *, load_kg_per_day: NDArray[np.float64]
) -> tuple[SupplyNetwork, Mapping[str, Delivery]]:
    """Return where hydrogen can come from, and how it is brought.

    Parameters
    ----------
    case
        Year, switches and assumptions.
    terms
        Of delivery.
    stations
        Column ``node_id``.
    load_kg_per_day
        (n_stations,) float64, what each station is to be brought: a pipeline is sized to it.

    Returns
    -------
    siting.supply_network.SupplyNetwork
        Green bases only, where only green hydrogen is asked for.
    Mapping[str, siting.delivery.Delivery]
        By mode, arrays (n_stations, n_bases).
    """
    scenario, inputs = case.scenario, case.inputs
    network = supply_network(
        inputs.bases.rename(columns={f"capacity_kg_per_day_{scenario.year}": "capacity_kg_per_day"}),
        case.values,
        on_site=scenario.on_site,
        trailers={str(mode): float(count) for mode, count in scenario.trailers.items()},
    )
    brought = deliveries(terms, inputs, stations, load_kg_per_day=load_kg_per_day)
    if scenario.green_only:
        green = network.bases.green
        return network.green_only(), {name: each.columns(green) for name, each in brought.items()}
    return network, brought
