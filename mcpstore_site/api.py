"""The REST API under /api/v1/: joins the rooms' endpoints, and answers every error in one shape."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from lifecycle.alerts import api as alert_api
from lifecycle.alerts.channels import api as channel_api
from lifecycle.alerts.explain import api as why_api
from lifecycle.alerts.explain.noise import api as noise_api
from lifecycle.alerts.rules import api as rule_api
from lifecycle.alerts.silences import api as silence_api
from lifecycle.alerts.windows import api as window_api
from lifecycle.dependencies import api as dependency_api
from lifecycle.logs import api as log_api
from lifecycle.monitoring.calls import api as call_api
from lifecycle.monitoring.charts import api as chart_api
from lifecycle.monitoring.export import api as export_api
from lifecycle.monitoring.hosts import api as host_api
from lifecycle.monitoring.overview import api as overview_api
from lifecycle.monitoring.settings import api as monitoring_api
from lifecycle.monitoring.uptime.slo import api as target_api
from lifecycle.monitoring.uptime.statuspages import api as statuspage_api
from lifecycle.operations import api as operation_api
from lifecycle.operations.bulk import api as bulk_api
from lifecycle.operations.bulk.progress import BatchNotFoundError
from lifecycle.operations.commands import NotPossibleError
from lifecycle.operations.trials import api as trial_api
from lifecycle.policies import api as policy_api
from lifecycle.policies.operations import ProfileNotFoundError
from lifecycle.services import api as lifecycle_api
from lifecycle.services.listing.saved import api as view_api
from lifecycle.services.listing.saved.queries import ViewNotFoundError
from lifecycle.signin import api as signin_api
from lifecycle.tools import api as tool_api
from lifecycle.tools.contracts import api as contract_api
from lifecycle.tools.search import api as tool_search_api
from lifecycle.workers import api as worker_api
from lifecycle.workers.queue import api as queue_api
from mcpstore_site.answers import unavailable
from registry.access.audit import api as audit_api
from registry.agents import api as agent_api
from registry.agents.operations import AgentNotFoundError
from registry.clients import api as client_api
from registry.clients.queries import ClientNotFoundError
from registry.contracts.history import ChangeNotFoundError
from registry.dependencies.release import StillNeededError
from registry.errors import (
    ContractError,
    InvalidConfigError,
    NotAllowedError,
    RegistryError,
    ServiceNotFoundError,
    ToolUnknownError,
)
from registry.imports import api as import_api
from registry.installation import trouble
from registry.mcpjson import api as mcpjson_api
from registry.mcpjson.image import FileMovedError
from registry.mcpjson.rollback import VersionNotFoundError
from registry.removed import api as removed_api
from registry.removed.operations import RemovedNotFoundError
from registry.rest import allowance
from registry.rest.problems import ProblemError, answer, code_of

logger = logging.getLogger(__name__)

api = NinjaAPI(
    title="MCPStore Console",
    version="1",
    description="Configuration, state and alerts of MCP services.",
    urls_namespace="api",
    docs_url=None,
)
ROOMS = (
    bulk_api,
    trial_api,
    removed_api,
    lifecycle_api,
    overview_api,
    chart_api,
    log_api,
    export_api,
    tool_api,
    tool_search_api,
    worker_api,
    host_api,
    call_api,
    contract_api,
    dependency_api,
    client_api,
    signin_api,  # this and the next before the paths that take any word after the service
    why_api,
    operation_api,
    alert_api,
    channel_api,
    rule_api,
    noise_api,
    silence_api,
    window_api,
    policy_api,
    monitoring_api,
    target_api,
    statuspage_api,
    view_api,
    queue_api,
    agent_api,
    import_api,
    mcpjson_api,
    audit_api,
)
for room in ROOMS:
    api.add_router("", room.router)

STATUS_OF: dict[type[Exception], int] = {
    ServiceNotFoundError: 404,
    AgentNotFoundError: 404,
    ClientNotFoundError: 404,
    ProfileNotFoundError: 404,
    BatchNotFoundError: 404,
    ViewNotFoundError: 404,
    RemovedNotFoundError: 404,
    VersionNotFoundError: 404,
    ChangeNotFoundError: 404,
    NotAllowedError: 403,
    InvalidConfigError: 422,
    NotPossibleError: 409,
    ToolUnknownError: 404,
    ContractError: 409,
    StillNeededError: 409,
    FileMovedError: 409,
}


def say(status: int, message: str, *, code: str = "", where: str = "") -> HttpResponse:
    """One error answer."""
    response = JsonResponse(answer(code or code_of(status), message, where), status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(RegistryError)
@api.exception_handler(NotPossibleError)
def refused(request: HttpRequest, exc: RegistryError | NotPossibleError) -> HttpResponse:
    status = next((known for kind, known in STATUS_OF.items() if isinstance(exc, kind)), 400)
    if isinstance(exc, InvalidConfigError):
        return say(status, f"{exc.what}. {exc.remedy}", code=exc.code, where=exc.where)
    return say(status, str(exc), code=exc.code)


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, exc: HttpError) -> HttpResponse:
    if isinstance(exc, ProblemError):
        return say(exc.status_code, str(exc), code=exc.code, where=exc.where)
    if exc.status_code == 401:
        return say(401, "Send a token as `Authorization: Bearer TOKEN`, or sign in.")
    return say(exc.status_code, str(exc))


@api.exception_handler(ValidationError)
def unreadable(request: HttpRequest, exc: ValidationError) -> HttpResponse:
    first = exc.errors[0]
    return say(422, str(first["msg"]), where=".".join(str(part) for part in first["loc"]))


@api.exception_handler(Http404)
def missing(request: HttpRequest, exc: Http404) -> HttpResponse:
    return say(404, "There is nothing at this address.")


@api.exception_handler(PermissionDenied)
def denied(request: HttpRequest, exc: PermissionDenied) -> HttpResponse:
    return say(403, "This is not allowed.")


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, exc: RequestDataTooBig) -> HttpResponse:
    return say(413, "The body is larger than 4 MiB.", where="body")


@api.exception_handler(Exception)
def failed(request: HttpRequest, exc: Exception) -> HttpResponse:
    """The outermost boundary: trouble is told as such, a bug of ours is logged with its trace."""
    if found := trouble.of(exc):
        trouble.note(found, request.path, exc)
        return unavailable.answer(found, request.path)
    logger.error("%s %s failed", request.method, request.path, exc_info=exc)
    return say(500, "The console made a mistake; its log has the details.", code="internal")


def _told(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code == 405:
        said = say(405, f"This address answers {response['Allow']}.")
        said["Allow"] = response["Allow"]
        return said
    return allowance.told(request, response)


def _in_json(view: Callable[..., Any]) -> Callable[..., Any]:
    """*view*: its refusal of a method is JSON like every other error, and it says what is left to ask."""
    if iscoroutinefunction(view):

        @wraps(view)
        async def waiting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            answered: Awaitable[HttpResponseBase] = view(request, *args, **kwargs)
            return _told(request, await answered)

        return waiting

    @wraps(view)
    def plain(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return _told(request, view(request, *args, **kwargs))

    return plain


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """Every address under /api/v1/ that is none."""
    return missing(request, Http404())


def _urls() -> tuple[list[URLPattern | URLResolver], str, str]:
    patterns, app, namespace = api.urls
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = unknown if pattern.name == "api-root" else _in_json(pattern.callback)
    return [*patterns, re_path("", unknown)], app, namespace


urls = _urls()
