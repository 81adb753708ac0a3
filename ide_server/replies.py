"""The one shape of every error reply, and the one table from our errors to HTTP status codes."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ide_server import errors
from ide_server.wire import ErrorBody, ErrorReply

STATUS: Mapping[type[errors.SlipwayError], HTTPStatus] = {
    errors.InvalidRequest: HTTPStatus.BAD_REQUEST,
    errors.NotSignedIn: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenOrigin: HTTPStatus.FORBIDDEN,
    errors.ScopeMissing: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.AlreadyExists: HTTPStatus.CONFLICT,
    errors.ModelInUse: HTTPStatus.CONFLICT,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RequestUnderWay: HTTPStatus.CONFLICT,
    errors.PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    errors.FileChanged: HTTPStatus.PRECONDITION_FAILED,
    errors.FileTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsafePath: HTTPStatus.FORBIDDEN,
    errors.AccessDenied: HTTPStatus.FORBIDDEN,
    errors.NotAFile: HTTPStatus.CONFLICT,
    errors.NotAFolder: HTTPStatus.CONFLICT,
    errors.FolderNotEmpty: HTTPStatus.CONFLICT,
    errors.NameNotAllowed: HTTPStatus.BAD_REQUEST,
    errors.FilesystemFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.LimitBelowUse: HTTPStatus.CONFLICT,
    errors.FilesystemUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.UploadOutOfStep: HTTPStatus.CONFLICT,
    errors.HostUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.PreviewUnavailable: HTTPStatus.CONFLICT,
    errors.SandboxFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ProgramMissing: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.EnvironmentUnavailable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.EnvironmentFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.EnvironmentInUse: HTTPStatus.CONFLICT,
    errors.SecretsUnreadable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatasetInUse: HTTPStatus.CONFLICT,
    errors.LanguageServerUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.LanguageServerEnded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.TooManyLanguageServers: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManyTerminals: HTTPStatus.TOO_MANY_REQUESTS,
    errors.TooManyLaunchers: HTTPStatus.TOO_MANY_REQUESTS,
    errors.LauncherBusy: HTTPStatus.CONFLICT,
    errors.CallUnderWay: HTTPStatus.CONFLICT,
    errors.OperationEnded: HTTPStatus.CONFLICT,
    errors.GitFailed: HTTPStatus.CONFLICT,
    errors.GitNoSpace: HTTPStatus.INSUFFICIENT_STORAGE,
}


def status_of(error: errors.SlipwayError) -> HTTPStatus:
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def json_reply(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A reply whose body is any value msgspec can encode: our wire types, lists and dicts of them."""
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def error_reply(error: errors.SlipwayError) -> Response:
    body = ErrorReply(ErrorBody(error.code, error.message, dict(error.details)))
    return json_reply(body, status=status_of(error))


async def slipway_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, errors.SlipwayError)
    return error_reply(error)


async def http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    reply = json_reply(ErrorReply(ErrorBody(code, error.detail, {})), status=error.status_code)
    reply.headers.update(error.headers or {})
    return reply


async def unexpected(_: Request, error: Exception) -> Response:
    """Starlette logs the traceback and raises it after this reply."""
    body = ErrorBody("internal_error", "The server failed on this request; its log has the cause.", {})
    return json_reply(ErrorReply(body), status=500)


def protocol_error(message: str, status: int) -> Response:
    """As the Open Inference Protocol has it, below /v2."""
    return json_reply({"error": message}, status=status)


async def protocol_slipway_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, errors.SlipwayError)
    return protocol_error(error.message, status_of(error))


async def protocol_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reply = protocol_error(error.detail, error.status_code)
    reply.headers.update(error.headers or {})
    return reply


PROTOCOL_HANDLERS: Mapping[Any, Any] = {
    errors.SlipwayError: protocol_slipway_error,
    HTTPException: protocol_http_exception,
}

EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    errors.SlipwayError: slipway_error,
    HTTPException: http_exception,
    Exception: unexpected,
}
