"""Answers the host's requests, one after the other, on the main thread: some libraries work on no other."""

import platform
import sys

from slipway_runner import state, values
from slipway_runner.code import Code, Missing
from slipway_runner.connection import Connection
from slipway_runner.parameters import Parameters
from slipway_runner.tracebacks import format_exception
from slipway_runner.tracker import Tracker

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

    def __init__(self, kind, message, details=""):
        super().__init__(message)
        self.header = {"kind": kind, "message": message, "details": cut(details)}


def serve(folder, descriptor):
    connection = Connection(descriptor)
    runner = Runner(folder, connection)
    connection.send({"type": "ready", "language": "python", "version": platform.python_version()})
    for request in connection.requests():
        runner.answer(request)


class Runner:
    def __init__(self, folder, connection):
        self._path = folder + "/main.py"
        self._connection = connection
        self._code = Code()

    def answer(self, request):
        try:
            self._handle(request)
            reply = {"type": "returned", "id": request["id"], "functions": self._code.functions()}
        except Failed as failed:
            reply = {"type": "failed", "id": request["id"], **failed.header}
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
        function = request.get("function", "load")
        getattr(self, "_" + function)(request)

    def _load(self, _request):
        try:
            self._code.load(self._path)
        except (SyntaxError, ImportError) as error:
            details = logged(format_exception(error))
            raise Failed("invalid_executable_file", f"main.py could not be loaded: {summary(error)}", details) from None
        except OSError as error:
            if error.filename != self._path or error.__traceback__.tb_next.tb_next is not None:
                raise
            raise Failed("read_executable_file_failed", f"main.py could not be read: {error.strerror}.") from None

    def _createModelState(self, request):
        made = self._code.call("createModelState", self._parameters(request))
        state.send(made, "createModelState", self._connection)

    def _instantiateModel(self, request):
        self._code.instantiate(state.fetch(request["state"], self._connection))

    def _evaluate(self, request):
        values.send(self._code.call("evaluate", self._parameters(request)), self._connection)

    def _train(self, request):
        tracker = Tracker(self._connection.send, self._code.call_soon)
        self._connection.cancel = lambda request_id: tracker.cancel() if request_id == request["id"] else None
        self._code.call("train", self._parameters(request), tracker)
        if tracker.failure is not None:
            raise Failed("exception", f"train reported a failure: {tracker.failure}")

    def _getModelState(self, _request):
        state.send(self._code.call("getModelState"), "getModelState", self._connection)

    def _dispose(self, _request):
        self._code.call("dispose")

    def _parameters(self, request):
        return Parameters(request["parameters"], self._connection.read)


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
