"""What is wrong with the code, by file, line and column; found by loading it, or without by its syntax alone."""

import os
import traceback

MAX_FILES = 500
MAX_FILE_BYTES = 1 << 20
MAX_PROBLEMS = 50
NOT_THEIRS = ("node_modules", "site-packages", "__pycache__")
"""Folders of what was installed or made, which the person does not write."""


def problem_of(error, folder):
    """Of an error in loading: where its syntax is wrong, else the innermost line of the person's own files."""
    if isinstance(error, SyntaxError) and is_theirs(error.filename or "", folder):
        message = f"{type(error).__name__}: {error.msg}"
        return _problem(error.filename, error.lineno, error.offset, message, "syntax", folder)
    kind = "import" if isinstance(error, ImportError) else "exception"
    text = str(error)
    message = f"{type(error).__name__}: {text}" if text else type(error).__name__
    theirs = [frame for frame in traceback.extract_tb(error.__traceback__) if is_theirs(frame.filename, folder)]
    if not theirs:
        return _problem(os.path.join(folder, "main.py"), None, None, message, kind, folder)
    return _problem(theirs[-1].filename, theirs[-1].lineno, None, message, kind, folder)


def syntax_problems(folder):
    """Of every Python file beneath the folder, without running any of it."""
    found = []
    for path in python_files(folder):
        try:
            with open(path, "rb") as file:
                source = file.read(MAX_FILE_BYTES + 1)
            if len(source) <= MAX_FILE_BYTES:
                compile(source, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            found.append(problem_of(error, folder))
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            # It vanished, or is what no compiler takes: null bytes, a nest of brackets.
            found.append(_problem(path, None, None, f"{type(error).__name__}: {error}", "syntax", folder))
        if len(found) == MAX_PROBLEMS:
            break
    return found


def python_files(folder):
    files = []
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_written(os.path.join(here, name), name))
        files += [os.path.join(here, name) for name in sorted(names) if name.endswith(".py")]
        if len(files) >= MAX_FILES:
            break
    return files[:MAX_FILES]


def _is_written(path, name):
    return name not in NOT_THEIRS and not name.startswith(".") and not os.path.exists(os.path.join(path, "pyvenv.cfg"))


def is_theirs(filename, folder):
    inside = filename.startswith(folder + os.sep)
    return inside and all(_is_theirs_named(part) for part in filename[len(folder) + 1 :].split(os.sep)[:-1])


def _is_theirs_named(part):
    return part not in NOT_THEIRS and not part.startswith(".")


def _problem(filename, line, column, message, kind, folder):
    path = os.path.relpath(filename, folder) if filename.startswith(folder + os.sep) else filename
    return {"path": path[-1000:], "line": line or 0, "column": column or 0, "message": message[:2000], "kind": kind}
