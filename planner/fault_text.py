"""What is wrong, in the language of the page.

Faults speak English. The English catalogue holds their sentences with placeholders; what matches one of them
is said with the same values in the sentence of the other catalogue. A sentence without match stays English.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache
from typing import TYPE_CHECKING

from planner.text import Language, catalogue

if TYPE_CHECKING:
    from corridor.errors import Fault

_PREFIX = "fault."


def said(fault: Fault, language: Language) -> str:
    """Return a fault as one sentence or two: where, what, and how to mend it."""
    if language == "en":
        return str(fault)
    where, what, mend = (sentence(part, language) for part in (fault.where, fault.what, fault.mend))
    told = f"{where}：{what}" if where else what
    return f"{told}。{mend}" if mend else told


def sentence(english: str, language: Language) -> str:
    """Return a sentence of the English catalogue's ``fault`` section in a language, any other as it is."""
    for key, pattern in _patterns():
        if match := pattern.fullmatch(english):
            return catalogue(language)[key].format(**match.groupdict())
    return english


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return the sentences as patterns, those with the most words of their own first."""
    sentences = {key: value for key, value in catalogue("en").items() if key.startswith(_PREFIX)}
    parsed = {key: list(string.Formatter().parse(value)) for key, value in sentences.items()}
    own = {key: sum(len(literal) for literal, *_ in parts) for key, parts in parsed.items()}
    return tuple(
        (
            key,
            re.compile(
                "".join(
                    re.escape(literal) + (f"(?P<{name}>.+)" if name is not None else "")
                    for literal, name, *_ in parsed[key]
                ),
                re.DOTALL,
            ),
        )
        for key in sorted(parsed, key=lambda key: -own[key])
    )
