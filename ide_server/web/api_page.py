"""The API for people to read: one page, made from the OpenAPI document on each request."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ide_server import __version__, openapi
from ide_server.replies import json_reply
from ide_server.web import access, pages, sessions
from ide_server.web.state import WebState

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>API - Slipway</title>
<style nonce="__CSP_NONCE__">
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
h2 {{ margin: 2rem 0 .5rem; font-size: 1.1rem }}
details {{ border-top: 1px solid #8884; padding: .4rem 0 }}
summary {{ cursor: pointer; display: flex; flex-wrap: wrap; gap: .75rem; align-items: baseline }}
summary b {{ width: 4.5rem; font: 600 .8rem ui-monospace, monospace }}
code, pre {{ font: .85rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap }}
summary span {{ opacity: .75 }}
pre {{ background: #8881; border-radius: 6px; padding: .75rem }}
dt {{ font-weight: 600; margin-top: .5rem }}
dd {{ margin: 0 }}
</style>
</head>
<body>
<h1>API</h1>
<p>Everything the page does. Programs come in with an API token: <code>Authorization: Bearer &lt;secret&gt;</code>.
The same as a document of OpenAPI 3.1: <a href="/api/v1/openapi.json">openapi.json</a>.
<a href="/">Back to Slipway</a></p>
{groups}
<h2>Messages</h2>
{schemas}
</body>
</html>
"""


async def show_document(request: Request[WebState]) -> Response:
    await access.require(request)
    return json_reply(openapi.document(__version__))


async def show_page(request: Request[WebState]) -> Response:
    if not await sessions.is_open(request):
        return pages.sign_in_first()
    return pages.page(html_of(openapi.document(__version__), request.state["settings"].url))


def html_of(document: Mapping[str, Any], url: str) -> str:
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append(endpoint(method.upper(), path, operation, url))
    return PAGE.format(
        groups="".join(f"<h2>{escape(name)}</h2>{''.join(parts)}" for name, parts in sorted(groups.items())),
        schemas="".join(message(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
    )


def endpoint(method: str, path: str, operation: Mapping[str, Any], url: str) -> str:
    said = f"<b>{method}</b><code>{escape(path)}</code><span>{escape(operation['summary'])}</span>"
    rows = "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in facts(operation))
    example = escape(curl(method, path, operation, url))
    return f"<details><summary>{said}</summary><dl>{rows}</dl><pre>{example}</pre></details>"


def facts(operation: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for parameter in operation["parameters"]:
        if parameter["in"] != "path":
            yield f"{escape(parameter['name'])} ({parameter['in']})", escape(parameter["description"])
    if "requestBody" in operation:
        yield "Takes", content(operation["requestBody"]["content"])
    for status, reply in operation["responses"].items():
        if status != "default":
            yield f"Gives {status}", content(reply.get("content", {})) or "nothing"


def content(kinds: Mapping[str, Any]) -> str:
    """A reference to a message, or a media type."""
    return ", ".join(shape(kind["schema"]) if kind else f"<code>{escape(name)}</code>" for name, kind in kinds.items())


def shape(schema: Mapping[str, Any]) -> str:
    """A type in a few words, with links to messages."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(shape, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {shape(schema.get('items') or {})}"
    if schema.get("type") == "object":
        return f"mapping to {shape(schema.get('additionalProperties') or {})}"
    return escape(str(schema.get("type", "anything")))


def message(name: str, schema: Mapping[str, Any]) -> str:
    fields = schema.get("properties", {}).items()
    rows = "".join(f"<dt><code>{escape(field)}</code></dt><dd>{shape(kind)}</dd>" for field, kind in fields)
    said = f"<summary><code>{escape(name)}</code></summary><p>{escape(schema.get('description', ''))}</p>"
    return f'<details id="{escape(name)}">{said}<dl>{rows}</dl></details>'


def curl(method: str, path: str, operation: Mapping[str, Any], url: str) -> str:
    parts = [f"curl -X {method}" if method != "GET" else "curl", '-H "Authorization: Bearer $SLIPWAY_TOKEN"']
    kinds = list(operation.get("requestBody", {}).get("content", {}))
    if kinds == ["application/json"]:
        parts += ["-H 'Content-Type: application/json' -d '{...}'"]
    elif kinds:
        parts += ["--data-binary @file"]
    return " ".join([*parts, f"'{url}{path}'"])
