"""How an operation ended, in words for the person."""

import msgspec

from ide_server.host.launchers.launch import Terms
from ide_server.host.launchers.launcher import CallFailed, LauncherLost
from ide_server.host.sandbox import Exit
from ide_server.settings import MEBIBYTE
from ide_server.wire import FunctionName, OperationKind, Outcome, Phase

MAX_DETAILS = 10_000
MAX_MESSAGE = 2_000

FUNCTION_OF: dict[Phase, FunctionName] = {
    "createState": "createModelState",
    "instantiateModel": "instantiateModel",
    "evaluate": "evaluate",
    "train": "train",
    "getState": "getModelState",
    "dispose": "dispose",
}


def doing(phase: Phase) -> str:
    return "loading the code" if phase == "codeStartup" else FUNCTION_OF[phase]


def succeeded(message: str) -> Outcome:
    return Outcome("succeeded", message)


def cancelled(message: str = "Stopped.") -> Outcome:
    return Outcome("cancelled", message)


def call_failed(error: CallFailed, at: Phase) -> Outcome:
    said = error.said
    return Outcome(said.kind, said.message[:MAX_MESSAGE], at, said.details[:MAX_DETAILS])


def invalid_output(message: str, at: Phase) -> Outcome:
    return Outcome("invalid_output", message[:MAX_MESSAGE], at)


def out_of_time(terms: Terms, at: Phase) -> Outcome:
    message = f"{doing(at).capitalize() if at == 'codeStartup' else doing(at)} took longer than the "
    message += f"{terms.allowed_seconds(at):g} seconds it may take, so it was ended."
    return Outcome("max_duration_exceeded", message, at)


def lost(error: LauncherLost, at: Phase, terms: Terms) -> Outcome:
    if error.ended is None:
        return Outcome("launcher_terminated", error.reason, at)
    return code_terminated(error.ended, at, terms)


def ended_while_waiting(ended: Exit, terms: Terms) -> Outcome:
    message = f"The code's process ended while the session waited for a call: {way_of(ended, terms)}"
    return Outcome("code_terminated", message, exit_code=ended.code, signal=ended.signal, oom=ended.oom)


def code_terminated(ended: Exit, at: Phase, terms: Terms) -> Outcome:
    message = f"The code's process ended during {doing(at)}: {way_of(ended, terms)}"
    return Outcome("code_terminated", message, at, exit_code=ended.code, signal=ended.signal, oom=ended.oom)


def way_of(ended: Exit, terms: Terms) -> str:
    if ended.oom:
        return (
            f"it ran out of memory. Its launcher could use {terms.spec.memory_bytes / MEBIBYTE:.12g} MiB; use less, "
            "or give the model's launchers more."
        )
    if ended.signal is not None:
        return f"it was killed by {ended.signal}."
    if ended.code is not None:
        return f"it exited with code {ended.code}."
    return "how is not known."


def without_launcher() -> Outcome:
    return Outcome("launcher_terminated", "The persistent launcher that it waited for was removed. Run it on another.")


def without_filesystem(outcome: Outcome) -> Outcome:
    """Of an operation that failed after the process of the model's filesystem had ended, and with it all open files."""
    lost = (
        "The model's filesystem was mounted again meanwhile: from then on the files that the code had open failed, and "
        "so did paths relative to its working directory. Run it again."
    )
    return msgspec.structs.replace(outcome, message=f"{outcome.message[:MAX_MESSAGE]} {lost}")


def no_code(kind: OperationKind) -> Outcome:
    what = "a debug session" if kind == "debug" else kind
    message = f"There is no code for {what}: make a main.py (or index.js, index.mjs, index.ts) at the top of the files."
    return Outcome("read_executable_file_failed", message, "codeStartup")
