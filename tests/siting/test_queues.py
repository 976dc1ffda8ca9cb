"""Waiting times against exact queues: states summed, Pollaczek-Khinchine, Erlang's M/D/1."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors import InputError
from siting.queues import (
    Queue,
    buffer_needed,
    design_hour,
    least_servers,
    mean_wait,
    wait_quantile,
    waiting_share,
)


def queue(per_hour, service_min, cv):
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, float)) for x in (per_hour, service_min, cv)))
    return Queue(arrivals_per_hour=arrays[0], service_min=arrays[1], service_cv=arrays[2])


def states(offered, servers, n=4000):
    """Return the shares of time with 0 ... n vehicles in M/M/c, from the balance of births and deaths."""
    steps = np.log(offered / np.minimum(np.arange(1, n + 1), servers))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    weight = np.exp(logs - logs.max())
    return weight / weight.sum()


@pytest.mark.parametrize(
    ("offered", "servers", "expected"),
    # Fractions from the closed sums: a one-server queue waits rho; 1/3, 4/9 are in any text on M/M/2, M/M/3.
    [(0.6, 1, 0.6), (1.0, 2, 1 / 3), (2.0, 3, 4 / 9), (8.0, 10, 0.4092)],
)
def test_erlang_c_has_its_tabulated_values(offered, servers, expected):
    found = waiting_share(np.array([offered]), np.array([servers]))
    assert found[0] == pytest.approx(expected, abs=5e-5)


@given(rho=st.floats(0.01, 0.97), servers=st.integers(1, 30))
def test_erlang_c_is_the_sum_of_the_states_with_all_busy(rho, servers):
    share = states(rho * servers, servers)
    found = waiting_share(np.array([rho * servers]), np.array([servers]))
    assert found[0] == pytest.approx(share[servers:].sum(), rel=1e-9)


@pytest.mark.parametrize(("rho", "servers"), [(0.3, 1), (0.7, 2), (0.9, 4), (0.55, 8)])
def test_with_exponential_times_mean_and_quantile_are_exact(rho, servers):
    offered, service = rho * servers, 7.0
    q, c = queue(offered * 60 / service, service, 1.0), np.array([servers])
    share = states(offered, servers)
    in_line = (np.arange(len(share)) - servers).clip(0) @ share
    assert mean_wait(q, c)[0] == pytest.approx(in_line * service / offered, rel=1e-9)  # Little
    t = wait_quantile(q, c, share=0.95)[0]
    if t == 0.0:
        assert share[servers:].sum() <= 0.05
        return
    # Who finds k in the system waits for k - c + 1 departures: an Erlang time; 5 % wait longer than t.
    passed = servers / service * t
    stages = np.cumsum([math.exp(-passed + i * math.log(passed) - math.lgamma(i + 1)) for i in range(800)])
    assert share[servers : servers + 800] @ stages == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize("rho", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("cv", [0.0, 0.4, 1.6])
def test_one_dispenser_waits_as_pollaczek_and_khinchine_say(rho, cv):
    service = 12.0
    arrivals = rho / service
    second_moment = service**2 * (1 + cv**2)
    exact = arrivals * second_moment / (2 * (1 - rho))
    assert mean_wait(queue(arrivals * 60, service, cv), np.array([1]))[0] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("rho", "tolerance"), [(0.2, 0.02), (0.3, 0.2), (0.5, 0.13), (0.7, 0.08), (0.9, 0.03)]
)
def test_the_quantile_comes_near_erlangs_exact_one_of_fixed_times(rho, tolerance):
    """Erlang 1909: P(W <= t) = (1 - rho) sum_k (rho (k - t))^k exp(rho (t - k)) / k!, k = 0 ... floor(t)."""

    def reached(t):
        terms = [
            (rho * (k - t)) ** k * math.exp(rho * (t - k)) / math.factorial(k) for k in range(int(t) + 1)
        ]
        return (1 - rho) * sum(terms)

    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if reached(middle) < 0.95 else (low, middle)
    found = wait_quantile(queue(rho * 60, 1.0, 0.0), np.array([1]), share=0.95)[0]
    assert high <= found <= high * (1 + tolerance)  # never too short


@given(
    per_hour=st.floats(0.0, 60.0), service=st.floats(1.0, 30.0), cv=st.floats(0.0, 2.0), n=st.integers(1, 12)
)
def test_more_dispensers_never_make_anybody_wait_longer(per_hour, service, cv, n):
    q = queue([per_hour] * n, service, cv)
    waits = wait_quantile(q, np.arange(1, n + 1))
    means = mean_wait(q, np.arange(1, n + 1))
    assert all(after <= before for before, after in itertools.pairwise(waits))
    assert all(after <= before * (1 + 1e-9) for before, after in itertools.pairwise(means))


@given(st.lists(st.floats(0.0, 120.0), min_size=1, max_size=5), st.floats(0.0, 30.0))
def test_the_least_number_holds_the_target_and_one_fewer_does_not(per_hour, target):
    q = queue(per_hour, 9.0, 0.3)
    least = least_servers(q, target_min=target)
    came = q.arrivals_per_hour > 0.0
    assert (least[~came] == 0).all()
    assert (wait_quantile(q, np.maximum(least, 1)) <= target).all()
    fewer = least - 1
    some = fewer > 0
    too_few = wait_quantile(queue(q.arrivals_per_hour[some], 9.0, 0.3), fewer[some])
    assert (too_few > target).all()


def test_without_vehicles_nobody_waits_and_too_many_wait_forever():
    q = queue([0.0, 12.0], 10.0, 0.5)
    assert wait_quantile(q, np.array([1, 2])).tolist() == [0.0, math.inf]
    assert mean_wait(q, np.array([1, 2])).tolist() == [0.0, math.inf]
    assert wait_quantile(queue(0.0, 0.0, 0.0), np.array([0])).tolist() == [0.0]


def test_the_design_hour_is_counted_down_from_the_busiest():
    load = np.zeros((2, 2, 24))
    load[0, 0, 9], load[0, 1, 20], load[0, 1, 7] = 5.0, 4.0, 3.0  # 20 + 10 + 10 hours a year
    load[1, 1, 3] = 1.0
    days = np.array([20.0, 10.0])
    for rank, kind, hour in ((1, 0, 9), (20, 0, 9), (21, 1, 20), (30, 1, 20), (31, 1, 7)):
        kinds, hours = design_hour(load, days, rank=rank)
        assert (kinds[0], hours[0]) == (kind, hour)
    assert tuple(each[1] for each in design_hour(load, days, rank=10)) == (1, 3)
    design_hour(load, days, rank=10_000)
    with pytest.raises(InputError, match="rank"):
        design_hour(load, days, rank=0)


def test_a_buffer_bridges_the_hours_that_sell_more_than_comes_in():
    sold = np.zeros((3, 24))
    sold[0] = 10.0  # even: nothing to bridge
    sold[1, 12] = 240.0  # 10 kg/h come in, all is sold at noon: 230 kg must be there beyond that hour's 10
    sold[2, [6, 18]] = 120.0  # two peaks: half of it
    assert buffer_needed(sold) == pytest.approx([0.0, 230.0, 110.0])


@given(st.lists(st.floats(0.0, 100.0), min_size=24, max_size=24))
def test_a_tank_of_the_buffer_never_runs_dry_nor_over(sold):
    sold = np.array(sold)
    size = buffer_needed(sold[None, :])[0]
    level = np.concatenate([[0.0], np.cumsum(np.tile(sold.mean() - sold, 3))])
    level -= level.min()
    assert level.max() <= size + 1e-6


def test_bad_traffic_is_named_together():
    with pytest.raises(InputError) as caught:
        queue(-1.0, math.inf, 0.0)
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="waiting time"):
        least_servers(queue(1.0, 1.0, 1.0), target_min=-1.0)
    with pytest.raises(InputError, match="at once"):
        least_servers(queue(1e9, 60.0, 1.0), target_min=1.0)
