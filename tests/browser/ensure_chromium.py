"""Find a Chromium for the browser tests; on Debian as root, install it with fonts for Chinese.

Run by ``make test`` before pytest. Prints the path; exits 1 with instructions where it cannot install.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")

_PATHS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)

_PACKAGES = ("chromium", "fonts-noto-cjk")

_HOW = """The browser tests need Chromium (or Chrome, or Edge) and a font with Chinese glyphs.
  Debian, Ubuntu   sudo apt-get install chromium fonts-noto-cjk
  Fedora           sudo dnf install chromium google-noto-sans-cjk-fonts
  macOS            brew install --cask google-chrome
  Windows          winget install Google.Chrome
Or name one yourself: CHROMIUM=/path/to/chromium make test
Or leave them out:    python -m pytest -m 'not browser'"""


def _say(message: str) -> None:
    """Tell the person on stderr."""
    sys.stderr.write(f"{message}\n")


def find_chromium() -> str | None:
    """Return the path of a Chromium: the one named by ``CHROMIUM``, else the first found, else None."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in (*_NAMES, *_PATHS))
    return next((path for path in found if path is not None), None)


def can_install() -> bool:
    """Return whether this is Debian (or a relative) and the user may install packages."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return is_root and Path("/etc/debian_version").is_file() and shutil.which("apt-get") is not None


def has_chinese_font() -> bool:
    """Return whether a font with Chinese glyphs is installed; True where that cannot be asked."""
    if shutil.which("fc-list") is None:
        return not sys.platform.startswith("linux")
    fonts = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False)
    return bool(fonts.stdout.strip())


def install() -> bool:
    """Install Chromium and fonts with apt; return whether that worked."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *_PACKAGES])
    return all(
        subprocess.run(command, env=environment, check=False, stdout=sys.stderr).returncode == 0
        for command in commands
    )


def main() -> int:
    """Make sure there is a browser; return the exit code."""
    if os.environ.get("CHROMIUM") and find_chromium() is None:
        _say(f"CHROMIUM={os.environ['CHROMIUM']} is not an executable file.\n{_HOW}")
        return 1
    if find_chromium() is None or not has_chinese_font():
        if can_install():
            _say(f"installing {' and '.join(_PACKAGES)} ...")
            install()
        if find_chromium() is None:
            _say(_HOW)
            return 1
        if not has_chinese_font():
            _say("no font with Chinese glyphs: pictures will show boxes, tests still run")
    sys.stdout.write(f"{find_chromium()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
