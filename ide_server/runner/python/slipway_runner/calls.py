"""What each function is called with, in either form of the code, and what becomes of what it returns."""

from slipway_runner import parameters, state, values
from slipway_runner.loaders import Blobs
from slipway_runner.tracker import Tracker


class Options(dict):
    """The first argument of a model's function: the options object of newer code, which reads its attributes, and at
    the same time the mapping (of parameters, of a state) that older code expects in this place."""

    def __init__(self, mapping, **attributes):
        super().__init__(mapping)
        self.__dict__.update(attributes)


class OtherModel:
    """A mounted model: its files, and where a state is made its state too."""

    def __init__(self, mount_path, loaders=None):
        self.mount_path = mount_path
        if loaders is not None:
            self.state = self.weights = loaders


class Call:
    """One request of the host to call a function."""

    def __init__(self, code, connection, request):
        self._code = code
        self._connection = connection
        self._request = request
        self._blobs = Blobs(connection.read_into, request["inlined"])

    def run(self):
        """Raises what the code raises, Missing, InvalidOutput."""
        try:
            getattr(self, "_" + self._request["function"])()
        finally:
            self._blobs.close()

    # --- one for each function ---

    def _createModelState(self):
        others = self._other_models(with_state=True)
        if not self._code.has_model:
            made = self._code.call("createModelState", self._plain_parameters(), others)
            return state.send(made, "createModelState", self._connection)
        given = self._loaders()
        return self._provided("createModelState", given, {"params": given, "other_models": others})

    def _instantiateModel(self):
        others = self._other_models(with_state=False)
        described = self._request["state"]
        if not self._code.has_model:
            return self._code.instantiate(state.fetch(described, self._blobs), others)
        loaders = state.loaders_of(described, self._blobs)
        return self._code.instantiate(Options(loaders, state=loaders, weights=loaders, other_models=others))

    def _evaluate(self):
        if not self._code.has_model:
            returned = self._code.call("evaluate", self._plain_parameters())
        else:
            given = self._loaders()
            returned = self._code.call("evaluate", Options(given, params=given))
        named = values.unpacked_values(returned) if self._code.is_packaged else values.named_values(returned)
        values.send(named, self._connection)

    def _train(self):
        tracker = Tracker(self._connection, self._code.call_soon)
        wanted = self._request["id"]
        self._connection.cancel = lambda request_id: tracker.cancel() if request_id == wanted else None
        try:
            if not self._code.has_model:
                self._code.call("train", self._plain_parameters(), tracker)
            else:
                given = self._loaders()
                self._code.call("train", Options(given, params=given, tracker=tracker), tracker)
        finally:
            tracker.end()
        if tracker.failure is not None:
            raise TrainFailed(f"train reported a failure: {tracker.failure}")

    def _getModelState(self):
        if self._code.has_model:
            return self._provided("getModelState", {}, {})
        return state.send(self._code.call("getModelState"), "getModelState", self._connection)

    def _dispose(self):
        self._code.call("dispose")

    # --- around them ---

    def _provided(self, function, mapping, attributes):
        """Call a function that gives a state through its provider; one that returns it instead is understood too."""
        provider = state.Provider(function, self._connection)
        attributes.update(state_provider=provider, weights_provider=provider)
        options = Options(mapping, provide=provider.provide, provide_all=provider.provide_all, **attributes)
        returned = self._code.call(function, options, provider)
        if returned is not None and not provider.was_used:
            state.send(returned, function, self._connection)

    def _plain_parameters(self):
        return parameters.Parameters(self._request["parameters"], self._blobs)

    def _loaders(self):
        convert = parameters.packed_value if self._code.is_packaged else parameters.plain_value
        return parameters.loaders_of(self._request["parameters"], self._blobs, convert)

    def _other_models(self, *, with_state):
        return {
            name: OtherModel(other["mount_path"], state.loaders_of(other["state"], self._blobs) if with_state else None)
            for name, other in self._request["other_models"].items()
        }


class TrainFailed(Exception):
    """The code said so through its tracker."""
