"""What every command of the terminal does alike: errors as messages with an exit code, results as one JSON.

Exit codes: 0 done, 2 faulty input, 3 no answer exists, 1 a fault of the program or a failed replay, 130
stopped by the person.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from corridor.errors import ChengyuError, Fault, InfeasibleError, InputError
from planner.progress import Stopped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.progress import Progress

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]

_EXIT_FAULT, _EXIT_INPUT, _EXIT_INFEASIBLE, EXIT_STOPPED = 1, 2, 3, 130


@contextmanager
def reported(*, as_json: bool) -> Iterator[None]:
    """Turn errors raised on purpose into a message and an exit code, never a traceback."""
    try:
        yield
    except (KeyboardInterrupt, Stopped):
        _leave("stopped; nothing was written", [], EXIT_STOPPED, as_json=as_json)
    except InputError as error:
        _leave(str(error), list(error.faults), _EXIT_INPUT, as_json=as_json)
    except InfeasibleError as error:
        _leave(str(error), [], _EXIT_INFEASIBLE, as_json=as_json)
    except ChengyuError as error:
        _leave(str(error), [], _EXIT_FAULT, as_json=as_json)


def refuse(error: InputError, content: Mapping[str, Any], *, as_json: bool) -> NoReturn:
    """Leave as for faulty input, but with what was found out beside the error in the one JSON object."""
    _leave(str(error), list(error.faults), _EXIT_INPUT, as_json=as_json, content=content)


def leave_infeasible(reason: str) -> NoReturn:
    """Leave as for a question without answer, whose JSON was printed already."""
    _leave(reason, [], _EXIT_INFEASIBLE, as_json=False)


def _leave(
    message: str,
    faults: list[Fault],
    code: int,
    *,
    as_json: bool,
    content: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Say why on stderr (and as JSON on stdout if asked), then exit."""
    for line in message.splitlines():
        typer.echo(f"chengyu: {line}", err=True)
    if as_json:
        details = [{"what": f.what, "where": f.where, "mend": f.mend} for f in faults]
        error = {"error": {"message": message, "faults": details, "exit_code": code}}
        print_json(dict(content or {}) | error)
    raise typer.Exit(code)


def say(progress: Progress) -> None:
    """Print one line of progress on stderr."""
    from planner.objective import unit  # noqa: PLC0415  the command line starts without numpy

    figures = ""
    if progress.incumbent is not None and progress.gap is not None:
        figures = (
            f"  incumbent {progress.incumbent:,.0f}  bound {progress.bound:,.0f} "
            f"{unit(progress.objective, 'en')}  gap {progress.gap:.2%}"
        )
    typer.echo(f"[{progress.seconds:6.1f} s] {progress.stage:<8} {progress.message}{figures}", err=True)


def print_json(content: Any) -> None:  # noqa: ANN401  any JSON-like value
    """Print one JSON object, whatever the terminal's encoding."""
    sys.stdout.buffer.write(json.dumps(content, ensure_ascii=False, allow_nan=False).encode() + b"\n")
    sys.stdout.buffer.flush()
