"""Starts the runner: `python __main__.py FOLDER`, with the host's socket as descriptor 3."""

import os
import sys

from slipway_runner.serve import serve

if __name__ == "__main__":
    folder = sys.argv[1]
    # Another start is as this one: with the interpreter's options, in the same folder, in the same environment.
    again = (sys.executable, [sys.executable, "-u", os.path.abspath(__file__), folder], dict(os.environ))
    here = os.getcwd()
    # The person's modules are found where this file was, so that the runner's names hide none of theirs.
    sys.path[0] = folder
    sys.argv = [folder + "/main.py"]

    def restart():
        os.chdir(here)
        os.execve(*again)

    serve(folder, descriptor=3, restart=restart)
