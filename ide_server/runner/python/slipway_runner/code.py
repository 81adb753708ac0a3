"""The person's code: main.py loaded as the module `main`, and its functions found and called."""

import asyncio
import inspect
import sys
import types

FUNCTIONS = ("createModelState", "instantiateModel", "evaluate", "train", "getModelState", "dispose")
OF_AN_INSTANCE = ("evaluate", "train", "getModelState", "dispose")


class Missing(Exception):
    """The code does not define the function that was asked for."""

    def __init__(self, function):
        super().__init__(function)
        self.function = function


class Code:
    def __init__(self):
        self._module = types.ModuleType("main")
        self._instance = None
        self._loop = None

    def load(self, path):
        """Run the file at `path`. Raises OSError if it cannot be read, and whatever its code raises."""
        with open(path, "rb") as file:
            source = file.read()
        self._module.__file__ = path
        sys.modules["main"] = self._module
        exec(compile(source, path, "exec", dont_inherit=True), self._module.__dict__)

    def functions(self):
        """What can be called, or will be once instantiateModel has returned an instance."""
        return [name for name in FUNCTIONS if self._find(name) is not None or self._in_a_class(name)]

    def instantiate(self, state):
        self._instance = self.call("instantiateModel", state)

    def call(self, name, *arguments):
        """Call a function, sync or async, with as many of the arguments as it takes."""
        function = self._find(name)
        if function is None:
            raise Missing(name)
        returned = function(*arguments[: accepted_arguments(function)])
        return self._event_loop().run_until_complete(returned) if inspect.isawaitable(returned) else returned

    def call_soon(self, callback):
        """Call from another thread: in the event loop where one runs, else at once in that thread."""
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(callback)
        else:
            callback()

    def _find(self, name):
        """An instance made by instantiateModel answers for its own methods, the module for all else."""
        function = None
        if self._instance is not None and name in OF_AN_INSTANCE:
            function = getattr(self._instance, name, None)
        if function is None:
            function = self._module.__dict__.get(name)
        return function if callable(function) else None

    def _in_a_class(self, name):
        if name not in OF_AN_INSTANCE or self._find("instantiateModel") is None:
            return False
        values = list(self._module.__dict__.values())
        return any(isinstance(value, type) and callable(getattr(value, name, None)) for value in values)

    def _event_loop(self):
        """One loop for all calls: what instantiateModel opens, evaluate may still use."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop


def accepted_arguments(function):
    """How many positional arguments a function takes; None: any number, or it does not say."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(parameter.kind in positional for parameter in parameters)
