"""A stand-in for the real functions, to test the deployment around them: it answers with the event that it got.

test_deploy.py writes it as one executable for each function. It uses the Lambda Runtime API. As `authorize`, it accepts
the bearer token `good`. For {"try": {...}}, it calls AWS with the credentials of its role.
"""

import json
import os
import urllib.request
from typing import Any

NAME = "@NAME@"
RUNTIME = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
CREDENTIALS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}


def authorize(event: dict[str, Any]) -> dict[str, Any]:
    """The authorizer's answer: a simple response for the HTTP API, a policy for the WebSocket API."""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    offered = headers.get("sec-websocket-protocol", "")
    good = headers.get("authorization") == "Bearer good" or "bearer.good" in [p.strip() for p in offered.split(",")]
    context = {"userId": "alice", "exp": "4102444800"}
    if secret := os.environ.get("AUTH_SECRET_ARN"):
        context["secret"] = attempt("secretsmanager", "get_secret_value", {"SecretId": secret})
    if "routeArn" in event:
        return {"isAuthorized": good, "context": context}
    statement = {
        "Effect": "Allow" if good else "Deny",
        "Action": "execute-api:Invoke",
        "Resource": event["methodArn"],
    }
    return {
        "principalId": "alice",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def attempt(service: str, operation: str, arguments: dict[str, Any]) -> str:
    """Calls AWS. Returns "ok" or the error's code."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    endpoint = os.environ.get("CONNECTIONS_ENDPOINT") if service == "apigatewaymanagementapi" else None
    client = boto3.client(service, endpoint_url=endpoint, config=Config(retries={"max_attempts": 0}))
    try:
        getattr(client, operation)(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def handle(event: dict[str, Any]) -> dict[str, Any]:
    """Handles one invocation."""
    if NAME == "authorize":
        return authorize(event)
    body = event.get("body") or ""
    asked = json.loads(body) if body.startswith("{") else {}
    told = {
        "function": NAME,
        "event": event,
        "environment": {name: value for name, value in os.environ.items() if name not in CREDENTIALS},
    }
    if "try" in asked:
        told["tried"] = attempt(**asked["try"])
    headers = {"Sec-WebSocket-Protocol": "chat.v1"} if NAME == "connect" else {"Content-Type": "application/json"}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(told)}


while True:
    with urllib.request.urlopen(f"{RUNTIME}/next") as invocation:
        request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        answer = handle(json.load(invocation))
        print(f"{NAME} was invoked", flush=True)
    request = urllib.request.Request(f"{RUNTIME}/{request_id}/response", json.dumps(answer).encode(), method="POST")
    urllib.request.urlopen(request).close()
