"""REST answers written as JSON at once, where the schema's pass over each value costs more than the rest."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from ninja.responses import NinjaJSONEncoder


def json_answer(answer: dict[str, Any]) -> HttpResponse:
    """*answer* as django-ninja writes it, unchecked: a test compares it with the endpoint's schema."""
    text = json.dumps(answer, cls=NinjaJSONEncoder)
    return HttpResponse(text, content_type="application/json; charset=utf-8")
