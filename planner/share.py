"""A scenario in a link: what differs from the default one, as JSON, deflated, in letters for addresses.

Nothing of a machine travels: files named by a scenario are left out when a link is made, and a link that
names files is refused.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

from pydantic import ValidationError

from corridor.errors import Fault, InputError
from planner.scenario import Scenario

#: Characters of an encoded scenario: what browsers, chat programs and mail pass on whole.
MOST_CHARACTERS = 8192

#: Bytes of a scenario unpacked; deflate makes at most some thousandth of it.
MOST_BYTES = 262_144

#: Fields that name files of the machine they were made on.
OF_THE_MACHINE = ("network", "od_table", "link_counts")

_WHERE = "link"
_KEYS_NAMED, _KEY_LENGTH = 5, 40


def encode(scenario: Scenario) -> str:
    """Return a scenario as text for an address; empty for the default one.

    Parameters
    ----------
    scenario
        What to pass on; what :func:`untravelled` names is left out.

    Raises
    ------
    corridor.errors.InputError
        If it is too long for a link; the fault names the largest part.
    """
    content = scenario.model_dump(mode="json", exclude_defaults=True, exclude=set(OF_THE_MACHINE))
    if not content:
        return ""
    packed = zlib.compress(_json(content), 9)
    encoded = base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")
    if len(encoded) > MOST_CHARACTERS or len(_json(content)) > MOST_BYTES:
        largest = max(content, key=lambda name: len(_json(content[name])))
        what = f"too large for a link ({len(encoded)} characters); most of it is {largest}"
        raise InputError(Fault(what, _WHERE, "Pass the scenario on as a file"))
    return encoded


def decode(text: str) -> Scenario:
    """Return the scenario of a link.

    Raises
    ------
    corridor.errors.InputError
        For text that :func:`encode` cannot have made of a scenario.
    """
    if not text:
        return Scenario()
    if len(text) > MOST_CHARACTERS:
        raise _damaged()
    try:
        content = _content(text)
        named = [name for name in OF_THE_MACHINE if name in content]
        if named:
            what = f"it names files of another machine ({', '.join(named)}), and links open no files"
            raise InputError(Fault(what, _WHERE, "Bring the files in on this page"))
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise _invalid(error) from error
    except RecursionError as error:
        raise _damaged() from error


def untravelled(scenario: Scenario) -> tuple[str, ...]:
    """Return the fields of a scenario that no link carries, those it has."""
    return tuple(name for name in OF_THE_MACHINE if getattr(scenario, name) is not None)


def _json(content: Any) -> bytes:  # noqa: ANN401  any JSON
    """Return content as the shortest JSON."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _content(text: str) -> dict[str, Any]:
    """Return what the text of a link holds; it is never unpacked beyond :data:`MOST_BYTES`."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        unpacked = unpacking.decompress(packed, MOST_BYTES + 1)
        if not unpacking.eof or unpacking.unused_data or len(unpacked) > MOST_BYTES:
            raise _damaged()
        content = json.loads(unpacked)
    except (ValueError, zlib.error) as error:
        raise error if isinstance(error, InputError) else _damaged() from error
    if not isinstance(content, dict):
        raise _damaged()
    return content


def shown_word(word: str) -> str:
    """Return a word of an address as a message may show it: without what could be markup."""
    return re.sub(r"[^\w.-]", "?", word)[:_KEY_LENGTH] or "?"


def _damaged() -> InputError:
    """Return what to say of a link that holds no scenario."""
    mend = "Copy the whole link again, or have it sent once more"
    return InputError(Fault("it is cut off or changed", _WHERE, mend))


def _invalid(error: ValidationError) -> InputError:
    """Return what to say of a scenario that cannot be: its wrong keys, as far as they can be shown."""
    keys = dict.fromkeys(".".join(str(part) for part in detail["loc"]) for detail in error.errors())
    shown = [shown_word(key) for key in keys][:_KEYS_NAMED]
    what = f"its scenario cannot be read here: wrong or unknown {', '.join(shown)}"
    return InputError(Fault(what, _WHERE, "It may be of another version: have the scenario sent as a file"))
