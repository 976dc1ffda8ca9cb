r"""Hydrogen per road edge from the forces on a vehicle: a longitudinal model with a power limit.

On a piece of road of length :math:`l`, slope angle :math:`\alpha` and air density :math:`\rho`, a vehicle of
mass :math:`m` at speed :math:`v` needs at the wheels

.. math:: P_w = v\,(\tfrac12 \rho\, c_d A\, v^2 + m g\,(c_r \cos\alpha + \sin\alpha)),

from the fuel cell and the battery :math:`P = P_w / \eta + P_{aux}` if :math:`P_w > 0`, and
:math:`P = P_{aux} + r\,\eta\,P_w` if :math:`P_w < 0`, with drivetrain efficiency :math:`\eta` and the share
:math:`r` of braking that is recovered. An edge is a climb, a descent and, if it has neither, a level piece;
climb and descent have the same slope, :math:`(\text{climb} + \text{descent}) / l`.

Power limit. The fuel cell gives at most :math:`P_{max}(1 - \delta)`, :math:`\delta` the loss to altitude. The
battery adds its usable energy :math:`B` once per 20 km of climbing. Where that does not hold the speed of
the road, the vehicle slows down to the speed at which it does. Recovered energy first covers what the edge
needs; what is left is kept in the battery up to :math:`B` per 20 km, for the rest of the same edge only: no
edge gives hydrogen back, and the tank falls along every path.

Hydrogen is :math:`E / (\eta_{fc}(P / P_{max}) \cdot 33.33\ \text{kWh/kg})`, times a factor for stops, ramps
and varying speed. The efficiency map of the fuel cell is that of NREL's FASTSim [1]_, scaled for aging.

References
----------
.. [1] Brooker, A., Gonder, J., Wang, L., Wood, E., Lopp, S., & Ramroth, L. (2015). FASTSim: a model to
   estimate vehicle efficiency, cost and performance. SAE Technical Paper 2015-01-0973.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Lower heating value of hydrogen, kWh/kg.
KWH_PER_KG = 33.33

_GRAVITY = 9.80665
_SECONDS_PER_HOUR = 3600.0
_W_PER_KW = 1000.0
_KMH_PER_MS = 3.6

#: Share of rated power and efficiency (lower heating value) of the fuel cell system: FASTSim's H2FC map.
_LOAD = np.array([0.0, 0.005, 0.015, 0.04, 0.06, 0.10, 0.14, 0.20, 0.40, 0.60, 0.80, 1.0])
_EFFICIENCY = np.array([0.10, 0.30, 0.36, 0.45, 0.50, 0.56, 0.58, 0.60, 0.58, 0.57, 0.55, 0.54])

#: Below this share of rated power the battery drives and the fuel cell rests.
_LEAST_LOAD = 0.10

#: The battery's usable energy is there once per so many km.
_BUFFER_KM = 20.0

#: A vehicle that cannot climb at this speed cannot climb, km/h.
SLOWEST_KMH = 10.0

#: International standard atmosphere: density at sea level, kg/m3, and its fall with altitude.
_SEA_LEVEL_DENSITY = 1.225
_LAPSE_PER_M = 2.25577e-5
_LAPSE_EXPONENT = 4.2559

#: Halvings of the speed interval: 100 km/h / 2^40 is far below a micrometer per second.
_HALVINGS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What moves, in one state of loading.

    Parameters
    ----------
    mass_t
        Gross mass as driven.
    drag_area_m2
        Drag coefficient times frontal area.
    rolling
        Rolling resistance coefficient.
    auxiliary_kw
        Steering, air, cooling, cabin.
    fuel_cell_kw
        Rated net power of the fuel cell system at sea level.
    battery_kwh
        Usable energy of the buffer battery.
    top_speed_kmh
        The vehicle keeps to it where the road allows more.
    speed_factor
        Its speed relative to the road's, which is that of trucks.
    drivetrain
        Efficiency from fuel cell to wheels, 0-1.
    recovery
        Share of braking power at the wheels that is recovered, 0-1; the drivetrain's losses come on top.
    aging
        Efficiency of the fuel cell relative to a new one, 0-1.
    traffic_factor
        Hydrogen relative to steady driving, at least 1.
    derate_per_km
        Loss of fuel cell power per km of altitude above 1,000 m, 0-1.
    """

    mass_t: float
    drag_area_m2: float
    rolling: float
    auxiliary_kw: float
    fuel_cell_kw: float
    battery_kwh: float
    top_speed_kmh: float
    speed_factor: float
    drivetrain: float
    recovery: float
    aging: float
    traffic_factor: float
    derate_per_km: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Road:
    """What is driven on.

    Parameters
    ----------
    length_km, speed_kmh
        (n_edges,) float64; the speed traffic allows.
    climb_m, descent_m
        (n_edges,) float64, meters up and down along each edge; both at least 0.
    altitude_m
        (n_edges,) float64, mean above sea level.
    """

    length_km: NDArray[np.float64]
    speed_kmh: NDArray[np.float64]
    climb_m: NDArray[np.float64]
    descent_m: NDArray[np.float64]
    altitude_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EdgeEnergy:
    """What each vehicle needs on each edge.

    Parameters
    ----------
    kg
        (n_vehicles, n_edges) float64, hydrogen, at least 0.
    hours
        (n_vehicles, n_edges) float64, driving time.
    climbs
        (n_vehicles, n_edges) bool, False where the vehicle cannot hold ``SLOWEST_KMH`` uphill; the figures
        there are those of that speed.
    """

    kg: NDArray[np.float64]
    hours: NDArray[np.float64]
    climbs: NDArray[np.bool_]


def edge_energy(road: Road, vehicles: Sequence[Vehicle]) -> EdgeEnergy:
    """Return hydrogen and time of every vehicle on every edge.

    Parameters
    ----------
    road
        Edges.
    vehicles
        Vehicles, each in one state of loading.
    """
    fleet = _fleet(vehicles)
    return _driven(road, fleet, _pieces(road, fleet))


def both_ways(road: Road, vehicles: Sequence[Vehicle]) -> tuple[EdgeEnergy, EdgeEnergy]:
    """Return :func:`edge_energy` of every edge, and of the same road driven the other way.

    What goes up one way goes down the other at the same slope: the work of the pieces is done once.
    """
    fleet = _fleet(vehicles)
    pieces = _pieces(road, fleet)
    turned = replace(road, climb_m=road.descent_m, descent_m=road.climb_m)
    return _driven(road, fleet, pieces), _driven(turned, fleet, pieces)


def _fleet(vehicles: Sequence[Vehicle]) -> dict[str, NDArray[np.float64]]:
    """Return every quantity of the vehicles, (n_vehicles, 1) float64 by name."""
    return {
        name: np.array([getattr(vehicle, name) for vehicle in vehicles], dtype=np.float64)[:, None]
        for name in Vehicle.__slots__
    }


def _pieces(road: Road, fleet: dict[str, NDArray[np.float64]]) -> tuple[_Piece, _Piece, _Piece]:
    """Return each edge as a climb, as a descent of the same slope, and level."""
    meters = 1000.0 * road.length_km
    rise = road.climb_m + road.descent_m
    slope = np.minimum(np.divide(rise, meters, out=np.zeros_like(rise), where=meters > 0), 1.0)
    density = _air_density(road.altitude_m)
    rated_w = _W_PER_KW * fleet["fuel_cell_kw"]
    most_w = rated_w * _altitude_factor(road.altitude_m, fleet["derate_per_km"])
    speed = np.minimum(road.speed_kmh * fleet["speed_factor"], fleet["top_speed_kmh"]) / _KMH_PER_MS
    return (
        _Piece(fleet, density, slope, speed, most_w),
        _Piece(fleet, density, -slope, speed, most_w),
        _Piece(fleet, density, np.zeros_like(slope), speed, most_w),
    )


def _driven(
    road: Road, fleet: dict[str, NDArray[np.float64]], pieces: tuple[_Piece, _Piece, _Piece]
) -> EdgeEnergy:
    """Return what a road takes whose edges are made of these pieces."""
    meters = 1000.0 * road.length_km
    rise = road.climb_m + road.descent_m
    up_share = np.divide(road.climb_m, rise, out=np.zeros_like(rise), where=rise > 0)
    down_share = np.divide(road.descent_m, rise, out=np.zeros_like(rise), where=rise > 0)
    shape = pieces[0].speed.shape
    hours, used, spared, weighted = (np.zeros(shape) for _ in range(4))
    climbs = np.ones(shape, dtype=np.bool_)
    for share, piece in zip((up_share, down_share, 1.0 - up_share - down_share), pieces, strict=True):
        time_h = share * meters / piece.speed / _SECONDS_PER_HOUR
        hours += time_h
        power_kw = piece.power_w / _W_PER_KW
        used += time_h * np.maximum(power_kw, 0.0)
        spared += time_h * np.maximum(-power_kw, 0.0)
        weighted += time_h * np.maximum(power_kw, 0.0) / piece.efficiency
        climbs &= piece.holds | (share == 0.0)
    # Recovered energy beyond what auxiliaries take at once serves the rest of the edge, within the battery.
    kept = np.minimum(spared, fleet["battery_kwh"] * np.maximum(road.length_km / _BUFFER_KM, 1e-9))
    left = np.divide(np.maximum(used - kept, 0.0), used, out=np.zeros_like(used), where=used > 0)
    kg = fleet["traffic_factor"] * weighted * left / (fleet["aging"] * KWH_PER_KG)
    return EdgeEnergy(kg=kg, hours=hours, climbs=climbs)


class _Piece:
    """A climb, a descent or a level piece of every edge, at the speed each vehicle holds there."""

    __slots__ = ("efficiency", "holds", "power_w", "speed")

    def __init__(
        self,
        fleet: dict[str, NDArray[np.float64]],
        density: NDArray[np.float64],
        slope: NDArray[np.float64],
        speed: NDArray[np.float64],
        most_w: NDArray[np.float64],
    ) -> None:
        drag = 0.5 * density * fleet["drag_area_m2"]
        along = slope / np.sqrt(1.0 + slope**2)
        across = 1.0 / np.sqrt(1.0 + slope**2)
        steady = 1000.0 * fleet["mass_t"] * _GRAVITY * (fleet["rolling"] * across + along)
        # The battery's energy per meter, a force: it helps as far as it goes, at any speed.
        buffer = fleet["battery_kwh"] * _W_PER_KW * _SECONDS_PER_HOUR / (1000.0 * _BUFFER_KM)
        able_w = most_w - _W_PER_KW * fleet["auxiliary_kw"]

        # Power lacking at speed v is v (drag v^2 + net) / drivetrain - able, W: net of the battery's force.
        net = steady - buffer * fleet["drivetrain"]

        def lacking(v: NDArray[np.float64]) -> NDArray[np.float64]:
            """Return traction power beyond what fuel cell and battery give at a speed, W."""
            return np.asarray(v * (drag * v**2 + net) / fleet["drivetrain"] - able_w, dtype=np.float64)

        slowest = np.minimum(speed, SLOWEST_KMH / _KMH_PER_MS)
        self.holds: NDArray[np.bool_] = lacking(slowest) <= 0.0
        self.speed: NDArray[np.float64] = np.where(lacking(speed) <= 0.0, speed, slowest)
        limited = np.nonzero(self.holds & (self.speed < speed))
        if len(limited[0]):
            parts = (drag, net, fleet["drivetrain"], able_w, slowest, speed)
            cells = (np.broadcast_to(part, speed.shape)[limited] for part in parts)
            self.speed[limited] = _held_speed(*cells)
        wheel_w = self.speed * (drag * self.speed**2 + steady)
        driving, braking = np.maximum(wheel_w, 0.0), np.minimum(wheel_w, 0.0)
        self.power_w: NDArray[np.float64] = (
            driving / fleet["drivetrain"]
            + fleet["recovery"] * fleet["drivetrain"] * braking
            + _W_PER_KW * fleet["auxiliary_kw"]
        )
        load = np.clip(self.power_w / (_W_PER_KW * fleet["fuel_cell_kw"]), _LEAST_LOAD, 1.0)
        self.efficiency: NDArray[np.float64] = np.interp(load, _LOAD, _EFFICIENCY)


def _held_speed(
    drag: NDArray[np.float64],
    net: NDArray[np.float64],
    drivetrain: NDArray[np.float64],
    able_w: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(n,) float64: the highest speed in m/s, between one that holds and one that does not, that holds."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        fine = middle * (drag * middle**2 + net) / drivetrain <= able_w
        low, high = np.where(fine, middle, low), np.where(fine, high, middle)
    return low


def _air_density(altitude_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) float64: density of the standard atmosphere, kg/m3."""
    base = np.maximum(1.0 - _LAPSE_PER_M * altitude_m, 0.0)
    return np.asarray(_SEA_LEVEL_DENSITY * base**_LAPSE_EXPONENT, dtype=np.float64)


def _altitude_factor(
    altitude_m: NDArray[np.float64], derate_per_km: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n_vehicles, n) float64: share of rated power the thin air leaves."""
    above_km = np.maximum(altitude_m - 1000.0, 0.0) / 1000.0
    return np.asarray(np.clip(1.0 - derate_per_km * above_km, 0.0, 1.0), dtype=np.float64)
