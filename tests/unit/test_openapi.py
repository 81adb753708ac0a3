"""The API's description: whole, valid, and about what there is."""

import re
from typing import Any

from starlette.routing import Route

from ide_server import openapi
from ide_server.host.routes import api
from ide_server.settings import Settings
from ide_server.web import api_tokens, substitutes
from ide_server.web.api_page import html_of

BASE = "/api/v1"


def served() -> set[tuple[str, str]]:
    routes = [(route.path, route) for route in api if isinstance(route, Route)]
    of_web = [*api_tokens.routes, *substitutes.routes]
    routes += [(route.path.removeprefix(BASE), route) for route in of_web if isinstance(route, Route)]
    plain = {(re.sub(r":\w+}", "}", path), method) for path, route in routes for method in route.methods or ()}
    return {(path, method) for path, method in plain if method != "HEAD"} | {("/openapi.json", "GET")}


def test_every_route_is_described_and_nothing_else() -> None:
    described = {(endpoint.path, endpoint.method) for endpoint in openapi.ENDPOINTS}
    assert described == served()


def test_every_reference_leads_somewhere_and_every_id_is_its_own() -> None:
    document = openapi.document("1")
    assert document["openapi"] == "3.1.0"
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids)) == len(openapi.ENDPOINTS)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


def test_the_parameters_of_a_path_are_all_there() -> None:
    for path, operations in openapi.document("1")["paths"].items():
        for operation in operations.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def test_the_page_shows_every_endpoint_and_message() -> None:
    document = openapi.document("1")
    page = html_of(document, Settings().url)
    for path, operations in document["paths"].items():
        assert page.count(f"<code>{path}</code>") == len(operations)
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page
    anchors = set(re.findall(r'href="#(\w+)"', page))
    assert anchors <= set(document["components"]["schemas"])


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(references, node.values()))
    return set().union(*map(references, node)) if isinstance(node, list) else set()
