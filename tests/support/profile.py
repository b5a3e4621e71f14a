"""How much to run: `ORDERTUI_SAFETY=long` for the long profile, else a bounded set of a few seconds."""

import os

LONG = os.environ.get("ORDERTUI_SAFETY") == "long"
