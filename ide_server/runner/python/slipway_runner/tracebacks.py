"""Tracebacks as the person should read them: from their first line on, without the runner's frames."""

import os
import traceback

RUNNER_FOLDER = os.path.dirname(os.path.abspath(__file__))


def format_exception(error):
    described = traceback.TracebackException.from_exception(error)
    _strip(described, set())
    return "".join(described.format())


def _strip(described, seen):
    if described is None or id(described) in seen:
        return
    seen.add(id(described))
    described.stack = traceback.StackSummary.from_list([frame for frame in described.stack if not _is_ours(frame)])
    for other in (described.__cause__, described.__context__, *(getattr(described, "exceptions", None) or ())):
        _strip(other, seen)


def _is_ours(frame):
    return frame.filename.startswith((RUNNER_FOLDER, "<frozen importlib"))
