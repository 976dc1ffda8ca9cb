r"""Forms of a hydrogen station: stand-alone, combined with a fuel station, or skid-mounted.

Formulation
-----------
Sets
    j in J      sites
    m in M      sizes (modules), ascending
    f in F      forms, in the order of ``FORMS``
Parameters
    K_m, A_m    investment and footprint of a stand-alone station of a size
    k_f, a_f, w_f   investment, footprint and staff of a form over those of a stand-alone station
    c, o        what 1 of investment costs a year: capital (an annuity, less residual value), fixed operation
    W, L        staff of a stand-alone station, and a square meter of land, a year
Annualized cost of a form
    C_mf = (c + o) k_f K_m + w_f W + a_f A_m L
Chosen form
    f*(j,m) = argmin { C_mf : f is possible at j and as large as m }, the first one of equal ones

What a station sells, buys and draws from the grid is the same in every form and has no influence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Forms, in the order that decides between equal costs: 单建 stand-alone, 合建 combined, 撬装 skid-mounted.
FORMS = ("standalone", "combined", "skid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What sets a form of station apart from a stand-alone one of the same size.

    Parameters
    ----------
    name
        One of ``FORMS``.
    capex_factor, staff_factor, footprint_factor
        Over those of a stand-alone station, 0 or more.
    most_kg_per_day
        Largest size it is built in.
    kinds
        Kinds of sites where it is possible; None: at all.
    """

    name: str
    capex_factor: float = 1.0
    staff_factor: float = 1.0
    footprint_factor: float = 1.0
    most_kg_per_day: float = np.inf
    kinds: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StandAlone:
    """What stand-alone stations of each size take, and what that costs a year.

    Parameters
    ----------
    kg_per_day
        (n_modules,) float64, sizes, ascending.
    capex_wan_cny, footprint_m2
        (n_modules,) float64, investment without land, and land.
    capital_share, fixed_opex_share
        Over the investment, 1/a: capital less residual value, and fixed operation.
    staff_wan_cny_per_year
        Of one station.
    land_wan_cny_per_m2_year
        Price of land; 0: not priced.
    """

    kg_per_day: Floats
    capex_wan_cny: Floats
    footprint_m2: Floats
    capital_share: float
    fixed_opex_share: float
    staff_wan_cny_per_year: float
    land_wan_cny_per_m2_year: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StationOptions:
    """The cheapest possible form of each size at each site.

    Parameters
    ----------
    kg_per_day
        (n_modules,) float64, sizes.
    form
        (n_sites, n_modules) str, one of ``FORMS``.
    capex_wan_cny, footprint_m2
        (n_sites, n_modules) float64, investment without land, and land.
    opex_wan_cny_per_year
        (n_sites, n_modules) float64: fixed operation, staff and land.
    annual_wan_cny
        (n_sites, n_modules) float64, that and the capital.
    """

    kg_per_day: Floats
    form: NDArray[np.str_]
    capex_wan_cny: Floats
    opex_wan_cny_per_year: Floats
    footprint_m2: Floats
    annual_wan_cny: Floats

    def check_rising(self) -> None:
        """Refuse sizes that cost less than smaller ones: a question of cost would never build the smaller.

        Raises
        ------
        corridor.errors.InputError
            With a fault per size and kind of cost that falls somewhere.
        """
        faults = []
        for name in ("capex_wan_cny", "annual_wan_cny"):
            cost = getattr(self, name)
            falls = (np.diff(cost, axis=1) < 0.0).any(axis=0)
            for size in np.flatnonzero(falls):
                small, large = self.kg_per_day[size : size + 2]
                what = f"a station of {large:g} kg/d costs less than one of {small:g} kg/d ({name})"
                mend = f"Raise station.{large:g}.capex_wan_cny or lower station.{small:g}.capex_wan_cny"
                faults.append(Fault(what, f"station.{large:g}", mend))
        if faults:
            raise InputError(faults)


def station_options(kind: Sequence[str], stand_alone: StandAlone, forms: Sequence[Form]) -> StationOptions:
    """Choose the form with the least annualized cost for every site and size.

    Parameters
    ----------
    kind
        (n_sites,) kind of each site.
    stand_alone
        Sizes and their cost.
    forms
        Those that may be built, the first one of equal ones wins.

    Returns
    -------
    StationOptions
        Arrays (n_sites, n_modules).

    Raises
    ------
    corridor.errors.InputError
        If a size cannot be built in any form somewhere.
    """
    factors = np.array([[form.capex_factor, form.staff_factor, form.footprint_factor] for form in forms])
    capex = np.outer(factors[:, 0], stand_alone.capex_wan_cny)
    footprint = np.outer(factors[:, 2], stand_alone.footprint_m2)
    opex = (
        stand_alone.fixed_opex_share * capex
        + (stand_alone.staff_wan_cny_per_year * factors[:, 1])[:, None]
        + stand_alone.land_wan_cny_per_m2_year * footprint
    )
    annual = opex + stand_alone.capital_share * capex
    possible = _possible(kind, stand_alone.kg_per_day, forms)
    chosen = np.where(possible, annual, np.inf).argmin(axis=1)
    size = np.arange(len(stand_alone.kg_per_day))
    names = np.array([form.name for form in forms], dtype=np.str_)
    return StationOptions(
        kg_per_day=stand_alone.kg_per_day,
        form=names[chosen],
        capex_wan_cny=capex[chosen, size],
        opex_wan_cny_per_year=opex[chosen, size],
        footprint_m2=footprint[chosen, size],
        annual_wan_cny=annual[chosen, size],
    )


def _possible(kind: Sequence[str], kg_per_day: Floats, forms: Sequence[Form]) -> NDArray[np.bool_]:
    """Tell where and how large each form can be built: (n_sites, n_forms, n_modules)."""
    kinds = np.array(kind, dtype=np.str_)
    here = np.ones((len(forms), len(kinds)), dtype=np.bool_)
    for row, form in zip(here, forms, strict=True):
        if form.kinds is not None:
            row[:] = np.isin(kinds, sorted(form.kinds))
    fits = np.array([kg_per_day <= form.most_kg_per_day for form in forms])
    possible: NDArray[np.bool_] = here.T[:, :, None] & fits[None, :, :]
    none: NDArray[np.bool_] = ~np.any(possible, axis=1)
    if none.any():
        faults = [
            Fault(
                f"no form of station of {kg_per_day[size]:g} kg/d is possible at sites of kind {name}",
                "station.form",
                "Allow stand-alone stations",
            )
            for size in np.flatnonzero(none.any(axis=0))
            for name in np.unique(kinds[none[:, size]])
        ]
        raise InputError(faults)
    return possible
