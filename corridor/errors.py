"""Exceptions of the whole project: each message says what is wrong, where, and how to mend it.

Classes subclass builtins, so a caller who knows only Python can still catch them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class ChengyuError(Exception):
    """Base of all errors raised on purpose; the command line prints it without a traceback."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input.

    Parameters
    ----------
    what
        What is wrong, in one clause.
    where
        File, row, column or key.
    mend
        What the person can do about it.
    """

    what: str
    where: str = ""
    mend: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.mend}" if self.mend else text


class InputError(ChengyuError, ValueError):
    """Input does not fit its schema; carries every fault found, not only the first.

    Parameters
    ----------
    faults
        The faults, in the order they stand in the input.
    """

    def __init__(self, faults: Sequence[Fault] | Fault) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class InfeasibleError(ChengyuError, ValueError):
    """The question has no answer; the message says which requirement rules it out."""


class ReplayError(ChengyuError, RuntimeError):
    """A plan failed the independent replay: a served vehicle would run dry."""


class SolverError(ChengyuError, RuntimeError):
    """A solver failed to answer for a reason of its own."""
