"""The runner's modules, which are no package of ours: found as the runner itself finds them."""

import sys

from ide_server.host.launchers.runner_folders import RUNNER_FOLDER

sys.path.append(str(RUNNER_FOLDER / "python"))

from slipway_runner import code, frames, loaders, packed, parameters, problems, state, tensors, tracker, values  # type: ignore

__all__ = ["code", "frames", "loaders", "packed", "parameters", "problems", "state", "tensors", "tracker", "values"]
