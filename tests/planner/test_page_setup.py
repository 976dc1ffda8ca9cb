"""The configuration the page is served with."""

import subprocess
import sys
from pathlib import Path

_REPO = Path(__file__).parents[2]

# As a person at a screen starts it: a server with a screen, from the folder of the project.
_ASK = """
from streamlit import config
from streamlit.web import skills
config.get_config_options(force_reparse=True)
config.set_option("server.headless", False)
print(skills.nudge_suppression_reason(None))
"""


def test_nothing_of_the_server_lies_over_the_page():
    # The package shows a card that takes the clicks of the tabs under it, unless told not to greet.
    told = subprocess.run(
        [sys.executable, "-c", _ASK], cwd=_REPO, capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "welcome_hidden"
