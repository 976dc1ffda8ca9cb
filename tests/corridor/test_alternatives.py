"""Alternative routes against a plain plateau method on networkx, and the named routes on the real graph."""

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from corridor import alternatives, closures, costs, named_routes, plateaus, roads, selection, sources
from corridor.errors import InputError


def network_of(links):
    """Network of (u, v, km, ref) motorway links, drivable at 100 km/h."""
    ids = sorted({node for link in links for node in link[:2]})
    nodes = gpd.GeoDataFrame(
        {"x": [104.0 + 0.1 * n for n in ids], "y": 30.0},
        index=pd.Index(ids, name="osmid"),
        geometry=[Point(104.0 + 0.1 * n, 30.0) for n in ids],
        crs="EPSG:4326",
    )
    keys = [(u, v, k) for k, (u, v, *_) in enumerate(links)]
    edges = gpd.GeoDataFrame(
        {
            "length": [km * 1000.0 for _, _, km, _ in links],
            "highway": "motorway",
            "ref": [ref for *_, ref in links],
        },
        index=pd.MultiIndex.from_tuples(keys, names=["u", "v", "key"]),
        geometry=[LineString([(104.0 + u, 30.0), (104.0 + v, 30.0)]) for u, v, *_ in links],
        crs="EPSG:4326",
    )
    return roads.from_tables(nodes, edges, speeds_kmh={"motorway": 100.0})


def costs_of(network, total):
    """Costs with a given total per arc and a toll of 1 CNY/km."""
    return costs.Costs(hours=network.hours, toll_cny=network.length_km, total_cny=np.asarray(total))


def both_ways(links):
    return links + [(v, u, km, ref) for u, v, km, ref in links]


#: Three parallel ways of 100, 110 and 120 km from 0 to 9, and one of 140.
PARALLEL = both_ways(
    [
        *((0, 1, 50.0, "A"), (1, 9, 50.0, "A")),
        *((0, 2, 55.0, "B"), (2, 9, 55.0, "B")),
        *((0, 3, 60.0, "C"), (3, 9, 60.0, "C")),
        *((0, 4, 70.0, "D"), (4, 9, 70.0, "D")),
    ]
)


@st.composite
def random_network(draw):
    """A strongly connected random graph; km and cost are unrelated and without ties."""
    n = draw(st.integers(3, 9))
    ring = [(i, (i + 1) % n) for i in range(n)]
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])
    extra = draw(st.lists(pairs, max_size=24))
    arcs = sorted(set(ring + extra) | {(v, u) for u, v in ring})
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    links = [(u, v, float(km), None) for (u, v), km in zip(arcs, rng.uniform(1, 3, len(arcs)), strict=True)]
    network = network_of(links)
    return network, costs_of(network, network.length_km * rng.uniform(1, 1.5, len(arcs)))


@st.composite
def network_of_chains(draw):
    """Junctions joined by chains: side by side, one-way in part, dead ends; and pairs to join."""
    n = draw(st.integers(3, 6))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])
    roads_joined = [(i, (i + 1) % n) for i in range(n)] + draw(st.lists(pairs, min_size=3, max_size=8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    arcs, size = set(), n
    for road, (u, v) in enumerate(roads_joined):
        inside = list(range(size, size + draw(st.integers(0, 4))))
        size += len(inside)
        there = set(itertools.pairwise([u, *inside, v]))
        # The ring is two-way; other roads are so at random, and now and then only in part.
        back = {(b, a) for a, b in there if road < n or rng.random() < 0.75}
        arcs |= there | back if road < n or rng.random() < 0.8 else back
    hung = rng.integers(0, size, 2)
    arcs |= {(int(u), size + k) for k, u in enumerate(hung)} | {
        (size + k, int(u)) for k, u in enumerate(hung)
    }
    links = [
        (u, v, float(km), None) for (u, v), km in zip(sorted(arcs), rng.uniform(1, 3, len(arcs)), strict=True)
    ]
    network = network_of(links)
    ends = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, size + 1)), max_size=3))
    return network, costs_of(network, network.length_km * rng.uniform(1, 1.2, len(arcs))), ends


def ways(graph, s, t):
    """Every way through an arc, with the cost of its plateau, one arc and one vertex at a time."""

    def cheapest(a, b):
        return nx.dijkstra_path(graph, a, b, weight="cost")

    def on_both_trees(path, i):
        return cheapest(s, path[i]) == path[: i + 1] and cheapest(path[i], t) == path[i:]

    for u, v in graph.edges:
        if not (nx.has_path(graph, s, u) and nx.has_path(graph, v, t)):
            continue
        path = cheapest(s, u) + cheapest(v, t)
        if len(set(path)) < len(path):
            continue
        start = end = path.index(u)
        while start > 0 and on_both_trees(path, start):
            start -= 1
        while end + 2 < len(path) and on_both_trees(path, end + 1):
            end += 1
        yield path, nx.path_weight(graph, path[start : end + 2], "cost")


def plain(graph, s, t, *, most, detour, overlap, local):
    """The routes in order, by the plain method."""
    total = {
        weight: (lambda path, weight=weight: nx.path_weight(graph, path, weight)) for weight in ("cost", "km")
    }
    kept = [nx.dijkstra_path(graph, s, t, weight="cost")]
    merit = {}
    for path, plateau in ways(graph, s, t):
        near = all(value(path) <= detour * value(kept[0]) for value in total.values())
        if near and path != kept[0] and plateau >= local * total["cost"](kept[0]):
            merit[tuple(path)] = total["cost"](path) - plateau
    for way in sorted(merit, key=merit.get):
        common = [set(itertools.pairwise(way)) & set(itertools.pairwise(other)) for other in kept]
        shared = [sum(graph.edges[arc]["km"] for arc in each) for each in common]
        limits = [overlap * min(total["km"](way), total["km"](other)) for other in kept]
        if all(s <= limit for s, limit in zip(shared, limits, strict=True)) and len(kept) < most:
            kept.append(list(way))
    return sorted(kept, key=total["cost"])


def check_against_the_plain_method(network, cost, pairs, **options):
    graph = nx.DiGraph()
    columns = (network.tails, network.heads, network.length_km, cost.total_cny)
    for u, v, km, cny in zip(*(column.tolist() for column in columns), strict=True):
        graph.add_edge(u, v, km=km, cost=cny)
    s, t = np.array([pair for pair in pairs if nx.has_path(graph, *pair)]).T
    ends = {"origins": network.node_ids[s], "destinations": network.node_ids[t]}
    found = alternatives.alternatives(network, cost, **ends, **options)
    for pair in range(len(s)):
        mine = np.flatnonzero(found.pair == pair)
        paths = [network.vertices(found.path(route)).tolist() for route in mine]
        assert paths == plain(graph, int(s[pair]), int(t[pair]), most=3, **options)
        assert found.share[mine].sum() == pytest.approx(1.0)
        for route, path in zip(mine, paths, strict=True):
            assert found.cost_cny[route] == pytest.approx(nx.path_weight(graph, path, "cost"))
            assert found.length_km[route] == pytest.approx(nx.path_weight(graph, path, "km"))
            assert found.toll_cny[route] == pytest.approx(found.length_km[route])
            km = found.km[found.offsets[route] : found.offsets[route + 1]]
            assert km[0] == 0
            assert km[-1] == pytest.approx(found.length_km[route])
            assert (np.diff(km) > 0).all()


DETOURS, OVERLAPS = st.sampled_from([1.1, 1.25, 1.6]), st.sampled_from([0.2, 0.5, 0.9])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(random_network(), DETOURS, OVERLAPS)
def test_alternatives_of_all_pairs_agree_with_the_plain_method(case, detour, overlap):
    network, cost = case
    pairs = list(itertools.permutations(range(network.n_nodes), 2))
    check_against_the_plain_method(network, cost, pairs, detour=detour, overlap=overlap, local=0.1)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(network_of_chains(), DETOURS, OVERLAPS, st.sampled_from([0.05, 0.15, 0.4]))
def test_alternatives_along_chains_agree_with_the_plain_method(case, detour, overlap, local):
    network, cost, ends = case
    pairs = [(0, 1), *((s, t) for s, t in ends if s != t)]
    check_against_the_plain_method(network, cost, pairs, detour=detour, overlap=overlap, local=local)


def test_ties_everywhere_still_give_sound_routes():
    grid = nx.convert_node_labels_to_integers(nx.grid_2d_graph(5, 5))
    network = network_of(both_ways([(u, v, 1.0, None) for u, v in grid.edges]))
    pairs = np.array(list(itertools.permutations(grid, 2)))
    found = alternatives.alternatives(
        network, costs_of(network, network.length_km), origins=pairs[:, 0], destinations=pairs[:, 1]
    )
    assert np.array_equal(np.unique(found.pair), np.arange(len(pairs)))
    assert len(found) > 2 * len(pairs)
    for pair, (s, t) in enumerate(pairs.tolist()):
        paths = [found.path(route).tolist() for route in np.flatnonzero(found.pair == pair)]
        steps = [set(itertools.pairwise(path)) for path in paths]
        assert all(nx.is_simple_path(grid, path) and (path[0], path[-1]) == (s, t) for path in paths)
        assert len(steps[0]) == nx.shortest_path_length(grid, s, t)
        assert all(len(each) <= 1.25 * len(steps[0]) for each in steps)
        for one, other in itertools.combinations(steps, 2):
            assert len(one & other) <= 0.5 * min(len(one), len(other))


def test_parallel_ways_within_the_detour_come_cheapest_first():
    network = network_of(PARALLEL)
    cost = costs_of(network, network.length_km)
    found = alternatives.alternatives(network, cost, origins=[0, 9], destinations=[9, 0])
    assert found.pair.tolist() == [0, 0, 0, 1, 1, 1]
    assert found.length_km.tolist() == pytest.approx([100, 110, 120, 100, 110, 120])
    # Nothing is shared, so shares are a plain logit of the relative extra cost.
    expected = np.exp(-12.0 * np.array([0.0, 0.1, 0.2]))
    assert found.share[:3].tolist() == pytest.approx((expected / expected.sum()).tolist())
    wide = alternatives.alternatives(network, cost, origins=[0], destinations=[9], most=9, detour=1.5)
    assert wide.length_km.tolist() == pytest.approx([100, 110, 120, 140])


def test_path_size_splits_what_is_shared():
    # 0-1 is common to both ways; 1-2-4 and 1-3-4 cost the same.
    links = [
        (0, 1, 40.0, None),
        (1, 2, 30.0, None),
        (2, 4, 30.0, None),
        (1, 3, 30.0, None),
        (3, 4, 30.0, None),
    ]
    links += [(0, 5, 50.0, None), (5, 4, 50.0, None)]
    network = network_of(links)
    found = alternatives.alternatives(
        network, costs_of(network, network.length_km), origins=[0], destinations=[4], overlap=0.5
    )
    assert found.length_km.tolist() == pytest.approx([100, 100, 100])
    size = {(0, 5, 4): 1.0, (0, 1, 2, 4): 0.6 + 0.4 / 2, (0, 1, 3, 4): 0.6 + 0.4 / 2}
    shares = {tuple(found.path(route).tolist()): found.share[route] for route in range(3)}
    assert shares == pytest.approx({path: weight / sum(size.values()) for path, weight in size.items()})


def test_no_pairs_have_no_routes():
    network = network_of(PARALLEL)
    found = alternatives.alternatives(
        network, costs_of(network, network.length_km), origins=[], destinations=[]
    )
    assert len(found) == 0
    assert found.offsets.tolist() == [0]


def test_a_pair_asked_for_twice_has_its_routes_twice():
    network = network_of(PARALLEL)
    cost = costs_of(network, network.length_km)
    found = alternatives.alternatives(network, cost, origins=[0, 1, 0], destinations=[9, 9, 9])
    assert found.pair.tolist() == [0, 0, 0, 1, 2, 2, 2]
    assert found.length_km[found.pair == 2].tolist() == pytest.approx([100, 110, 120])
    assert found.path(5).tolist() == found.path(1).tolist() == [0, 2, 9]


def test_one_way_alone_carries_all_trips():
    network = network_of(both_ways([(0, 1, 10.0, None), (1, 2, 10.0, None)]))
    found = alternatives.alternatives(
        network, costs_of(network, network.length_km), origins=[0], destinations=[2]
    )
    assert found.share.tolist() == [1.0]


def test_a_closure_moves_traffic_to_the_next_way_and_none_left_is_an_error():
    network = network_of(PARALLEL)
    cost = costs_of(network, network.length_km)
    once = costs.closed(cost, closures.edges(network, [(0, 1)]))
    found = alternatives.alternatives(network, once, origins=[0, 9], destinations=[9, 0])
    assert found.length_km[found.pair == 0].tolist() == pytest.approx([110, 120])
    assert found.length_km[found.pair == 1].tolist() == pytest.approx([100, 110, 120]), "one direction only"
    shut = costs.closed(cost, closures.edges(network, [(0, 1), (0, 2), (0, 3), (0, 4)]))
    with pytest.raises(InputError, match="no open road leads from node 0 to node 9"):
        alternatives.alternatives(network, shut, origins=[0], destinations=[9])
    assert closures.cut_off(network, shut.total_cny, np.array([0, 4, 9])).tolist() == [0]
    assert closures.cut_off(network, cost.total_cny, np.array([0, 4, 9])).size == 0


def test_options_out_of_range_are_all_named():
    network = network_of(PARALLEL)
    cost = costs_of(network, network.length_km)
    with pytest.raises(InputError) as error:
        alternatives.alternatives(
            network,
            cost,
            origins=[0],
            destinations=[9],
            most=0,
            detour=0.5,
            overlap=2.0,
            local=-1.0,
            scale=-1.0,
        )
    assert len(error.value.faults) == 5
    with pytest.raises(InputError, match="starts and ends at node 9"):
        alternatives.alternatives(network, cost, origins=[9], destinations=[9])


@pytest.fixture(scope="module")
def real():
    """The shipped network and its costs."""
    folder = sources.data_directory()
    values = {str(key): float(value) for key, value in sources.read_assumptions(folder)["value"].items()}
    prefix = "road.truck_speed_kmh."
    speeds = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
    network = roads.from_tables(*sources.read_roads(folder), speeds_kmh=speeds)
    return network, costs.generalized(network, costs.rates(values))


def share_on(network, arcs, refs):
    km = network.length_km[arcs]
    return km[named_routes.has_ref(network, refs)[network.edge_rows[arcs]]].sum() / km.sum()


@pytest.mark.parametrize("back", [False, True])
def test_the_named_corridor_routes_are_the_alternatives(real, back):
    network, cost = real
    (chengdu, chongqing), _ = roads.snap(
        network, *np.transpose([named_routes.CHENGDU, named_routes.CHONGQING])
    )
    ends = (chongqing, chengdu) if back else (chengdu, chongqing)
    found = alternatives.alternatives(network, cost, origins=[ends[0]], destinations=[ends[1]])
    arcs = [costs.arcs_of_path(network, cost.total_cny, found.path(route)) for route in range(len(found))]
    on = np.array(
        [[share_on(network, each, named.refs) for named in named_routes.NAMED_ROUTES] for each in arcs]
    )
    assert sorted(on.argmax(axis=1)) == [0, 1, 2]
    assert (on.max(axis=1) > 0.6).all()
    assert found.share.min() > 0.03


def test_routes_do_not_depend_on_how_the_work_is_cut(real, monkeypatch):
    network, cost = real
    nodes = np.random.default_rng(5).choice(network.node_ids, 12, replace=False)
    one, other = np.array(list(itertools.permutations(nodes, 2))).T
    whole = alternatives.alternatives(network, cost, origins=one, destinations=other)
    monkeypatch.setattr(plateaus, "_BATCH", 3_000)
    monkeypatch.setattr(selection, "_CELLS", 70_000)
    cut = alternatives.alternatives(network, cost, origins=one, destinations=other)
    assert len(whole) > len(one)
    for name in ("pair", "offsets", "nodes", "km", "cost_cny", "share"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name))


def test_a_closed_stretch_of_g5013_sends_traffic_round_it(real):
    network, cost = real
    on_road = network.nodes[network.nodes["road_ref"] == "G5013"].dropna(subset="km_post")
    first, last = on_road["km_post"].sort_values().index[[1, -2]]
    posts = on_road.loc[[first, last], "km_post"]
    assert [closures.interchange(network, "G5013", km_post=post + 0.2) for post in posts] == [first, last]
    arcs = closures.stretch(network, "G5013", between=([first], [last]))
    refs = network.edges["ref"].to_numpy(dtype=object)[network.edge_rows[arcs]]
    assert all("G5013" in ref.split(";") for ref in refs)
    shut = costs.closed(cost, arcs)
    s, t = (network.vertices([node])[0] for node in (first, last))
    assert {s, t} <= set(network.tails[arcs]) & set(network.heads[arcs]), "both directions"
    before = alternatives.alternatives(network, cost, origins=[first], destinations=[last], most=1)
    after = alternatives.alternatives(network, shut, origins=[first], destinations=[last], most=1)
    assert after.cost_cny[0] > before.cost_cny[0]
    used = costs.arcs_of_path(network, shut.total_cny, after.path(0))
    assert not set(used) & set(arcs)


def test_wrong_closures_say_what_is_there(real):
    network, _ = real
    with pytest.raises(InputError, match="G76 has no known interchange near km 1500"):
        closures.interchange(network, "G76", km_post=1500)
    with pytest.raises(InputError, match="no road has the number G999"):
        closures.stretch(network, "G999", between=([int(network.node_ids[0])], [int(network.node_ids[1])]))
    with pytest.raises(InputError, match="no edge leads from node -1 to node 5"):
        closures.edges(network, [(-1, 5)])
