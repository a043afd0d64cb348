"""Errors cross the socket of a shared keeper as they are."""

from __future__ import annotations

import json

import pytest

from segocr.errors import DocumentError, EnvironmentMissing, HostDied, HostError, HostTimeout, SegocrError
from segocr.steps.refusals import failure_as_json, raise_failure, raise_refusal


@pytest.mark.parametrize(
    "error",
    [
        HostDied("it ended"),
        HostTimeout("it hung", hint="segocr doctor"),
        HostError("the keeper is closed", code="keeper-closed"),
        EnvironmentMissing("it is absent", code="environment-broken", hint="segocr env create open"),
    ],
)
def test_an_error_arrives_as_it_was_raised(error: SegocrError) -> None:
    with pytest.raises(type(error)) as caught:
        raise_failure(json.loads(json.dumps(failure_as_json(error))))
    assert type(caught.value) is type(error)
    assert vars(caught.value) == vars(error)


@pytest.mark.parametrize("name", ["ServerError", "Path", "nothing", "annotations"])
def test_an_error_of_no_known_type_is_a_host_s(name: str) -> None:
    with pytest.raises(HostError, match="what it says") as caught:
        raise_failure({"type": name, "message": "what it says", "code": "a-code", "hint": None})
    assert caught.value.code == "a-code"


def test_a_host_says_who_is_to_blame() -> None:
    with pytest.raises(DocumentError, match="it is cut off") as caught:
        raise_refusal({"culprit": "document", "code": "truncated", "message": "it is cut off"}, "open/open")
    assert caught.value.code == "truncated"


def test_what_a_host_quotes_can_be_stored_and_shown() -> None:
    with pytest.raises(DocumentError) as caught:
        raise_refusal(
            {"culprit": "document", "code": "unreadable", "message": "a\0b\ud800\x1b[31m é"}, "open"
        )
    assert caught.value.message == "a b  [31m é"
