"""Adapts the translated template to MiniStack, which lacks some features of CloudFormation and API Gateway.

Each adaptation changes the template in place and asserts what it changed. If the template no longer needs it, the
adaptation fails instead of doing nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from translate import Template, inline_statements, of_type

# Eight hex digits, the format of MiniStack's ids.
HTTP_API_ID = "c4a70001"
WEBSOCKET_API_ID = "c4a70002"

SILENT_ROUTES = {"$connect", "$disconnect"}


class AdaptationError(AssertionError):
    """The template does not have what an adaptation changes."""


def expect(condition: bool, message: str) -> None:
    """Like assert, but not removed by `python -O`."""
    if not condition:
        raise AdaptationError(message)


def without_route_responses(template: Template) -> str:
    """Removes AWS::ApiGatewayV2::RouteResponse, which MiniStack's CloudFormation does not know. Its WebSocket APIs send
    every reply without one. test_template.py checks that each route with a reply has one."""
    responses = of_type(template, "AWS::ApiGatewayV2::RouteResponse")
    routes = of_type(template, "AWS::ApiGatewayV2::Route").values()
    answering = [r for r in routes if r["Properties"]["RouteKey"] not in SILENT_ROUTES]
    expect(len(responses) == len(answering) > 0, f"{len(responses)} route responses for {len(answering)} routes")
    for name in responses:
        del template["Resources"][name]
    return f"{len(responses)} route responses removed"


def routes_from_openapi(template: Template) -> str:
    """Turns each operation of the OpenAPI document into a Route with its Integration, and the security scheme into an
    Authorizer. SAM describes an HTTP API by a document in Body, which MiniStack ignores."""
    api = template["Resources"]["HttpApi"]["Properties"]
    body = api.pop("Body")
    api |= {"Name": "HttpApi", "ProtocolType": "HTTP"}
    if "x-amazon-apigateway-cors" in body:
        # MiniStack stores properties unchanged, and reads them by the API's camelCase names.
        api["CorsConfiguration"] = body["x-amazon-apigateway-cors"]

    for name, scheme in body["components"]["securitySchemes"].items():
        authorizer = scheme["x-amazon-apigateway-authorizer"]
        expect(authorizer["type"] == "request", f"authorizer {name} is of type {authorizer['type']}")
        template["Resources"][f"HttpApi{name}Authorizer"] = resource(
            "Authorizer",
            AuthorizerType="REQUEST",
            AuthorizerUri=authorizer["authorizerUri"],
            AuthorizerPayloadFormatVersion=authorizer["authorizerPayloadFormatVersion"],
            AuthorizerResultTtlInSeconds=authorizer["authorizerResultTtlInSeconds"],
            EnableSimpleResponses=authorizer["enableSimpleResponses"],
            IdentitySource=authorizer["identitySource"],
            Name=name,
        )

    operations = [(path, method, op) for path, ops in body["paths"].items() for method, op in ops.items()]
    for number, (path, method, operation) in enumerate(operations):
        integration = operation["x-amazon-apigateway-integration"]
        expect(integration["type"] == "aws_proxy", f"{method} {path} is of type {integration['type']}")
        template["Resources"][f"HttpApiIntegration{number}"] = resource(
            "Integration",
            IntegrationType="AWS_PROXY",
            IntegrationUri=integration["uri"],
            PayloadFormatVersion=integration["payloadFormatVersion"],
        )
        (scheme,) = (name for each in operation["security"] for name in each)
        authorized = (
            {}
            if scheme == "NONE"
            else {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": f"HttpApi{scheme}Authorizer"}}
        )
        template["Resources"][f"HttpApiRoute{number}"] = resource(
            "Route",
            RouteKey=f"{method.upper()} {path}",
            Target={"Fn::Join": ["/", ["integrations", {"Ref": f"HttpApiIntegration{number}"}]]},
            **authorized,
        )
    expect(len(operations) > 0, "no operation in the OpenAPI document")
    return f"{len(operations)} HTTP routes expanded from the OpenAPI document"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A resource of the HTTP API."""
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {"ApiId": {"Ref": "HttpApi"}, **properties}}


def without_metric_math(template: Template) -> str:
    """Removes alarms on expressions, which MiniStack's CloudFormation refuses. No alarm is ever triggered there."""
    alarms = of_type(template, "AWS::CloudWatch::Alarm")
    computed = [name for name, alarm in alarms.items() if "Metrics" in alarm["Properties"]]
    expect(len(computed) > 0, "no alarm on an expression")
    for name in computed:
        del template["Resources"][name]
    return f"{len(computed)} alarms on expressions removed"


def role_statements(template: Template) -> Iterator[dict[str, Any]]:
    """The statements of all roles' own policies."""
    for role in of_type(template, "AWS::IAM::Role").values():
        yield from inline_statements(role)


def without_request_tags(template: Template) -> str:
    """Removes conditions on s3:RequestObjectTag, which are never true in MiniStack. test_template.py checks that uploads
    must have their tag."""
    adapted = 0
    for statement in role_statements(template):
        keys = statement.get("Condition", {}).get("StringEquals", {})
        if any(key.startswith("s3:RequestObjectTag/") for key in keys):
            del statement["Condition"]
            adapted += 1
    expect(adapted > 0, "no condition on a request's tags")
    return f"{adapted} condition on a request's tags removed"


def publish_batch_as_an_action(template: Template) -> str:
    """Adds sns:PublishBatch, which MiniStack requires. AWS has no such action: sns:Publish allows the call."""
    adapted = 0
    for statement in role_statements(template):
        if statement["Action"] == "sns:Publish":
            statement["Action"] = "sns:PublishBatch"
            adapted += 1
    expect(adapted > 0, "nobody publishes")
    return f"{adapted} role may publish batches"


def without_tls_only(template: Template) -> str:
    """Removes the policy that requires TLS. The tests use MiniStack without TLS, and it enforces the policy.
    test_template.py checks the policy."""
    policies = of_type(template, "AWS::S3::BucketPolicy")
    # The bucket of the web client, which the tests do not deploy, has a policy that says more.
    policies = {name: policy for name, policy in policies.items() if policy.get("Condition") != "HasWebClient"}
    for name, policy in policies.items():
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        expect([statement["Sid"] for statement in statements] == ["TlsOnly"], f"{name} says more")
        del template["Resources"][name]
    expect(len(policies) > 0, "no policy of a bucket")
    return f"{len(policies)} TLS-only policy of a bucket removed"


def pinned_api_ids(template: Template) -> str:
    """Sets the API ids with MiniStack's tag ms-custom-id. Functions need the @connections address as a parameter
    (127.0.0.1 instead of amazonaws.com), before MiniStack would choose the id."""
    apis = of_type(template, "AWS::ApiGatewayV2::Api")
    expect(set(apis) == {"HttpApi", "WebSocketApi"}, f"APIs: {sorted(apis)}")
    for name, api_id in (("HttpApi", HTTP_API_ID), ("WebSocketApi", WEBSOCKET_API_ID)):
        apis[name]["Properties"].setdefault("Tags", {})["ms-custom-id"] = api_id
    return "the ids of 2 APIs pinned"


ADAPTATIONS: list[Callable[[Template], str]] = [
    without_route_responses,
    routes_from_openapi,
    without_metric_math,
    without_request_tags,
    publish_batch_as_an_action,
    without_tls_only,
    pinned_api_ids,
]


def adapt(template: Template) -> list[str]:
    """Applies all adaptations. Returns what each of them did."""
    return [adaptation(template) for adaptation in ADAPTATIONS]
