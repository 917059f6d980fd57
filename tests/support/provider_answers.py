"""What providers really answer, as their documentation and their users quote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.provider import Reply

TEAMS_FAILED = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"
HTML = "<!doctype html><title>Sign in to the network</title>"


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """One provider: settings of a channel, answers that mean yes, those that mean no, and those with a wait.

    `at` is where its address goes among the settings; `gone` are answers after which nothing more is wanted.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    at: str = "{}/hook/secret-token"
    yes: Sequence[Reply]
    no: Sequence[Reply]
    slow: Sequence[tuple[Reply, float]]
    gone: Sequence[Reply] = ()
    any_2xx: bool = False


def too_fast(body: Any = "", status: int = 429, **headers: str) -> Reply:
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


DISCORD_429 = {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}
DINGTALK_429 = {
    "status": 1111,
    "wait": 5,
    "source": "x5",
    "punish": "deny",
    "errcode": 130101,
    "errmsg": "send too fast, exceed 20 times per minute",
}
TELEGRAM_429 = {
    "ok": False,
    "error_code": 429,
    "description": "Too Many Requests: retry after 35",
    "parameters": {"retry_after": 35},
}
FEISHU_YES: dict[str, Any] = {
    "code": 0,
    "msg": "success",
    "data": {},
    "Extra": None,
    "StatusCode": 0,
    "StatusMessage": "success",
}
FEISHU_FAST = {"code": 99991400, "msg": "request trigger frequency limit"}
SIGN = "sign match fail or timestamp is not within one hour from current time"
WEBHOOK_SECRET = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="

SPOKEN: dict[str, Spoken] = {
    "slack": Spoken(
        yes=[Reply(200, "ok")],
        no=[
            Reply(400, "invalid_payload"),
            Reply(400, "invalid_blocks"),
            Reply(403, "action_prohibited"),
            Reply(404, "channel_not_found"),
            Reply(500, "rollup_error"),
            Reply(200, {"ok": False, "error": "invalid_auth"}),
            Reply(200, "not ok"),
        ],
        slow=[(too_fast("rate_limited", retry_after="30"), 30)],
        gone=[Reply(404, "no_service"), Reply(410, "channel_is_archived")],
    ),
    "teams": Spoken(
        yes=[Reply(202, ""), Reply(200, "1"), Reply(200, "")],
        no=[
            Reply(
                200,
                TEAMS_FAILED,
            ),
            Reply(200, {"error": {"code": "WorkflowTriggerIsNotEnabled"}}),
            Reply(202, {"error": {"code": "NoResponse"}}),
            Reply(400, {"error": {"code": "InvalidRequestContent", "message": "The input is not valid."}}),
            Reply(401, {"error": {"code": "AuthorizationFailed", "message": "The signature is invalid."}}),
            Reply(404, {"error": {"code": "WorkflowNotFound"}}),
        ],
        slow=[(too_fast({"error": {"code": "WorkflowTriggerThrottled"}}, retry_after="12"), 12)],
    ),
    "dingtalk": Spoken(
        settings={"signing": "SECsigning-secret"},
        at="{}/robot/send?access_token=secret-token",
        yes=[Reply(200, {"errcode": 0, "errmsg": "ok"})],
        no=[
            Reply(
                200, {"errcode": 310000, "errmsg": "sign not match, more: [https://ding-doc.dingtalk.com]"}
            ),
            Reply(200, {"errcode": 310000, "errmsg": "keywords not in content"}),
            Reply(200, {"errcode": 300001, "errmsg": "token is not exist"}),
            Reply(200, {"errcode": "0", "errmsg": "ok"}),
            Reply(200, {"errcode": False, "errmsg": "ok"}),
            Reply(200, {"errmsg": "ok"}),
        ],
        slow=[(Reply(200, DINGTALK_429), 60), (Reply(200, {**DINGTALK_429, "wait": 300}), 300)],
    ),
    "wecom": Spoken(
        at="{}/cgi-bin/webhook/send?key=secret-token",
        yes=[Reply(200, {"errcode": 0, "errmsg": "ok"})],
        no=[
            Reply(200, {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1711353600]"}),
            Reply(200, {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}),
            Reply(200, {"errmsg": "ok"}),
        ],
        slow=[(Reply(200, {"errcode": 45009, "errmsg": "api freq out of limit"}), 60)],
    ),
    "feishu": Spoken(
        settings={"signing": "signing-secret"},
        yes=[Reply(200, FEISHU_YES), Reply(200, {"StatusCode": 0, "StatusMessage": "success"})],
        no=[
            Reply(200, {"code": 19021, "data": {}, "msg": SIGN}),
            Reply(200, {"code": 19022, "msg": "Ip Not Allowed"}),
            Reply(200, {"code": 19024, "msg": "Key Words Not Found"}),
            Reply(200, {"code": 9499, "msg": "Bad Request", "data": {}}),
            Reply(200, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}),
            Reply(200, {"code": 9499, "StatusCode": 0}),
            Reply(200, {"msg": "success"}),
            Reply(200, {"code": "0"}),
        ],
        slow=[
            (too_fast(FEISHU_FAST, x_ogw_ratelimit_limit="100", x_ogw_ratelimit_reset="52"), 52),
            (too_fast(FEISHU_FAST, 400, x_ogw_ratelimit_reset="52"), 52),
            (Reply(200, {"code": 11232, "msg": "frequency limited psm"}), 60),
        ],
    ),
    "telegram": Spoken(
        settings={"token": "123456:secret-token", "chat": "-100200300"},
        at="{}",
        yes=[Reply(200, {"ok": True, "result": {"message_id": 5, "text": "…"}})],
        no=[
            Reply(400, {"ok": False, "error_code": 400, "description": "Bad Request: chat not found"}),
            Reply(401, {"ok": False, "error_code": 401, "description": "Unauthorized"}),
            Reply(
                403,
                {"ok": False, "error_code": 403, "description": "Forbidden: bot was kicked from the group"},
            ),
            Reply(200, {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"}),
            Reply(200, {"ok": "true"}),
        ],
        slow=[(too_fast(TELEGRAM_429), 35)],
    ),
    "discord": Spoken(
        yes=[Reply(200, {"id": "1291", "type": 0, "content": ""}), Reply(204, "")],
        no=[
            Reply(400, {"message": "Invalid Form Body", "code": 50035}),
            Reply(401, {"message": "401: Unauthorized", "code": 0}),
            Reply(403, "error code: 1015"),
            Reply(200, {"message": "no id"}),
        ],
        slow=[
            (too_fast(DISCORD_429), 64.57),
            (too_fast({**DISCORD_429, "retry_after": 529}, X_RateLimit_Reset_After="0.529"), 0.529),
        ],
        gone=[Reply(404, {"message": "Unknown Webhook", "code": 10015})],
    ),
    "pagerduty": Spoken(
        settings={"key": "R0secret-token-secret-token-1234", "region": "us"},
        at="{}",
        yes=[Reply(202, {"status": "success", "message": "Event processed", "dedup_key": "x"})],
        no=[
            Reply(
                400,
                {
                    "status": "invalid event",
                    "message": "Event object is invalid",
                    "errors": ["'routing_key'"],
                },
            ),
            Reply(403, "Forbidden"),
            Reply(202, {"status": "invalid event"}),
            Reply(202, ""),
        ],
        slow=[(too_fast({"status": "throttle exceeded"}), 120)],
    ),
    "opsgenie": Spoken(
        settings={"key": "secret-token-1234", "product": "jsm"},
        at="{}/v2/alerts",
        yes=[Reply(202, {"result": "Request will be processed", "took": 0.302, "requestId": "43a2"})],
        no=[
            Reply(
                422,
                {"message": "Request body is not processable.", "errors": {"message": "May not be empty"}},
            ),
            Reply(401, {"message": "Could not authenticate", "took": 0.001}),
            Reply(403, {"message": "You are not authorized to use this resource"}),
            Reply(202, {"result": "Request will be processed"}),
        ],
        slow=[
            (too_fast({"message": "You are making too many requests!"}, X_RateLimit_Period_In_Sec="60"), 60)
        ],
    ),
    "ntfy": Spoken(
        settings={"topic": "secret-topic", "token": "tk_secret-token"},
        at="{}",
        yes=[Reply(200, {"id": "hwQ2YpKdmg", "time": 1, "event": "message", "topic": "t"})],
        no=[
            Reply(400, {"code": 40009, "http": 400, "error": "invalid request: topic invalid"}),
            Reply(401, {"code": 40101, "http": 401, "error": "unauthorized"}),
            Reply(403, {"code": 40301, "http": 403, "error": "forbidden"}),
            Reply(413, {"code": 41301, "http": 413, "error": "attachment too large"}),
            Reply(200, {"code": 50001, "http": 500, "error": "internal server error"}),
        ],
        slow=[(too_fast({"code": 42901, "http": 429, "error": "limit reached: too many requests"}), 60)],
    ),
    "gotify": Spoken(
        settings={"token": "Asecret-token"},
        at="{}",
        yes=[Reply(200, {"id": 25, "appid": 5, "message": "…", "priority": 8})],
        no=[
            Reply(
                401,
                {
                    "error": "Unauthorized",
                    "errorCode": 401,
                    "errorDescription": "you need to provide a valid access token or user credentials",
                },
            ),
            Reply(200, {"id": 25, "error": "Internal Server Error", "errorCode": 500}),
            Reply(200, {"id": "25"}),
        ],
        slow=[(too_fast({"error": "Too Many Requests"}, retry_after="7"), 7)],
    ),
    "heartbeat": Spoken(
        at="{}/ping/secret-token",
        yes=[Reply(200, "OK"), Reply(200, {"ok": True}), Reply(204)],
        no=[
            Reply(200, "OK (not found)"),
            Reply(200, "OK (rate limited)"),
            Reply(200, {"ok": False, "msg": "Monitor not found or not active."}),
            Reply(404, "not found"),
        ],
        slow=[(too_fast("rate limited", retry_after="9"), 9)],
        any_2xx=True,
    ),
    "webhook": Spoken(
        settings={"secret": WEBHOOK_SECRET},
        yes=[Reply(204), Reply(200, "whatever"), Reply(202)],
        no=[Reply(400, "no"), Reply(404, "no such hook")],
        slow=[(too_fast(retry_after="77"), 77)],
        gone=[Reply(410, "gone")],
        any_2xx=True,
    ),
}
"""Whatever a provider may say besides: none of it means yes."""
NEVER = [
    Reply(302, "ok", {"Location": "/elsewhere"}),
    Reply(307, "ok", {"Location": "/elsewhere"}),
    Reply(400, HTML),
    Reply(403, HTML),
    Reply(500, "ok"),
    Reply(502, HTML),
    Reply(503, {"code": 1, "errcode": 1}),
    Reply(hang=True),
]
NO_PROOF = [
    Reply(200, HTML),
    Reply(200, "[]"),
    Reply(200, "null"),
    Reply(200, '"ok"'),
    Reply(200, "[" * 5000),
    Reply(200, '{"errcode": 0, "code": 0, "ok": true, "id"', cut=True),
    Reply(200, '{"errcode": 0, "code": 0, "ok": true, "id": 1}', endless=True),
]
