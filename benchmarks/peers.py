"""spopt (PuLP and CBC) in an environment of its own, made on demand, and asked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

HERE = Path(__file__).parent
_ENVIRONMENT = HERE.parent / ".venv-spopt"


def spopt_python() -> Path | None:
    """Return the interpreter of an environment with spopt, made if it is not there; None if it cannot be."""
    python = _ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = _ENVIRONMENT / ".installed"
    if ready.exists():
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", str(_ENVIRONMENT)], check=True, capture_output=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = ["-r", str(HERE / "requirements-spopt.txt")]
        subprocess.run([*install, *wanted], check=True, capture_output=True, timeout=600)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"    spopt cannot be installed ({type(error).__name__}): left out", flush=True)
        return None
    ready.touch()
    return python


def ask(python: Path, model: str, question: Mapping[str, ArrayLike], *, limit_s: float) -> dict[str, Any]:
    """Put a question to spopt.

    Parameters
    ----------
    python
        Interpreter of its environment.
    model
        A model that `benchmarks.spopt_peer` knows.
    question
        Arrays of the question.
    limit_s
        Time limit of its solver, s.

    Returns
    -------
    dict
        `version`, and `status`, `objective`, `seconds` (building and solving alone) and `stations`; with only
        `failed` when there is no answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "question.npz"
        np.savez(path, allow_pickle=False, **{name: np.asarray(values) for name, values in question.items()})
        command = [python, HERE / "spopt_peer.py", path, model, limit_s]
        try:
            done = subprocess.run(
                list(map(str, command)), capture_output=True, text=True, timeout=5 * limit_s, check=False
            )
        except subprocess.TimeoutExpired:
            return {"failed": "no answer, ended by force"}
    if done.returncode:
        return {"failed": f"failed: {done.stderr.strip().splitlines()[-1][:80]}"}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
