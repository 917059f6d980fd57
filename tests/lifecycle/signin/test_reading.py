"""What is said of an answer of the token endpoint that holds no token; never a part of the answer."""

from __future__ import annotations

import httpx2
import pytest

from lifecycle.core.signin.failures import Failure, SignInError
from lifecycle.signin.flow import tokens


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<h1>t0ken</h1>", "the answer holds no token that can be used (it is not JSON)"),
        ('{"refresh_token": "t0ken"}', "the answer holds no token that can be used (access_token)"),
        (
            '{"access_token": "t0ken", "token_type": "DPoP"}',
            "the answer holds no token that can be used (token_type)",
        ),
        ('{"error": "bad_code", "error_description": "Used before"}', "HTTP 200: bad_code: Used before"),
    ],
)
def test_the_reason_is_told_without_the_answer(text: str, told: str) -> None:
    with pytest.raises(SignInError) as failed:
        tokens.read(httpx2.Response(200, text=text))
    assert (failed.value.failure, failed.value.said) == (Failure.TOKEN, told)
