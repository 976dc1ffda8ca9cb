"""What the location models on a cost or distance matrix share: fates of sites, checks, and the answer.

Sets
    i in I      customers (rows)
    j in J      sites (columns)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import Fault, InfeasibleError, InputError
from siting.watch import limit_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from siting.certificate import Certificate

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: Customers named in a message; more are counted.
_NAMED = 5
#: Distances are compared with a radius stretched by this share: the last digits of a sum do not decide.
RADIUS_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationSolution:
    """Sites chosen, who goes where, and what was proven.

    Parameters
    ----------
    stations
        (n,) int64, all open sites, existing ones included, ascending; empty without a solution.
    new
        (n_new,) int64, those that do not exist yet, ascending.
    customer, site, share
        (k,) int64, int64, float64: `share` of what customer `customer` asks for comes from `site`. A customer
        served by one site has one row with share 1, a customer not served has none. By customer, then site.
    certificate
        What was proven.
    """

    stations: Indices
    new: Indices
    customer: Indices
    site: Indices
    share: Floats
    certificate: Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFates:
    """Sites whose fate is settled and those to decide on: int64 indices, ascending, disjoint.

    Parameters
    ----------
    existing, locked, forbidden
        Open anyhow, must be chosen, must not be chosen.
    free
        All others.
    """

    existing: Indices
    locked: Indices
    forbidden: Indices
    free: Indices

    @property
    def standing(self) -> Indices:
        """Sites open in any case."""
        return np.union1d(self.existing, self.locked).astype(np.int64)

    def solution(
        self, chosen: Indices, *, assigned: tuple[Indices, Indices, Floats], certificate: Certificate
    ) -> LocationSolution:
        """Return the answer with these free sites opened."""
        new = np.union1d(self.locked, chosen).astype(np.int64)
        customer, site, share = assigned
        return LocationSolution(
            stations=np.union1d(self.existing, new).astype(np.int64),
            new=new,
            customer=customer,
            site=site,
            share=share,
            certificate=certificate,
        )

    def no_solution(self, certificate: Certificate) -> LocationSolution:
        """Return the answer of a solve that was stopped before it had any."""
        nothing = np.empty(0, dtype=np.int64)
        return LocationSolution(
            stations=nothing,
            new=nothing,
            customer=nothing,
            site=nothing,
            share=np.empty(0),
            certificate=certificate,
        )


def settled_sites(
    n_sites: int,
    *,
    existing: Sequence[int] | Indices = (),
    locked: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    most: int | None = None,
) -> SiteFates:
    """Check and sort out the fates of sites.

    Parameters
    ----------
    n_sites
        Number of sites.
    existing, locked, forbidden
        Site indices.
    most
        Most new sites; None for any number.

    Raises
    ------
    InputError
        Unknown sites, a negative number.
    InfeasibleError
        A site both locked and forbidden, more sites locked than `most`, more asked for than there are.
    """
    given = (("existing", existing), ("locked", locked), ("forbidden", forbidden))
    sets = {name: np.unique(np.asarray(sites, dtype=np.int64)) for name, sites in given}
    faults = [
        Fault(f"site {site} is not one of the {n_sites} sites", name, "Count sites from 0")
        for name, sites in sets.items()
        for site in sites[(sites < 0) | (sites >= n_sites)].tolist()
    ]
    if most is not None and most < 0:
        faults.append(Fault(f"{most} is not a number of stations", "stations", "Give 0 or more"))
    if faults:
        raise InputError(faults)
    locked_new = np.setdiff1d(sets["locked"], sets["existing"])
    barred = np.setdiff1d(sets["forbidden"], sets["existing"])
    if (clash := np.intersect1d(locked_new, barred)).size:
        raise InfeasibleError(f"sites {clash.tolist()} are both locked and forbidden")
    if most is not None and len(locked_new) > most:
        raise InfeasibleError(
            f"{len(locked_new)} sites are locked, but at most {most} new stations are allowed"
        )
    open_or_barred = np.concatenate([sets["existing"], locked_new, barred])
    free = np.setdiff1d(np.arange(n_sites), open_or_barred).astype(np.int64)
    return SiteFates(existing=sets["existing"], locked=locked_new, forbidden=barred, free=free)


def check_matrix(name: str, matrix: Floats) -> list[Fault]:
    """List what is wrong with a cost or distance matrix; infinite says that a site cannot serve."""
    if matrix.ndim != 2:  # noqa: PLR2004 - a matrix has two
        return [Fault(f"{matrix.ndim} dimensions", name, "Give customers x sites")]
    faults = []
    if np.isnan(matrix).any():
        faults.append(Fault("holds values that are not numbers", name, "Write inf where there is no way"))
    if (matrix < 0.0).any():
        faults.append(Fault("holds negative values", name))
    return faults


def check_amounts(name: str, values: Floats, n: int, *, infinite: bool = False) -> list[Fault]:
    """List what is wrong with n amounts that must not be negative."""
    if values.shape != (n,):
        return [Fault(f"shape {values.shape}, not ({n},)", name)]
    if np.isnan(values).any() or (values < 0.0).any() or (np.isinf(values).any() and not infinite):
        wanted = "not negative" if infinite else "finite and not negative"
        return [Fault(f"values must be {wanted}", name)]
    return []


def raise_faults(faults: list[Fault], *, gap: float, time_limit_s: float) -> None:
    """Raise the faults found together with those of the limits."""
    if found := [*faults, *limit_faults(gap=gap, time_limit_s=time_limit_s)]:
        raise InputError(found)


def check_reach(matrix: Floats, sites: Indices, customers: Indices) -> None:
    """Raise when some customer can be served by none of the sites.

    Raises
    ------
    InfeasibleError
        Naming the first such customers.
    """
    alone = customers[~np.isfinite(matrix[np.ix_(customers, sites)]).any(axis=1)]
    if alone.size:
        raise UnreachableError(
            f"{alone.size} of {len(customers)} customers can reach no site that may be open: {listed(alone)}",
            customers=tuple(alone.tolist()),
        )


def listed(indices: Indices) -> str:
    """Name the first few."""
    return ", ".join(map(str, indices[:_NAMED].tolist())) + (", ..." if indices.size > _NAMED else "")


class UnreachableError(InfeasibleError):
    """Customers that no site that may be open can serve.

    Parameters
    ----------
    message
        Says so, by index.
    customers
        Their indices, ascending.
    """

    def __init__(self, message: str, *, customers: tuple[int, ...]) -> None:
        super().__init__(message)
        self.customers = customers


def nearest(matrix: Floats, stations: Indices, customers: Indices) -> tuple[Indices, Indices, Floats]:
    """Assign each customer to its nearest open site, the lowest index of equal ones.

    Returns
    -------
    customer, site, share
        As in `LocationSolution`; customers that reach none are left out.
    """
    if not stations.size or not customers.size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    part = matrix[np.ix_(customers, stations)]
    best = part.argmin(axis=1)
    reached = np.isfinite(part[np.arange(len(customers)), best])
    return customers[reached], stations[best[reached]], np.ones(int(reached.sum()))


def first_cover(rows: sparse.csr_array, stations: Indices) -> tuple[Indices, Indices, Floats]:
    """Assign each customer to the first open site that covers it, given (n_customers, n_sites) 0/1 rows."""
    part = sparse.csr_array(rows[:, stations])
    part.sort_indices()
    customer = np.flatnonzero(np.diff(part.indptr) > 0).astype(np.int64)
    return customer, stations[part.indices[part.indptr[customer]]], np.ones(len(customer))
