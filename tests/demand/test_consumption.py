"""Hydrogen along routes against plain sums."""

import numpy as np

from demand.consumption import consumption, route_use, running_kg
from demand.energy import Road, edge_energy
from demand.inputs import VEHICLE_CLASSES
from demand.vehicles import driven


def road(rng, n):
    return Road(
        length_km=rng.uniform(1, 20, n),
        speed_kmh=rng.uniform(40, 90, n),
        climb_m=rng.uniform(0, 200, n) * (rng.random(n) < 0.7),
        descent_m=rng.uniform(0, 200, n) * (rng.random(n) < 0.7),
        altitude_m=rng.uniform(200, 2500, n),
    )


def test_a_class_uses_the_mean_of_laden_and_empty_running_and_the_way_back_is_the_road_turned(assumptions):
    arcs = road(np.random.default_rng(1), 30)
    used = consumption(arcs, assumptions)
    turned = Road(
        length_km=arcs.length_km,
        speed_kmh=arcs.speed_kmh,
        climb_m=arcs.descent_m,
        descent_m=arcs.climb_m,
        altitude_m=arcs.altitude_m,
    )
    for name in ("tractor_49t", "coach_12m"):
        kind = VEHICLE_CLASSES.index(name)
        share = assumptions["coach.empty_running" if name == "coach_12m" else "freight.empty_running"]
        for way, kg in ((arcs, used.out_kg), (turned, used.back_kg)):
            laden, empty = (
                edge_energy(way, [driven(assumptions, laden=full)[kind]]).kg[0] for full in (True, False)
            )
            np.testing.assert_allclose(kg[:, kind], (1 - share) * laden + share * empty)


def test_routes_add_up_their_arcs(routes, assumptions):
    rng = np.random.default_rng(2)
    used = consumption(road(rng, 12), assumptions)
    arcs = rng.integers(0, 12, len(routes.nodes))
    arcs[routes.offsets[:-1]] = -1
    total = route_use(routes, arcs, used)
    for route in range(len(routes)):
        mine = arcs[routes.offsets[route] + 1 : routes.offsets[route + 1]]
        np.testing.assert_allclose(total.out_kg[route], used.out_kg[mine].sum(axis=0))
        np.testing.assert_allclose(total.back_kg[route], used.back_kg[mine].sum(axis=0))
    running = running_kg(routes, arcs, used.out_kg[:, 0])
    assert (running[routes.offsets[:-1]] == 0.0).all()
    np.testing.assert_allclose(running[routes.offsets[1:] - 1], total.out_kg[:, 0])
    inside = np.delete(np.arange(len(running)), routes.offsets[:-1])
    assert (running[inside] >= running[inside - 1]).all()
