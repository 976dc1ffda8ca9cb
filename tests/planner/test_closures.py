"""Closed roads: what a text closes, what it refuses, and how a plan goes round it."""

import numpy as np
import pytest

from corridor.errors import InputError
from corridor.named_routes import has_ref
from planner.closures import closed_arcs
from planner.inputs import load_inputs
from planner.pipeline import make_plan
from planner.scenario import Scenario


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


def close(inputs, *texts):
    return closed_arcs(inputs.network, texts, zones=inputs.zones)


def km_of(inputs, arcs):
    return float(inputs.network.length_km[arcs].sum())


def test_a_stretch_between_places_is_closed_both_ways(inputs):
    arcs = close(inputs, "G5 雅安..西昌")
    network = inputs.network
    assert has_ref(network, ("G5",))[network.edge_rows[arcs]].all()
    # Published length of the Ya'an-Xichang expressway: 240 km; the seats of both cities lie off its ends.
    assert km_of(inputs, arcs) == pytest.approx(2 * 240, rel=0.25)
    ends = set(zip(network.tails[arcs].tolist(), network.heads[arcs].tolist(), strict=True))
    assert ends == {(head, tail) for tail, head in ends}
    assert close(inputs, "g5 西昌 .. Ya'an").tolist() == arcs.tolist()


def test_km_posts_bound_a_stretch(inputs):
    # Exit numbers of expressways are km posts: between exits 16 and 67 of G5013 lie 51 km.
    arcs = close(inputs, "G5013 km 16..67")
    assert km_of(inputs, arcs) == pytest.approx(2 * 51, rel=0.1)
    whole = close(inputs, "G5013")
    assert set(arcs) < set(whole)


def test_an_edge_is_closed_in_its_direction_only(inputs):
    network = inputs.network
    arc = int(close(inputs, "G5013")[0])
    u, v = network.node_ids[network.tails[arc]], network.node_ids[network.heads[arc]]
    found = close(inputs, f"{u}..{v}")
    assert arc in found
    assert {(int(network.tails[a]), int(network.heads[a])) for a in found} == {
        (int(network.tails[arc]), int(network.heads[arc]))
    }


def test_every_closure_that_says_no_road_is_named_at_once(inputs):
    with pytest.raises(InputError) as raised:
        close(
            inputs, "nonsense", "G999", "G76 雅安..攀枝花", "G76 km 9000..9100", "1..2", "G76 Atlantis..成都"
        )
    text = [str(fault) for fault in raised.value.faults]
    assert len(text) == 6
    said = (
        "says no road",
        "no road has the number G999",
        "from G76",
        "no known interchange",
        "no edge leads",
    )
    for fault, part in zip(text, said, strict=False):
        assert part in fault
    assert "no place 'Atlantis'" in text[-1]


def steps(network, tails, heads):
    """One number per ordered pair of vertices."""
    return tails.astype(np.int64) * network.n_nodes + heads


def test_a_plan_goes_round_a_closure(inputs):
    shut = Scenario(stations=6, closures=("G5013 km 40..67",))
    arcs, round_it = close(inputs, *shut.closures), load_inputs(shut)
    network, before, after = inputs.network, inputs.routes, round_it.routes
    others = np.setdiff1d(np.arange(len(network.heads)), arcs)
    closed = np.setdiff1d(
        steps(network, network.tails[arcs], network.heads[arcs]),
        steps(network, network.tails[others], network.heads[others]),
    )

    def driven(routes):
        vertex = network.vertices(routes.nodes)
        at = np.delete(np.arange(len(vertex)), routes.offsets[1:] - 1)
        return steps(network, vertex[at], vertex[at + 1])

    assert np.isin(closed, driven(before)).any()
    assert not np.isin(closed, driven(after)).any()
    assert len(before.first) == len(after.first)
    stayed = (inputs.zones["node_id"] == round_it.zones["node_id"]).to_numpy()
    same = (stayed[before.origin] & stayed[before.destination])[before.first]
    dearer = (after.cost_cny[after.first] - before.cost_cny[before.first])[same]
    assert dearer.min() > -1e-6
    assert dearer.max() > 1.0
    assert np.allclose(after.pair_mean(np.ones(len(after))), 1.0)
    plan = make_plan(shut)
    assert plan.replay["faults"] == 0
    assert plan.certificate.status == "optimal"


def test_a_place_whose_road_is_closed_starts_from_the_nearest_open_one(inputs):
    network = inputs.network
    alone = inputs.zones["node_id"].value_counts().loc[lambda count: count == 1].index[0]
    zone = inputs.zones.index[inputs.zones["node_id"] == alone][0]
    leaving = network.tails == network.vertices(np.array([alone]))[0]
    texts = tuple(f"{alone}..{node}" for node in np.unique(network.node_ids[network.heads[leaving]]))
    moved = load_inputs(Scenario(closures=texts))
    assert moved.zones.loc[zone, "node_id"] != alone
    assert moved.zones.loc[zone, "snap_km"] >= inputs.zones.loc[zone, "snap_km"]
    others = moved.zones.index != zone
    assert (moved.zones["node_id"] == inputs.zones["node_id"])[others].all()
    assert not (moved.routes.nodes == alone).any()


def test_closing_every_road_is_refused(inputs):
    refs = {ref for each in inputs.network.edges["ref"].dropna() for ref in each.split(";")}
    edges = inputs.network.edges
    nameless = edges[edges["ref"].isna()].index
    texts = (*sorted(refs), *(f"{u}..{v}" for u, v, _ in nameless))
    with pytest.raises(InputError, match=r"no road joins .*there and back.*a way round every closure"):
        load_inputs(Scenario(closures=texts))
