"""GET /openapi.json, /docs and what that page consists of. Open to anyone: they say nothing about the lake."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from trailkeep import api
from trailkeep.errors import RouteNotFound
from trailkeep.openapi.pages import Page, asset_page, docs_page, document_page

app = api.resolver()


def served(page: Page) -> Response[str]:
    if page.is_known(api.headers(app.current_event)):
        return Response(status_code=304, body="", headers=page.headers)
    return Response(status_code=200, content_type=page.kind, body=page.text, headers=page.headers)


@app.get("/openapi.json")
def get_document() -> Response[str]:
    return served(document_page())


@app.get("/docs")
def get_docs() -> Response[str]:
    return served(docs_page())


@app.get("/docs/<asset>")
def get_asset(asset: str) -> Response[str]:
    page = asset_page(asset)
    if page is None:
        raise RouteNotFound("the page has no such file")
    return served(page)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    api.log_context(event)
    return app.resolve(event, context)
