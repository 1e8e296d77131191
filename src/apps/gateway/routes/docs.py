"""The API's description, as a document and as a page that needs nobody else's server."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from litestar import get
from litestar.exceptions import NotFoundException

from apps.gateway.answers import JSON, Answer
from apps.gateway.openapi import openapi_document
from apps.gateway.reading import HttpRequest
from tradex_core.events import codec

_REVALIDATED: Final = (b"cache-control", b"no-cache")
_A_DAY: Final = (b"cache-control", b"public, max-age=86400")
_SCRIPT: Final = b"text/javascript; charset=utf-8"

_PAGE: Final = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tradex API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START: Final = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
});
"""
_ASSETS: Final = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": _SCRIPT,
    "favicon-32x32.png": b"image/png",
}


@get("/openapi.json", name="openapi")
async def openapi() -> Answer:
    """Return the API's description (OpenAPI 3.1)."""
    return Answer(200, _document(), (JSON, _REVALIDATED))


@get("/docs", name="docs")
async def docs() -> Answer:
    """Show the API's description as a page to read and to try."""
    html = (b"content-type", b"text/html; charset=utf-8")
    return Answer(200, _PAGE, (html, _REVALIDATED))


@get("/docs/{asset:str}", name="docsAsset")
async def docs_asset(request: HttpRequest) -> Answer:
    """Return a script, style or picture of the page."""
    name = request.scope["path_params"]["asset"]
    if name == "start.js":
        return Answer(200, _START, ((b"content-type", _SCRIPT), _REVALIDATED))
    if name not in _ASSETS:
        raise NotFoundException
    return Answer(200, _asset(name), ((b"content-type", _ASSETS[name]), _A_DAY))


@cache
def _document() -> bytes:
    return codec.encode(openapi_document())


@cache
def _asset(name: str) -> bytes:
    spec = find_spec("swagger_ui")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise NotFoundException
    return (Path(folders[0]) / "static" / name).read_bytes()
