"""The API in the words of OpenAPI 3.1, made from the messages of wire and one table of what there is to ask."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from ide_server import wire

Method = Literal["GET", "PUT", "POST", "PATCH", "DELETE"]

BYTES = "application/octet-stream"
ZIP = "application/zip"
EVENTS = "text/event-stream"
LINES = "application/jsonl"
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Endpoint:
    """`request` and `reply`: a type of wire, whose JSON is meant; a media type; or None for no body."""

    method: Method
    path: str
    """Below /api/v1."""
    summary: str
    reply: Any = None
    request: Any = None
    status: int = 200
    query: dict[str, str] = field(default_factory=dict)
    """Name to description; all optional but those that begin with `Required`."""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """By the last noun of the path that names a collection."""
        for noun, title in GROUPS.items():
            if f"/{noun}" in self.path:
                return title
        return "Server"


GROUPS = {
    "tokens": "API tokens",
    "sockets": "Server",
    "operations": "Operations",
    "check": "Operations",
    "launch": "Launchers",
    "parameters": "Operations",
    "snapshots": "Snapshots",
    "models/import": "Snapshots",
    "states": "States",
    "datasets": "Datasets",
    "terminals": "Terminals",
    "git": "Source control",
    "languages": "Language servers",
    "variables": "Environment variables",
    "mounted": "Mounted models",
    "environment": "Environments",
    "packages": "Environments",
    "files": "Files",
    "ports": "Terminals",
    "search": "Files",
    "paths": "Files",
    "tree": "Files",
    "moves": "Files",
    "copies": "Files",
    "zip": "Files",
    "trash": "Files",
    "uploads": "Files",
    "folders": "Files",
    "models": "Models",
    "templates": "Models",
}

IF_MATCH = {
    "If-Match": "The etag of the version to be replaced, or *.",
    "If-None-Match": "* for a file that must not exist yet.",
}
NAME = {"name": "Required. What it is to be called."}
MODEL = "/models/{model}"
DATASET = "/datasets/{dataset}"
FORMAT = {
    "format": "Required. csv, jsonl, npy or zip.",
    "key": "Required of npy. The key that its entries are of; other formats name their keys.",
}
KEY = {"key": "Required. The key."}
REPOSITORY = {"repository": "The folder of the repository; the root of the filesystem without."}
GIT_PATH = {"path": "Required. Of the file, in the filesystem."}

ENDPOINTS = (
    Endpoint("GET", "/host", "What serves", wire.Host),
    Endpoint("GET", "/openapi.json", "This document", "application/json"),
    Endpoint("GET", "/sockets", "A stream of what comes through substitutes of WebSockets", EVENTS),
    Endpoint("POST", "/sockets/{stream}", "Open, use and close them", request=list[wire.SocketRequest], status=204),
    Endpoint("GET", "/tokens", "All API tokens", list[wire.ApiToken]),
    Endpoint("POST", "/tokens", "Make an API token", wire.CreatedApiToken, wire.NewApiToken, 201),
    Endpoint("DELETE", "/tokens/{token}", "Delete an API token", status=204),
    Endpoint("GET", "/templates", "What a model can be made from", list[wire.Template]),
    Endpoint("GET", "/models", "All models", list[wire.Model]),
    Endpoint("POST", "/models", "Make a model", wire.Model, wire.NewModel, 201),
    Endpoint("POST", "/models/import", "Make a model from an exported snapshot", wire.Model, ZIP, 201, query=NAME),
    Endpoint("GET", MODEL, "A model", wire.Model),
    Endpoint("PATCH", MODEL, "Change a model: name, limit, active state", wire.Model, wire.ModelChange),
    Endpoint("DELETE", MODEL, "Delete a model with all that it has", status=204),
    Endpoint("POST", f"{MODEL}/mount", "Mount a filesystem again that stays down after its process died", status=204),
    Endpoint("GET", f"{MODEL}/events", "What happens to a model, as it happens", EVENTS),
    Endpoint("GET", f"{MODEL}/folders", "The largest folders", list[wire.FolderUsage]),
    Endpoint("GET", f"{MODEL}/tree/{{path}}", "What is in a folder", list[wire.Entry]),
    Endpoint("PUT", f"{MODEL}/tree/{{path}}", "Make a folder", wire.Entry, status=201),
    Endpoint("GET", f"{MODEL}/files/{{path}}", "Read a file", BYTES, headers={"Range": "Part of it, in bytes."}),
    Endpoint(
        "PUT", f"{MODEL}/files/{{path}}", "Write a file, whole or not at all", wire.Entry, BYTES, headers=IF_MATCH
    ),
    Endpoint("DELETE", f"{MODEL}/files/{{path}}", "Delete a file or folder", status=204, headers=IF_MATCH),
    Endpoint("POST", f"{MODEL}/moves", "Move or rename", wire.Entry, wire.Move),
    Endpoint("POST", f"{MODEL}/copies", "Copy a file or folder, whole or not at all", wire.Entry, wire.Copy, 201),
    Endpoint(
        "GET",
        f"{MODEL}/zip",
        "Files and folders as one zip",
        ZIP,
        query={"path": "Required, once for each file or folder."},
    ),
    Endpoint("POST", f"{MODEL}/trash", "Delete so that it can be undone", wire.Trashed, wire.NewTrash, 201),
    Endpoint("POST", f"{MODEL}/trash/{{trash}}/restore", "Put back what was deleted", list[wire.Entry]),
    Endpoint("DELETE", f"{MODEL}/trash/{{trash}}", "Give up what was deleted, for good", status=204),
    Endpoint("POST", f"{MODEL}/uploads", "Begin an upload in several requests", wire.Upload, wire.NewUpload, 201),
    Endpoint("GET", f"{MODEL}/uploads/{{upload}}", "How far an upload has come", wire.Upload),
    Endpoint(
        "PATCH",
        f"{MODEL}/uploads/{{upload}}",
        "More of a file; with its last byte it is put in place",
        wire.Upload,
        BYTES,
        query={"offset": "Required. How many bytes came before."},
    ),
    Endpoint("DELETE", f"{MODEL}/uploads/{{upload}}", "Give an upload up", status=204),
    Endpoint(
        "POST",
        f"{MODEL}/search",
        "Search in files: JSON lines, FoundInFile as they are found, then SearchEnded",
        LINES,
        wire.SearchQuery,
    ),
    Endpoint(
        "GET",
        f"{MODEL}/paths",
        "The paths of all files, as JSON lines",
        LINES,
        query={"hidden": "true: also those whose names begin with a dot."},
    ),
    Endpoint("GET", f"{MODEL}/git", "Git repositories", list[wire.GitRepository]),
    Endpoint("GET", f"{MODEL}/git/status", "Branch and changes of a repository", wire.GitStatus, query=REPOSITORY),
    Endpoint("GET", f"{MODEL}/git/refs", "Branches, remotes and stashes", wire.GitRefs, query=REPOSITORY),
    Endpoint(
        "GET",
        f"{MODEL}/git/log",
        "Commits, the newest first, at most 200",
        list[wire.GitLogEntry],
        query=REPOSITORY | {"path": "Those that changed this file.", "skip": "How many to leave out."},
    ),
    Endpoint(
        "GET", f"{MODEL}/git/commits/{{commit}}", "What a commit changed", wire.GitCommitDetails, query=REPOSITORY
    ),
    Endpoint("GET", f"{MODEL}/git/blame", "Who wrote each line of a file", wire.GitBlame, query=REPOSITORY | GIT_PATH),
    Endpoint(
        "GET",
        f"{MODEL}/git/content",
        "A file as it is in a commit, in the index, or on one side of a conflict",
        BYTES,
        query=REPOSITORY
        | GIT_PATH
        | {"version": "Required. HEAD, the id of a commit, or its parent with ^; index, base, ours or theirs."},
    ),
    Endpoint("POST", f"{MODEL}/git/actions", "Change a repository", wire.GitDone, wire.GitAction),
    Endpoint(
        "POST",
        f"{MODEL}/git/transfers",
        "Clone, fetch, pull, push or sync; each line of the reply is a GitTransferEvent",
        LINES,
        wire.GitTransfer,
    ),
    Endpoint("GET", "/environments/offers", "What an environment may hold", wire.EnvironmentOffers),
    Endpoint("GET", "/environments", "Environments that are built", list[wire.BuiltEnvironment]),
    Endpoint("DELETE", "/environments/{key}", "Remove an environment that nothing uses", status=204),
    Endpoint("GET", f"{MODEL}/environment", "A model's environment", wire.ModelEnvironment),
    Endpoint("PUT", f"{MODEL}/environment", "Choose an environment", wire.ModelEnvironment, wire.EnvironmentChoice),
    Endpoint("DELETE", f"{MODEL}/environment/build", "Cancel a build", status=204),
    Endpoint("GET", f"{MODEL}/environment/files/{{path}}", "Read a text file of the environment", "text/plain"),
    Endpoint("GET", f"{MODEL}/packages", "A model's own packages and dependency files", wire.OwnPackages),
    Endpoint("GET", f"{MODEL}/variables", "Environment variables", list[wire.Variable]),
    Endpoint("PUT", f"{MODEL}/variables/{{name}}", "Set a variable or secret", wire.Variable, wire.VariableValue),
    Endpoint("DELETE", f"{MODEL}/variables/{{name}}", "Delete a variable", status=204),
    Endpoint("GET", f"{MODEL}/mounted", "Mounted models", list[wire.MountedModel]),
    Endpoint(
        "PUT",
        f"{MODEL}/mounted/{{name}}",
        "Mount another model's files, read-only",
        wire.MountedModel,
        wire.NewMountedModel,
    ),
    Endpoint("DELETE", f"{MODEL}/mounted/{{name}}", "Unmount another model's files", status=204),
    Endpoint("GET", f"{MODEL}/ports", "Ports on which programs listen", list[int]),
    Endpoint("PUT", f"{MODEL}/ports/{{port}}", "Open a port", status=204),
    Endpoint("GET", f"{MODEL}/terminals", "Terminals", list[wire.Terminal]),
    Endpoint("POST", f"{MODEL}/terminals", "Open a terminal", wire.Terminal, wire.NewTerminal, 201),
    Endpoint("PATCH", f"{MODEL}/terminals/{{terminal}}", "Name a terminal", wire.Terminal, wire.TerminalChange),
    Endpoint("DELETE", f"{MODEL}/terminals/{{terminal}}", "End a terminal", status=204),
    Endpoint("GET", f"{MODEL}/languages", "Language servers", list[wire.LanguageServer]),
    Endpoint("GET", f"{MODEL}/parameters", "Parameter definitions", wire.ParameterDefinitions),
    Endpoint(
        "PUT",
        f"{MODEL}/parameters",
        "Write the definitions into slipway.toml; its comments, and all else that it says, stay",
        wire.ParameterDefinitions,
        wire.ParameterDefinitions,
        headers=IF_MATCH,
    ),
    Endpoint("GET", f"{MODEL}/states", "States", list[wire.State]),
    Endpoint(
        "POST",
        f"{MODEL}/states",
        "Upload a state of one key",
        wire.State,
        BYTES,
        201,
        query=NAME | {"key": "Its key; without one the state is bare bytes."},
    ),
    Endpoint("POST", f"{MODEL}/states/zip", "Upload a state, a file per key", wire.State, ZIP, 201, query=NAME),
    Endpoint("PATCH", f"{MODEL}/states/{{state}}", "Rename a state", wire.State, wire.StateChange),
    Endpoint("DELETE", f"{MODEL}/states/{{state}}", "Delete a state that is not active", status=204),
    Endpoint("GET", f"{MODEL}/states/{{state}}/content", "Download one key", BYTES, query={"key": "The key."}),
    Endpoint("GET", f"{MODEL}/states/{{state}}/zip", "Download all keys", ZIP),
    Endpoint("GET", "/datasets", "Datasets", list[wire.Dataset]),
    Endpoint("POST", "/datasets", "Make an empty dataset", wire.Dataset, wire.NewDataset, 201),
    Endpoint(
        "POST", "/datasets/upload", "Make a dataset of what is in a file", wire.Dataset, BYTES, 201, query=NAME | FORMAT
    ),
    Endpoint("GET", DATASET, "A dataset", wire.Dataset),
    Endpoint("PATCH", DATASET, "Rename a dataset", wire.Dataset, wire.DatasetChange),
    Endpoint("DELETE", DATASET, "Delete a dataset that no operation reads", status=204),
    Endpoint("DELETE", f"{DATASET}/keys", "Delete a key", wire.Dataset, query=KEY),
    Endpoint("POST", f"{DATASET}/entries", "Append entries", wire.Dataset, wire.NewEntries),
    Endpoint("POST", f"{DATASET}/upload", "Append what is in a file", wire.Dataset, BYTES, query=FORMAT),
    Endpoint(
        "GET",
        f"{DATASET}/entries",
        "Some entries of a key, large ones cut",
        wire.DatasetEntries,
        query=KEY | {"start": "The first; 0 without.", "count": "How many, at most 1,000; 100 without."},
    ),
    Endpoint(
        "GET",
        f"{DATASET}/entries/{{index}}/content",
        "A file of an entry; of a tensor all of it as .npy, of texts as JSON",
        BYTES,
        query=KEY | {"file": "Which of the files of an entry that has several; 0 without."},
    ),
    Endpoint("GET", f"{MODEL}/snapshots", "Snapshots", list[wire.Snapshot]),
    Endpoint("POST", f"{MODEL}/snapshots", "Take a snapshot", wire.Snapshot, wire.NewSnapshot, 201),
    Endpoint("PATCH", f"{MODEL}/snapshots/{{snapshot}}", "Rename a snapshot", wire.Snapshot, wire.SnapshotChange),
    Endpoint("DELETE", f"{MODEL}/snapshots/{{snapshot}}", "Delete a snapshot", status=204),
    Endpoint(
        "POST",
        f"{MODEL}/snapshots/{{snapshot}}/restore",
        "Restore a snapshot; the reply is a snapshot of what there was before",
        wire.Snapshot,
        status=201,
    ),
    Endpoint("GET", f"{MODEL}/snapshots/{{snapshot}}/zip", "Export a snapshot", ZIP),
    Endpoint("GET", f"{MODEL}/snapshots/{{snapshot}}/parameters", "A snapshot's parameters", wire.ParameterDefinitions),
    Endpoint("POST", f"{MODEL}/check", "What the code defines, and what is wrong with it", wire.CodeCheck),
    Endpoint("GET", "/launchers", "Launchers of all models", list[wire.Launcher]),
    Endpoint("GET", f"{MODEL}/launchers", "A model's launchers, temporary and persistent", list[wire.Launcher]),
    Endpoint("POST", f"{MODEL}/launchers", "Make a persistent launcher", wire.Launcher, wire.LauncherChoice, 201),
    Endpoint(
        "PUT",
        f"{MODEL}/launchers/{{launcher}}",
        "Change a persistent launcher",
        wire.Launcher,
        wire.LauncherChoice,
    ),
    Endpoint(
        "DELETE", f"{MODEL}/launchers/{{launcher}}", "Remove a persistent launcher, or end an idle one", status=204
    ),
    Endpoint(
        "GET",
        f"{MODEL}/launchers/{{launcher}}/usage",
        "What a launcher used in the last five minutes",
        list[wire.LauncherUsage],
    ),
    Endpoint("GET", f"{MODEL}/launch", "What operations are launched with", wire.Launch),
    Endpoint("PUT", f"{MODEL}/launch", "Choose what operations are launched with", wire.Launch, wire.LaunchChoice),
    Endpoint(
        "GET",
        f"{MODEL}/operations",
        "Operations, the newest first, at most 200",
        list[wire.Operation],
        query={"older_than": "The id of the oldest one that is known: those before it."},
    ),
    Endpoint(
        "POST",
        f"{MODEL}/operations",
        "Evaluate, train, create a state, or start a debug session",
        wire.Operation,
        wire.NewOperation,
        202,
    ),
    Endpoint("GET", "/operations/{operation}", "An operation", wire.Operation),
    Endpoint("GET", "/operations/{operation}/request", "What it was started with, large inputs too", wire.NewOperation),
    Endpoint("DELETE", "/operations/{operation}", "Delete an operation that has ended", status=204),
    Endpoint(
        "POST",
        "/operations/{operation}/resume",
        "Train on from the checkpoint that a training has left",
        wire.Operation,
        status=202,
    ),
    Endpoint("POST", "/operations/{operation}/cancel", "Stop an operation", wire.Operation, status=202),
    Endpoint("GET", "/operations/{operation}/usage", "What its launcher used", list[wire.LauncherUsage]),
    Endpoint("GET", "/operations/{operation}/log", "What was printed until now, as one text", "text/plain"),
    Endpoint("GET", "/operations/{operation}/result", "What an evaluate returned", wire.Result),
    Endpoint("GET", "/operations/{operation}/result/blobs/{index}", "A file of a result", BYTES),
    Endpoint(
        "POST", "/operations/{operation}/calls", "Call a function in a debug session", wire.Call, wire.NewCall, 202
    ),
    Endpoint(
        "GET", "/operations/{operation}/calls/{call}/result", "What an evaluate of a session returned", wire.Result
    ),
    Endpoint("GET", "/operations/{operation}/calls/{call}/result/blobs/{index}", "A file of such a result", BYTES),
    Endpoint(
        "POST",
        "/operations/{operation}/calls/{call}/state",
        "Keep the state that a call of a session made as one of the model's",
        wire.State,
        wire.KeepState,
        201,
    ),
    Endpoint(
        "GET",
        "/operations/{operation}/events",
        "Log, progress and metrics, as they come",
        EVENTS,
        query={"offset": "Where to go on, in bytes of the journal; Last-Event-ID says it as well."},
    ),
)


def document(version: str) -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    schemas = _Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        operations = paths.setdefault(f"/api/v1{endpoint.path}", {})
        operations[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Slipway", "version": version, "description": "Code models: their files, runs and states."},
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An API token."},
                "session": {"type": "apiKey", "in": "cookie", "name": "slipway", "description": "A browser's session."},
            },
        },
    }


class _Schemas:
    """JSON Schemas of all types asked for, by name."""

    def __init__(self) -> None:
        kinds = [kind for each in ENDPOINTS for kind in (each.request, each.reply) if not isinstance(kind, str | None)]
        schemas, self.components = msgspec.json.schema_components(
            [*kinds, wire.ErrorReply], ref_template="#/components/schemas/{name}"
        )
        self._schemas = dict(zip(map(repr, [*kinds, wire.ErrorReply]), schemas, strict=True))

    def content(self, kind: Any) -> dict[str, Any]:
        if isinstance(kind, str):
            return {kind: {}}
        return {"application/json": {"schema": self._schemas[repr(kind)]}}


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    done: dict[str, Any] = {"description": endpoint.summary}
    if endpoint.reply is not None:
        done["content"] = schemas.content(endpoint.reply)
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.group],
        "parameters": _parameters(endpoint),
        "responses": {
            str(endpoint.status): done,
            "default": {"description": "What went wrong", "content": schemas.content(wire.ErrorReply)},
        },
    }
    if endpoint.request is not None:
        operation["requestBody"] = {"required": True, "content": schemas.content(endpoint.request)}
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    text = {"type": "string"}
    path = [{"name": name, "in": "path", "required": True, "schema": text} for name in PARAMETER.findall(endpoint.path)]
    others = [
        {"name": name, "in": where, "description": said, "required": said.startswith("Required"), "schema": text}
        for where, named in (("query", endpoint.query), ("header", endpoint.headers))
        for name, said in named.items()
    ]
    return path + others


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"[A-Za-z]+", PARAMETER.sub(r"by \1", endpoint.path))
    return endpoint.method.lower() + "".join(map(str.capitalize, words))
