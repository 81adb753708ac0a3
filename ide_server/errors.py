"""Every error a person can cause, each named after what happened.

SlipwayError
├── InvalidRequest
├── NotSignedIn
├── ForbiddenOrigin, ScopeMissing
├── NotFound
│   ├── ModelNotFound, FileNotFound, StateNotFound, OperationNotFound, TerminalNotFound, TemplateNotFound
│   ├── MountedModelNotFound, LauncherNotFound, EnvironmentNotFound, VariableNotFound, SnapshotNotFound, TokenNotFound
│   └── DatasetNotFound, LanguageServerNotFound
├── AlreadyExists
├── ModelInUse, DatasetInUse
├── IdempotencyKeyReused, RequestUnderWay
├── PreconditionRequired
├── FileChanged
├── FileTooLarge
├── UnsafePath
├── AccessDenied
├── NotAFile, NotAFolder, FolderNotEmpty, NameNotAllowed
├── FilesystemFull
├── LimitBelowUse
├── FilesystemUnavailable
├── HostUnavailable
├── SandboxFailed
├── ProgramMissing
├── EnvironmentUnavailable, EnvironmentFailed, EnvironmentInUse
├── SecretsUnreadable
├── LanguageServerUnavailable, LanguageServerEnded
├── TooManyTerminals, TooManyLanguageServers, TooManyLaunchers
├── LauncherBusy
├── CallUnderWay
├── OperationEnded
└── GitFailed
    └── GitIdentityMissing, GitSignInNeeded, GitRejected, GitBusy, GitNoSpace

A message says what happened and what to do next. `details` carries the numbers a page can act on.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class SlipwayError(Exception):
    """An error with a code that stays the same over versions, a message for people and details for programs."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, /, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: Mapping[str, Any] = details


class InvalidRequest(SlipwayError):
    code = "invalid_request"


class NotSignedIn(SlipwayError):
    code = "not_signed_in"


class ForbiddenOrigin(SlipwayError):
    code = "forbidden_origin"


class ScopeMissing(SlipwayError):
    """The API token may not do this. details: `expected`, the scope, and `scopes`, those it has."""

    code = "scope_missing"


class NotFound(SlipwayError):
    code = "not_found"


class ModelNotFound(NotFound):
    code = "model_not_found"


class FileNotFound(NotFound):
    code = "file_not_found"


class StateNotFound(NotFound):
    code = "state_not_found"


class OperationNotFound(NotFound):
    code = "operation_not_found"


class TerminalNotFound(NotFound):
    code = "terminal_not_found"


class PortNotListening(NotFound):
    code = "port_not_listening"


class PreviewUnavailable(SlipwayError):
    code = "preview_unavailable"


class TemplateNotFound(NotFound):
    code = "template_not_found"


class EnvironmentNotFound(NotFound):
    code = "environment_not_found"


class VariableNotFound(NotFound):
    code = "variable_not_found"


class MountedModelNotFound(NotFound):
    code = "mounted_model_not_found"


class SnapshotNotFound(NotFound):
    code = "snapshot_not_found"


class TokenNotFound(NotFound):
    code = "token_not_found"


class DatasetNotFound(NotFound):
    """Also where a dataset has no such key or entry."""

    code = "dataset_not_found"


class AlreadyExists(SlipwayError):
    code = "already_exists"


class ModelInUse(SlipwayError):
    """Other models have it mounted. details: `models`, their ids."""

    code = "model_in_use"


class IdempotencyKeyReused(SlipwayError):
    """The key came with another request before."""

    code = "idempotency_key_reused"


class RequestUnderWay(SlipwayError):
    """A request with this idempotency key has begun, and its reply is not known."""

    code = "request_under_way"


class PreconditionRequired(SlipwayError):
    """A write came without If-Match or If-None-Match."""

    code = "precondition_required"


class FileChanged(SlipwayError):
    """The file is not the one the writer read; details hold the present `etag` (None: it is gone)."""

    code = "file_changed"


class FileTooLarge(SlipwayError):
    code = "file_too_large"


class UnsafePath(SlipwayError):
    """The path leads out of the model's filesystem."""

    code = "unsafe_path"


class AccessDenied(SlipwayError):
    """The file's own permissions forbid it, to the person as to us."""

    code = "access_denied"


class NotAFile(SlipwayError):
    code = "not_a_file"


class NotAFolder(SlipwayError):
    code = "not_a_folder"


class FolderNotEmpty(SlipwayError):
    code = "folder_not_empty"


class NameNotAllowed(SlipwayError):
    code = "name_not_allowed"


class FilesystemFull(SlipwayError):
    """details: needed_bytes, free_bytes, limit_bytes, needed_files, free_files, limit_files."""

    code = "filesystem_full"


class LimitBelowUse(SlipwayError):
    """details: used_bytes, limit_bytes, used_files, limit_files."""

    code = "limit_below_use"


class FilesystemUnavailable(SlipwayError):
    code = "filesystem_unavailable"


class TrashNotFound(NotFound):
    """What was deleted is gone for good."""

    code = "trash_not_found"


class UploadNotFound(NotFound):
    code = "upload_not_found"


class UploadOutOfStep(SlipwayError):
    """details: received_bytes, where the upload goes on."""

    code = "upload_out_of_step"


class HostUnavailable(SlipwayError):
    code = "host_unavailable"


class SandboxFailed(SlipwayError):
    code = "sandbox_failed"


class ProgramMissing(SlipwayError):
    """The server's machine lacks a program that this needs. details: `program`."""

    code = "program_missing"


class EnvironmentUnavailable(SlipwayError):
    """There is no such combination of versions. details: `available` lists by part what there is."""

    code = "environment_unavailable"


class EnvironmentFailed(SlipwayError):
    """An environment could not be built; the message ends with the tool's own words."""

    code = "environment_failed"


class EnvironmentInUse(SlipwayError):
    code = "environment_in_use"


class SecretsUnreadable(SlipwayError):
    """The key file is missing, broken or another one. details: `names` of the secrets, where some were to be read."""

    code = "secrets_unreadable"


class DatasetInUse(SlipwayError):
    """Operations that have not ended read it."""

    code = "dataset_in_use"


class TooManyTerminals(SlipwayError):
    code = "too_many_terminals"


class LanguageServerNotFound(NotFound):
    code = "language_server_not_found"


class LanguageServerUnavailable(SlipwayError):
    """It cannot run here."""

    code = "language_server_unavailable"


class LanguageServerEnded(SlipwayError):
    """By itself, or because it broke the protocol."""

    code = "language_server_ended"


class TooManyLanguageServers(SlipwayError):
    code = "too_many_language_servers"


class LauncherNotFound(NotFound):
    code = "launcher_not_found"


class LauncherBusy(SlipwayError):
    """An operation has the launcher."""

    code = "launcher_busy"


class TooManyLaunchers(SlipwayError):
    code = "too_many_launchers"


class CallUnderWay(SlipwayError):
    """A debug session takes one call at a time, and none while it waits for its launcher."""

    code = "call_under_way"


class OperationEnded(SlipwayError):
    """The operation has already ended, so it can no longer be cancelled; or has not ended, so cannot be removed."""

    code = "operation_ended"


class GitFailed(SlipwayError):
    """details: `output`, what git said."""

    code = "git_failed"


class GitIdentityMissing(GitFailed):
    """Nobody has said yet who commits."""

    code = "git_identity_missing"


class GitSignInNeeded(GitFailed):
    """details: also `host`, and `variables` that would be looked at, the first is the best."""

    code = "git_sign_in_needed"


class GitRejected(GitFailed):
    """The other side has commits that are not here."""

    code = "git_rejected"


class GitBusy(GitFailed):
    """Another git has the repository locked."""

    code = "git_busy"


class GitNoSpace(GitFailed):
    """details: also used_bytes, limit_bytes, used_files, limit_files."""

    code = "git_no_space"
