"""The OpenAPI document says what the service does: thousands of requests made from it hold it to its word."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reco_lab.api.building import build
from reco_lab.api.service import Service
from reco_lab.api.settings import ApiSettings
from reco_lab.services.keys import make_key
from reco_lab.testing.service import small_shop

CASES = int(os.environ.get("RECO_LAB_API_CASES", "300"))
OPERATIONS = 9  # that take anything, each asked rightly and wrongly
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    positive_data_acceptance,
    negative_data_rejection,
]
BUT = {
    # what can be read of a batch is taken, so that one bad event does not refuse its neighbours
    ("/events", negative_data_rejection),
    ("/interactions", negative_data_rejection),
    # two fields of an ad may contradict each other, which a schema cannot say
    ("/ads/{ad_id}", positive_data_acceptance),
}


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    workspace = small_shop(tmp_path_factory.mktemp("document"))
    text, _ = make_key(workspace, "schemathesis", ["admin"], who="a test")
    service = Service.open(ApiSettings(rate_per_key=0, rate_per_customer=0), workspace)
    app = build(service)

    async def lasting(scope, receive, send):  # schemathesis would begin and end the service with each request
        if scope["type"] == "http":
            await app(scope, receive, send)

    found = schemathesis.openapi.from_asgi("/openapi.json", lasting, headers={"X-API-Key": text})
    found.config.generation.update(with_security_parameters=False)
    found.config.update(headers={"X-API-Key": text})
    yield found
    service.server.close()


def takes_something(operation):
    """Whether there is anything that could be wrong in a request."""
    return bool(operation.body or operation.query or operation.path_parameters)


def hold_to_its_word(operation, mode):
    @settings(
        max_examples=max(1, CASES // OPERATIONS // 2),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def holds(case):
        case.call_and_validate(checks=[one for one in CHECKS if (operation.path, one) not in BUT])

    holds()


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_the_document_says(schema, mode):
    for found in schema.get_all_operations():
        if mode is GenerationMode.POSITIVE or takes_something(found.ok()):
            hold_to_its_word(found.ok(), mode)


def test_every_route_says_what_it_does_in_words_of_ours(schema):
    for path, methods in schema.raw_schema["paths"].items():
        for method, entry in methods.items():
            assert entry.get("description", "partial(").find("partial(") < 0, (method, path)
