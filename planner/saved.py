"""Scenarios kept by name: one TOML file each, in the folder of the stored plans.

Any name a person types is a name; the file is called after it as far as file systems allow, and after a hash
of it, so that no two names share a file and no name leads anywhere else.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import tomllib
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.errors import Fault, InputError
from planner.inputs import load_inputs
from planner.scenario import Scenario, read_toml, to_toml, validated
from planner.share import OF_THE_MACHINE
from planner.store import store_directory
from planner.trip_files import KINDS, TripFile, taken

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Characters of a name, as of a scenario.
LONGEST_NAME = 80

#: Bytes of a scenario file brought in; one with ten thousand added sites has half of it.
MOST_BYTES = 5_000_000

_FOLDER = "scenarios"
_HASH_LENGTH, _WORDS_LENGTH = 16, 40


def folder() -> Path:
    """Return where scenarios are kept."""
    return store_directory() / _FOLDER


def plain_name(name: str) -> str:
    """Return a name as it is kept: composed letters, single spaces.

    Raises
    ------
    corridor.errors.InputError
        For a name that is empty, too long, or holds what cannot be shown.
    """
    words = " ".join(unicodedata.normalize("NFC", name).split())
    if not words:
        raise InputError(Fault("the name is empty", "name", "Give the scenario a name"))
    if len(words) > LONGEST_NAME or not words.isprintable():
        what = f"the name is longer than {LONGEST_NAME} characters or holds some that cannot be shown"
        raise InputError(Fault(what, "name", "Shorten it"))
    return words


def save(name: str, scenario: Scenario, *, overwrite: bool = False) -> bool:
    """Keep a scenario under a name; return whether it is kept, false if there is one and it may not go.

    Parameters
    ----------
    name
        Any that :func:`plain_name` takes; the scenario bears it from now on.
    scenario
        What to keep.
    overwrite
        Whether a scenario of that name is replaced.

    Raises
    ------
    corridor.errors.InputError
        For a name that is none, or a folder that cannot be written to.
    """
    words = plain_name(name)
    path = _path(words)
    if path.exists() and not overwrite:
        return False
    content = to_toml(scenario.model_copy(update={"name": words})).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".draft-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(draft).chmod(0o644)
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        mend = "Check the folder, or set CHENGYU_STORE"
        raise InputError(Fault(f"cannot be written ({error})", words, mend)) from error
    return True


def names() -> tuple[str, ...]:
    """Return the names of the scenarios kept, the one last saved first; other files are passed over."""
    found = sorted(_kept(), key=lambda each: (-each[0], each[1]))
    return tuple(name for _, name in found)


def open_named(name: str) -> Scenario:
    """Return the scenario kept under a name.

    Raises
    ------
    corridor.errors.InputError
        If there is none any more, or its file was damaged.
    """
    words = plain_name(name)
    path = _path(words)
    if not path.is_file():
        raise InputError(Fault("no scenario of this name is kept", words, "It may have been deleted"))
    return validated(read_toml(path), where=words)


def delete(name: str) -> None:
    """Let a scenario go; one that is not there is gone already."""
    _path(plain_name(name)).unlink(missing_ok=True)


def as_file(scenario: Scenario) -> bytes:
    """Return a scenario as a TOML file."""
    return to_toml(scenario).encode()


def own_files(scenario: Scenario) -> tuple[TripFile, ...]:
    """Return the files of own trips and counts that a scenario names, as the page shows them.

    Raises
    ------
    corridor.errors.InputError
        If one or the road network was deleted, or one is not sound on the roads of the scenario.
    """
    if scenario.network is not None and not Path(scenario.network).exists():
        what = "its road network was deleted"
        raise InputError(Fault(what, scenario.name, "Bring the roads in again"))
    found = []
    for kind in KINDS:
        given = getattr(scenario, kind)
        if given is None:
            continue
        path = Path(given)
        if not path.is_file():
            raise InputError(Fault("there is no such file", path.name, "Bring the file in again"))
        found.append(taken(kind, path.name, path.read_bytes(), inputs=load_inputs(scenario)))
    return tuple(found)


def from_file(file_name: str, content: bytes) -> Scenario:
    """Return the scenario of a TOML file that comes without a path.

    Files that it names are opened only where this page keeps what was brought in.

    Parameters
    ----------
    file_name
        What faults call it.
    content
        The file.

    Raises
    ------
    corridor.errors.InputError
        With one fault per wrong key or value.
    """
    if len(content) > MOST_BYTES:
        mend = "Check that it is the file of a scenario"
        raise InputError(Fault(f"the file is larger than {MOST_BYTES // 1_000_000} MB", file_name, mend))
    try:
        read = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
        scenario = validated(read, where=file_name)
    except UnicodeDecodeError as error:
        raise InputError(Fault("the file is not UTF-8", file_name, "Save it as UTF-8")) from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(Fault(f"not valid TOML: {error}", file_name, "Correct that line")) from error
    except RecursionError as error:
        raise InputError(Fault("tables lie in tables without end", file_name, "Correct the file")) from error
    strange = [key for key in OF_THE_MACHINE if not _is_ours(getattr(scenario, key))]
    if strange:
        mend = "Bring the file in on this page, or take the key out"
        raise InputError(
            [Fault(f"{key} names a file that this page does not keep", file_name, mend) for key in strange]
        )
    return scenario


def _is_ours(path: str | None) -> bool:
    """Whether a file lies where this page keeps what was brought in."""
    if path is None:
        return True
    try:
        return Path(path).resolve().is_relative_to(store_directory().resolve())
    except (OSError, ValueError, RuntimeError):
        return False


def _path(words: str) -> Path:
    """Return the file of a name."""
    shown = re.sub(r"\W+", "-", words)[:_WORDS_LENGTH].strip("-")
    digest = hashlib.sha256(words.encode()).hexdigest()[:_HASH_LENGTH]
    return folder() / f"{shown}-{digest}.toml".lstrip("-")


def _kept() -> Iterator[tuple[float, str]]:
    """Give time of the last change and name of every scenario kept."""
    for path in folder().glob("*.toml"):
        try:
            name = read_toml(path).get("name")
            changed = path.stat().st_mtime
            if isinstance(name, str) and path == _path(plain_name(name)):
                yield changed, name
        except (OSError, InputError):
            continue
