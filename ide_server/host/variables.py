"""A model's environment variables: set and removed by its person, passed to its terminals and launchers.

Their names and values are as docs/variables.md says. The value of a secret is sealed in the catalog, and leaves this
module only towards a process of the model.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ide_server.catalog import Catalog, VariableRecord
from ide_server.errors import InvalidRequest, SecretsUnreadable
from ide_server.host.events import ModelEvents
from ide_server.host.key_file import KeyFile
from ide_server.host.masking import SHORTEST, parts
from ide_server.settings import Settings
from ide_server.wire import ModelId, Variable, VariablesChanged, VariableValue

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
"""POSIX.1-2024, 8.1, with a length."""

MAX_VARIABLES = 100
MAX_VALUE_BYTES = 32 << 10
MAX_TOTAL_BYTES = 256 << 10
"""Of all names and values: the kernel starts no program whose arguments and variables take more than 2 MiB."""

RESERVED = {
    "PATH": "without the sandbox's own, its commands are not found. Change it in a terminal, or in /model/.bashrc",
    "HOME": "it is where the model's files are",
    "PYTHONHOME": "with another one, Python does not start",
    "PYTHONSAFEPATH": "with it, the code's own modules are not found",
}
RESERVED_BEGINNINGS = {
    "LD_": "such variables change what every program of the sandbox loads, before it starts. Set it in a terminal, "
    "for the program that needs it",
    "SLIPWAY_": "such names are the server's own",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PassedVariables:
    """What a process of the model gets, beside what its sandbox gives to all."""

    values: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    """Those of the values that nobody may read elsewhere."""
    revision: int
    """As `Variables.revision_of` gave it; once that gives another, these are the old ones."""


class Variables:
    def __init__(self, settings: Settings, catalog: Catalog, events: ModelEvents) -> None:
        self._catalog = catalog
        self._events = events
        self._keys = KeyFile(settings.data_dir / "secrets.key")
        self._changing = asyncio.Lock()
        # An int for each model whose variables changed since the start: processes that could be older end with us.
        self._revisions: Counter[ModelId] = Counter()
        self._plain: dict[ModelId, PassedVariables] = {}
        """Of models without secrets, whose values stay sealed until a process needs them."""
        self._listeners: list[Callable[[ModelId], None]] = []

    def on_change(self, listener: Callable[[ModelId], None]) -> None:
        """Called when a model's variables are others than before."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Seals anew what an older key of the file sealed, so that its line can go."""
        for record in await self._catalog.variables.list_secrets():
            try:
                renewed = await asyncio.to_thread(self._keys.renew, record.value, purpose=purpose(record))
            except SecretsUnreadable as error:
                logger.warning("Secret %s of model %s: %s", record.name, record.model_id, error.message)
                continue
            if renewed != record.value:
                await self._catalog.variables.set(VariableRecord(record.model_id, record.name, renewed, secret=True))

    async def list(self, model_id: ModelId) -> list[Variable]:
        """By name, without the values of secrets. Raises ModelNotFound."""
        await self._catalog.models.get(model_id)
        return [shown(record) for record in await self._catalog.variables.list(model_id)]

    async def set(self, model_id: ModelId, name: str, new: VariableValue) -> Variable:
        """Raises InvalidRequest, ModelNotFound, and SecretsUnreadable where there is nothing to seal a secret with."""
        check_name(name)
        check_value(name, new)
        async with self._changing:
            await self._catalog.models.get(model_id)
            others = [each for each in await self._catalog.variables.list(model_id) if each.name != name]
            check_room(others, name, new)
            record = VariableRecord(model_id, name, new.value, new.secret)
            if new.secret:
                sealed = await asyncio.to_thread(self._keys.seal, new.value, purpose=purpose(record))
                record = VariableRecord(model_id, name, sealed, secret=True)
            await self._catalog.variables.set(record)
        await self._announce(model_id)
        return shown(record)

    async def delete(self, model_id: ModelId, name: str) -> None:
        """Raises VariableNotFound, ModelNotFound."""
        await self._catalog.models.get(model_id)
        async with self._changing:
            await self._catalog.variables.delete(model_id, name)
        await self._announce(model_id)

    def revision_of(self, model_id: ModelId) -> int:
        """Another one after each change."""
        return self._revisions[model_id]

    async def environment_of(self, model_id: ModelId) -> PassedVariables:
        """For a process of the model that is about to start. Raises SecretsUnreadable, which names the secrets."""
        revision = self.revision_of(model_id)  # before the read: a change meanwhile makes it old
        known = self._plain.get(model_id)
        if known is not None and known.revision == revision:
            return known
        records = await self._catalog.variables.list(model_id)
        opened = await asyncio.to_thread(self._opened, [record for record in records if record.secret])
        plain = {record.name: record.value for record in records if not record.secret}
        passed = PassedVariables(plain | opened, frozenset(opened.values()), revision)
        if not opened:
            self._plain[model_id] = passed
        return passed

    def _opened(self, records: Sequence[VariableRecord]) -> dict[str, str]:
        values: dict[str, str] = {}
        unreadable: dict[str, str] = {}
        for record in records:
            try:
                values[record.name] = self._keys.open(record.value, purpose=purpose(record))
            except SecretsUnreadable as error:
                unreadable[record.name] = error.message
        if unreadable:
            names = ", ".join(unreadable)
            raise SecretsUnreadable(f"{next(iter(unreadable.values()))} Secrets: {names}.", names=list(unreadable))
        return values

    async def _announce(self, model_id: ModelId) -> None:
        self._revisions[model_id] += 1
        for listener in self._listeners:
            listener(model_id)
        self._events.publish(model_id, VariablesChanged(await self.list(model_id)))


def purpose(record: VariableRecord) -> str:
    """A sealed value opens in its own row only; neither part can hold the separator."""
    return f"{record.model_id}/{record.name}"


def shown(record: VariableRecord) -> Variable:
    return Variable(record.name, None if record.secret else record.value, record.secret)


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidRequest(
            "Expected a name of letters, digits and _ that begins with no digit, of at most 128 characters; "
            f"got {name[:140]!r}.",
            field="name",
        )
    reason = RESERVED.get(name) or next(
        (reason for beginning, reason in RESERVED_BEGINNINGS.items() if name.startswith(beginning)), None
    )
    if reason is not None:
        raise InvalidRequest(f"The name {name} cannot be used: {reason}.", field="name")


def check_value(name: str, new: VariableValue) -> None:
    """What it says never quotes the value."""
    if "\0" in new.value:
        raise InvalidRequest(f"The value of {name} holds a zero byte, which no environment variable can.")
    if (size := len(new.value.encode())) > MAX_VALUE_BYTES:
        raise InvalidRequest(
            f"Expected a value of at most {MAX_VALUE_BYTES:,} bytes for {name}, got {size:,}. Keep it in a file."
        )
    if new.secret and not parts(new.value):
        raise InvalidRequest(
            f"Expected a secret with a line of at least {SHORTEST} characters for {name}: a shorter one cannot be kept "
            "out of logs, as it stands in other words. Set it as a variable that is not secret."
        )


def check_room(others: Sequence[VariableRecord], name: str, new: VariableValue) -> None:
    if len(others) >= MAX_VARIABLES:
        raise InvalidRequest(f"This model has {MAX_VARIABLES} variables, the most it may have. Delete one.")
    taken = sum(len(other.name) + len(other.value) for other in others)
    size = len(name) + len(new.value.encode())
    if taken + size > MAX_TOTAL_BYTES:
        raise InvalidRequest(
            f"Names and values of a model's variables may take {MAX_TOTAL_BYTES:,} bytes: {taken:,} are taken and this "
            f"one needs {size:,}. Delete one, or keep it in a file."
        )
