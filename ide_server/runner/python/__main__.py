"""Starts the runner: `python __main__.py FOLDER`, with the host's socket as descriptor 3."""

import sys

from slipway_runner.serve import serve

if __name__ == "__main__":
    folder = sys.argv[1]
    # The person's modules are found where this file was, so that the runner's names hide none of theirs.
    sys.path[0] = folder
    sys.argv = [folder + "/main.py"]
    serve(folder, descriptor=3)
