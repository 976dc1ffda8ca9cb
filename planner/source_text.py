"""Where an assumption comes from, in the language of the page.

Sources are written in English. Phrases that recur in them stand in the ``source`` section of both catalogues;
a phrase that does not, and every published title, stays as it is written.
"""

from __future__ import annotations

from functools import lru_cache

from planner.text import Language, catalogue, text

_PREFIX = "source."
_JOIN = "; "
_LEAD = ": "


def source_said(source: str, language: Language) -> str:
    """Return a source with its recurring phrases in a language, phrase by phrase."""
    if language == "en":
        return source
    phrases = _phrases(language)
    return text("source_join", language).join(_said(part, phrases, language) for part in source.split(_JOIN))


def _said(part: str, phrases: dict[str, str], language: Language) -> str:
    """Return one phrase, known as a whole or by what leads it (``derived: ...``)."""
    if part in phrases:
        return phrases[part]
    lead, colon, rest = part.partition(_LEAD)
    if colon and lead in phrases:
        return f"{phrases[lead]}{text('source_lead', language)}{_said(rest, phrases, language)}"
    return part


@lru_cache(maxsize=2)
def _phrases(language: Language) -> dict[str, str]:
    """Return the recurring phrases by their English words."""
    own = catalogue(language)
    return {words: own[key] for key, words in catalogue("en").items() if key.startswith(_PREFIX)}
