"""The person's code: main.py loaded as the module `main`, and its functions found and called.

It comes in two forms. Either the functions stand at the top level; or the module has a variable `model`, an object or
dict with createModelState and instantiateModel, as the decthings-model package makes.
"""

import ast
import inspect
import sys
import types

FUNCTIONS = ("createModelState", "instantiateModel", "evaluate", "train", "getModelState", "dispose")
OF_AN_INSTANCE = ("evaluate", "train", "getModelState", "dispose")
OTHER_NAMES = {"createModelState": "initializeWeights", "getModelState": "getWeights"}
"""What the contract called them for a while."""
MARKS_A_MODEL = ("createModelState", "instantiateModel", "initializeWeights")
PACKAGE = "decthings_model"


class Missing(Exception):
    """The code does not define the function that was asked for."""

    def __init__(self, function):
        super().__init__(function)
        self.function = function


class Code:
    def __init__(self):
        self._module = types.ModuleType("main")
        self._source = self._module
        self._words = set()
        self._was_instantiated = False
        self._instance = None
        self._accepted = {}
        self._loop = None

    def load(self, path):
        """Run the file at `path`. Raises OSError if it cannot be read, and whatever its code raises."""
        with open(path, "rb") as file:
            source = file.read()
        self._module.__file__ = path
        sys.modules["main"] = self._module
        tree = ast.parse(source, path)
        self._words = words_of(tree)
        exec(compile(tree, path, "exec", dont_inherit=True), self._module.__dict__)
        model = getattr(self._module, "model", None)
        # `model` may be any variable of the person's: it counts if it has what only a model has.
        self._source = model if any(_member(model, name) for name in MARKS_A_MODEL) else self._module

    @property
    def has_model(self):
        """Whether the functions are those of the variable `model`."""
        return self._source is not self._module

    @property
    def is_packaged(self):
        """Whether the decthings-model package made `model`: it reads and returns values in bytes of its own."""
        if not self.has_model:
            return False
        found = (_member(self._source, name) for name in MARKS_A_MODEL)
        return PACKAGE in {(getattr(each, "__module__", None) or "").partition(".")[0] for each in found}

    def functions(self):
        """What can be called, or will be once instantiateModel has returned an instance."""
        known = {name for name in FUNCTIONS if self._find(name) is not None}
        if not self._was_instantiated and self._find("instantiateModel") is not None:
            known |= self._foreseen(known)
        return [name for name in FUNCTIONS if name in known]

    def instantiate(self, *arguments):
        self._instance = self.call("instantiateModel", *arguments)
        self._was_instantiated = True

    def call(self, name, *arguments):
        """Call a function, sync or async, with as many of the arguments as it takes."""
        function = self._find(name)
        if function is None:
            raise Missing(name)
        returned = function(*arguments[: self._accepted_by(name, function)])
        return self._event_loop().run_until_complete(returned) if inspect.isawaitable(returned) else returned

    def call_soon(self, callback):
        """Call from another thread: in the event loop where one runs, else at once in that thread."""
        if self._loop is not None and self._loop.is_running():
            self._loop.call_soon_threadsafe(callback)
        else:
            callback()

    def _find(self, name):
        """An instance made by instantiateModel answers for its own methods, the module or `model` for all else."""
        if self._instance is not None and name in OF_AN_INSTANCE:
            function = _function(self._instance, name)
            if function is not None:
                return function
        return _function(self._source, name)

    def _accepted_by(self, name, function):
        """Asked again only of another function: to tell takes as long as many a function itself."""
        plain = getattr(function, "__func__", function)  # a method is made anew each time
        known, count = self._accepted.get(name, (None, None))
        if known is not plain:
            count = accepted_arguments(function)
            self._accepted[name] = plain, count
        return count

    def _foreseen(self, known):
        """The methods of classes in reach, and what the code names so. One that names neither may still make both."""
        found = {name for name in OF_AN_INSTANCE if self._in_a_class(name) or self._in_words(name)}
        return found if (found | known) & {"evaluate", "train"} else set(OF_AN_INSTANCE)

    def _in_a_class(self, name):
        values = list(self._module.__dict__.values())
        return any(isinstance(value, type) and _function(value, name) is not None for value in values)

    def _in_words(self, name):
        return name in self._words or OTHER_NAMES.get(name) in self._words

    def _event_loop(self):
        """One loop for all calls: what instantiateModel opens, evaluate may still use."""
        import asyncio  # half of all that the runner imports, and most code is not async

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop


def _function(source, name):
    function = _member(source, name)
    return _member(source, OTHER_NAMES[name]) if function is None and name in OTHER_NAMES else function


def _member(source, name):
    """Of a module, an object or a dict; None if it is not there, or nothing to call."""
    value = source.get(name) if isinstance(source, dict) else getattr(source, name, None)
    return value if callable(value) else None


def words_of(tree):
    """The names of all functions in the code, nested ones too, and the keys of its dicts: {"evaluate": ...}."""
    words = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            words.add(node.name)
        elif isinstance(node, ast.Dict):
            words |= {key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return words


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
