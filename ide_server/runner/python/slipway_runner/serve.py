"""Answers the host's requests, one after the other, on the main thread: some libraries work on no other."""

import sys

from slipway_runner import problems, values
from slipway_runner.calls import Call, TrainFailed
from slipway_runner.code import Code, Missing
from slipway_runner.connection import Connection
from slipway_runner.tracebacks import format_exception

MAX_DETAILS = 10_000

HINTS = {
    "createModelState": "def createModelState(params): return b'...'",
    "instantiateModel": "def instantiateModel(state): ...",
    "evaluate": "def evaluate(params): return {'output': ...}",
    "train": "def train(params, tracker): ...",
    "getModelState": "def getModelState(): return b'...'",
    "dispose": "def dispose(): ...",
}


class Failed(Exception):
    """The request did not succeed; `header` says why in the words of the protocol."""

    def __init__(self, kind, message, details="", found=()):
        super().__init__(message)
        self.header = {"kind": kind, "message": cut(message), "details": cut(details), "problems": list(found)}


def serve(folder, descriptor, restart):
    """Until the host hangs up. `restart()` replaces this program by a fresh one, which has the socket again."""
    connection = Connection(descriptor)
    runner = Runner(folder, connection)
    version = sys.version.split()[0]
    connection.send({"type": "ready", "language": "python", "version": version, "restarts": True})
    for request in connection.requests():
        if request["type"] == "restart":
            flush_output()
            connection.hand_over()
            restart()
        runner.answer(request)


class Runner:
    def __init__(self, folder, connection):
        self._folder = folder
        self._path = folder + "/main.py"
        self._connection = connection
        self._code = Code()

    def answer(self, request):
        try:
            self._handle(request)
            reply = {"type": "returned", "id": request["id"], "functions": self._code.functions()}
        except Failed as failed:
            reply = {"type": "failed", "id": request["id"], **failed.header}
        except TrainFailed as failed:
            reply = {"type": "failed", "id": request["id"], "kind": "exception", "message": cut(str(failed))}
        except values.InvalidOutput as error:
            reply = {"type": "failed", "id": request["id"], "kind": "invalid_output", "message": cut(str(error))}
        except Missing as missing:
            reply = {"type": "failed", "id": request["id"], **missing_header(missing.function)}
        except SystemExit:
            raise
        except BaseException as error:  # whatever else the person's code raises is theirs to see
            reply = {"type": "failed", "id": request["id"], **exception_header(error)}
        flush_output()
        self._connection.send(reply)

    def _handle(self, request):
        if request["type"] == "check":
            self._check()
        elif request["type"] == "load":
            self._load()
        else:
            Call(self._code, self._connection, request).run()

    def _check(self):
        found = problems.syntax_problems(self._folder)
        if found:
            raise Failed("invalid_executable_file", "There are syntax errors.", found=found)

    def _load(self):
        try:
            self._code.load(self._path)
        except OSError as error:
            if error.filename == self._path and error.__traceback__.tb_next.tb_next is None:
                message = f"main.py could not be read: {error.strerror}."
                raise Failed("read_executable_file_failed", message) from None
            raise self._load_failure("exception", error) from None
        except (SyntaxError, ImportError) as error:
            raise self._load_failure("invalid_executable_file", error) from None
        except SystemExit:
            raise
        except BaseException as error:  # as in `answer`
            raise self._load_failure("exception", error) from None

    def _load_failure(self, kind, error):
        told = summary(error) if kind == "exception" else f"main.py could not be loaded: {summary(error)}"
        return Failed(kind, told, logged(format_exception(error)), [problems.problem_of(error, self._folder)])


def missing_header(function):
    message = f"main.py has no function {function}. Add it at the top level: {HINTS[function]}"
    return {"kind": "missing_function", "message": message}


def exception_header(error):
    return {"kind": "exception", "message": cut(summary(error)), "details": cut(logged(format_exception(error)))}


def summary(error):
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def logged(text):
    """The whole of it goes to the log, however long."""
    flush_output()
    sys.stderr.write(text)
    return text


def cut(text):
    """The end of a traceback says what happened, so the middle goes."""
    if len(text) <= MAX_DETAILS:
        return text
    omitted = "\n...\n"
    head = MAX_DETAILS // 5
    return text[:head] + omitted + text[len(text) - (MAX_DETAILS - head - len(omitted)) :]


def flush_output():
    """What was printed must be on its way before the reply that ends the phase."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
