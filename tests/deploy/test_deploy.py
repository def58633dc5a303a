"""Tests the deployment with stand-ins for the functions: routes, authorization, roles and logs.

    python -m unittest discover -s tests/deploy -p test_deploy.py
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

import adapt
from deploy import Deployed, deployment
from rows import actions, routes
from translate import binary_of, of_type, translate

HERE = Path(__file__).resolve().parent
STAND_IN = HERE / "stand_in.py"
GOOD = {"Authorization": "Bearer good"}
SECONDS = 20


def write_stand_ins(directory: Path) -> None:
    """Writes one executable for each function of the template."""
    source = STAND_IN.read_text()
    for function in of_type(translate(), "AWS::Lambda::Function").values():
        name = binary_of(function)
        executable = directory / name
        executable.write_text(f"#!{sys.executable}\n{source.replace('@NAME@', name)}")
        executable.chmod(0o755)


class Adaptations(unittest.TestCase):
    """Each adaptation fails if the template does not need it."""

    def test_adaptations_change_the_template(self) -> None:
        self.assertEqual(
            adapt.adapt(translate()),
            [
                f"{len(actions().keys() - adapt.SILENT_ROUTES)} route responses removed",
                f"{len(routes())} HTTP routes expanded from the OpenAPI document",
                "9 alarms on expressions removed",
                "1 condition on a request's tags removed",
                "1 role may publish batches",
                "1 TLS-only policy of a bucket removed",
                "the ids of 2 APIs pinned",
            ],
        )

    def test_adaptation_without_route_responses_fails(self) -> None:
        template = translate()
        adapt.without_route_responses(template)
        with self.assertRaises(adapt.AdaptationError):
            adapt.without_route_responses(template)

    def test_authorized_routes_stay_authorized(self) -> None:
        template = copy.deepcopy(translate())
        adapt.routes_from_openapi(template)
        routes = [r["Properties"] for name, r in template["Resources"].items() if name.startswith("HttpApiRoute")]
        open_routes = [route["RouteKey"] for route in routes if "AuthorizerId" not in route]
        self.assertEqual(sorted(open_routes), ["GET /health", "HEAD /health"])


class DeployedStack(unittest.TestCase):
    stack: ExitStack
    deployed: Deployed

    @classmethod
    def setUpClass(cls) -> None:
        cls.stack = ExitStack()
        cls.addClassCleanup(cls.stack.close)
        binaries = Path(cls.stack.enter_context(tempfile.TemporaryDirectory()))
        write_stand_ins(binaries)
        # No request goes there: the stand-in accepts a fixed token.
        parameters = {"AuthJwksUrl": "http://127.0.0.1:9/jwks.json", "CorsOrigins": "https://chat.example.com"}
        cls.deployed = cls.stack.enter_context(deployment(binaries, parameters))

    def http(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers in lower case, and the JSON body."""
        sent = dict(headers or {})
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(self.deployed.http_url + path, data, sent, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=SECONDS)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
            received = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, received, json.loads(text) if text else None

    def socket(self, headers: dict[str, str] = GOOD) -> ClientConnection:
        """An open WebSocket."""
        return connect(self.deployed.websocket_url, additional_headers=headers, open_timeout=SECONDS)

    def ask(self, socket: ClientConnection, action: str, **fields: Any) -> Any:
        """Sends a frame and returns the next one."""
        socket.send(json.dumps({"action": action, **fields}))
        return json.loads(socket.recv(SECONDS))

    def test_health_needs_no_token(self) -> None:
        status, _, told = self.http("GET", "/health")
        self.assertEqual((status, told["function"]), (200, "health"))
        self.assertNotIn("authorizer", told["event"]["requestContext"])

    def test_http_answers_401_without_a_token_and_403_with_an_invalid_one(self) -> None:
        self.assertEqual(self.http("POST", "/chats", body={})[0], 401)
        self.assertEqual(self.http("POST", "/chats", {"Authorization": "Bearer bad"}, {})[0], 403)

    def test_every_http_route_reaches_its_function_with_the_identity(self) -> None:
        samples = {"{chatId}": "c1", "{userId}": "u1", "{seq}": "1"}
        for route, function in routes().items():
            if function == "health":
                continue
            method, path = route.split(" ")
            for name, sample in samples.items():
                path = path.replace(name, sample)
            with self.subTest(f"{method} {path}"):
                status, _, told = self.http(method, path, GOOD, None if method in {"GET", "DELETE"} else {})
                self.assertEqual((status, told["function"]), (200, function))
                identity = told["event"]["requestContext"]["authorizer"]["lambda"]
                self.assertEqual((identity["userId"], identity["exp"]), ("alice", "4102444800"))

    def test_cors_allows_only_the_configured_origin(self) -> None:
        preflight = {"Access-Control-Request-Method": "POST"}
        status, headers, _ = self.http("OPTIONS", "/chats", preflight | {"Origin": "https://chat.example.com"})
        self.assertEqual((status, headers["access-control-allow-origin"]), (204, "https://chat.example.com"))
        status, headers, _ = self.http("OPTIONS", "/chats", preflight | {"Origin": "https://other.example.com"})
        self.assertNotIn("access-control-allow-origin", headers)

    def test_handshake_without_a_valid_token_is_403(self) -> None:
        for headers in ({}, {"Authorization": "Bearer bad"}):
            with self.assertRaises(InvalidStatus) as refused:
                self.socket(headers)
            self.assertEqual(refused.exception.response.status_code, 403)

    def test_authorizer_gets_the_subprotocols_of_a_browser(self) -> None:
        offered = [Subprotocol("chat.v1"), Subprotocol("bearer.good")]
        with connect(self.deployed.websocket_url, subprotocols=offered, open_timeout=SECONDS) as socket:
            self.assertEqual(self.ask(socket, "ping")["function"], "default-route")

    def test_every_action_reaches_its_function_and_gets_a_reply(self) -> None:
        answered = {key: function for key, function in actions().items() if not key.startswith("$")}
        with self.socket() as socket:
            for action, function in (answered | {"unknown": "default-route"}).items():
                with self.subTest(action):
                    told = self.ask(socket, action)
                    self.assertEqual(told["function"], function)
                    identity = told["event"]["requestContext"]["authorizer"]
                    self.assertEqual((identity["userId"], identity["exp"]), ("alice", "4102444800"))
            socket.send("no JSON")
            self.assertEqual(json.loads(socket.recv(SECONDS))["function"], "default-route")

    def test_only_functions_with_the_permission_may_push(self) -> None:
        with self.socket() as socket:
            connection = self.ask(socket, "ping")["event"]["requestContext"]["connectionId"]
            push: dict[str, Any] = {
                "service": "apigatewaymanagementapi",
                "operation": "post_to_connection",
                "arguments": {"ConnectionId": connection, "Data": '"pushed"'},
            }
            look = push | {"operation": "get_connection", "arguments": {"ConnectionId": connection}}
            self.assertEqual(self.ask(socket, "sendMessage", **{"try": look})["tried"], "AccessDeniedException")
            self.assertEqual(self.ask(socket, "sendMessage", **{"try": push}), "pushed")
            self.assertEqual(json.loads(socket.recv(SECONDS))["tried"], "ok")
            push["arguments"]["ConnectionId"] = "gone"
            self.assertEqual(self.ask(socket, "sendMessage", **{"try": push})["tried"], "GoneException")

    def test_function_may_use_only_its_own_tables_and_actions(self) -> None:
        chats = self.deployed.resources["ChatsTable"]
        key = {"chatId": {"S": "c1"}}
        read = {"service": "dynamodb", "operation": "get_item", "arguments": {"TableName": chats, "Key": key}}
        delete = read | {"operation": "delete_item"}
        put = {"Put": {"TableName": chats, "Item": key}}
        write = {
            "service": "dynamodb",
            "operation": "transact_write_items",
            "arguments": {"TransactItems": [put]},
        }
        outcomes = {
            ("sendMessage", "read"): "ok",
            ("sendMessage", "write"): "AccessDeniedException",
            ("createChat", "write"): "ok",
            ("createChat", "delete"): "AccessDeniedException",
            ("ping", "read"): "AccessDeniedException",
        }
        calls = {"read": read, "write": write, "delete": delete}
        with self.socket() as socket:
            for (action, call), expected in outcomes.items():
                with self.subTest(f"{action}: {call}"):
                    self.assertEqual(self.ask(socket, action, **{"try": calls[call]})["tried"], expected)

    def test_function_may_query_an_index_without_its_table(self) -> None:
        query = {
            "service": "dynamodb",
            "operation": "query",
            "arguments": {
                "TableName": self.deployed.resources["ChatMembersTable"],
                "KeyConditionExpression": "chatId = :id",
                "ExpressionAttributeValues": {":id": {"S": "c1"}},
            },
        }
        of_user = {"IndexName": "byUser", "KeyConditionExpression": "userId = :id"}
        by_user = query | {"arguments": query["arguments"] | of_user}
        scan = query | {
            "operation": "scan",
            "arguments": {"TableName": query["arguments"]["TableName"], "IndexName": "byUser"},
        }
        outcomes = {
            ("/me", "by_user"): "ok",
            ("/me", "query"): "AccessDeniedException",
            ("/me", "scan"): "AccessDeniedException",
            ("/sync", "by_user"): "ok",
            ("/sync", "query"): "ok",
            ("/chats/c1", "by_user"): "AccessDeniedException",
            ("/chats/c1", "query"): "ok",
        }
        calls = {"by_user": by_user, "query": query, "scan": scan}
        for (path, call), expected in outcomes.items():
            with self.subTest(f"{path}: {call}"):
                method = "POST" if path == "/sync" else "PATCH"
                _, _, told = self.http(method, path, GOOD, {"try": calls[call]})
                self.assertEqual(told["tried"], expected)

    def test_disconnect_runs_and_functions_log_to_their_own_group(self) -> None:
        with self.socket() as socket:
            self.ask(socket, "ping")
        logs = self.deployed.ministack.client("logs")
        group = self.deployed.resources["DisconnectLogGroup"]
        self.assertEqual(group, "/aws/lambda/lambda-chat/disconnect")
        deadline = time.monotonic() + SECONDS
        messages: list[str] = []
        while not messages and time.monotonic() < deadline:
            time.sleep(0.1)
            events = logs.filter_log_events(logGroupName=group)["events"]
            messages = [event["message"] for event in events if "disconnect was invoked" in event["message"]]
        self.assertTrue(messages, "no log of disconnect")


class DeployedWithSecrets(unittest.TestCase):
    def test_only_functions_that_need_a_secret_may_read_it(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            write_stand_ins(directory)
            secret = directory / "secret"
            secret.write_text("0123456789abcdef0123456789abcdef")
            # No request goes there: the stand-ins read no users and no connections.
            parameters = {"AuthServiceUrl": "http://127.0.0.1:9", "RealtimeRedisUrl": "redis://127.0.0.1:9"}
            secrets = {"AuthSecretArn": secret, "AuthServiceSecretArn": secret, "RealtimeRedisSecretArn": secret}
            with (
                deployment(directory, parameters, secrets) as deployed,
                connect(deployed.websocket_url, additional_headers=GOOD, open_timeout=SECONDS) as socket,
            ):
                listed = deployed.ministack.client("secretsmanager").list_secrets()["SecretList"]
                arns = {each["Name"]: each["ARN"] for each in listed}

                def ask(action: str, **fields: Any) -> Any:
                    socket.send(json.dumps({"action": action, **fields}))
                    return json.loads(socket.recv(SECONDS))

                def read(action: str, secret: str) -> Any:
                    arguments = {"SecretId": arns[secret]}
                    call = {"service": "secretsmanager", "operation": "get_secret_value", "arguments": arguments}
                    return ask(action, **{"try": call})["tried"]

                told = ask("createChat")
                self.assertEqual(told["event"]["requestContext"]["authorizer"]["secret"], "ok")
                self.assertEqual(told["environment"]["AUTH_SERVICE_URL"], "http://127.0.0.1:9")
                self.assertEqual(told["environment"]["AUTH_SERVICE_SECRET_ARN"], arns["AuthServiceSecretArn"])
                self.assertEqual(read("createChat", "AuthServiceSecretArn"), "ok")
                self.assertEqual(read("createChat", "AuthSecretArn"), "AccessDeniedException")
                self.assertEqual(read("sendMessage", "AuthServiceSecretArn"), "AccessDeniedException")
                self.assertEqual(told["environment"]["REALTIME_REDIS_URL"], "redis://127.0.0.1:9")
                self.assertEqual(told["environment"]["REALTIME_REDIS_SECRET_ARN"], arns["RealtimeRedisSecretArn"])
                self.assertEqual(told["environment"]["REALTIME_REDIS_PREFIX"], "lambda-chat:")
                self.assertEqual(read("sendMessage", "RealtimeRedisSecretArn"), "ok")
                self.assertEqual(read("listMessages", "RealtimeRedisSecretArn"), "AccessDeniedException")


class CommandLine(unittest.TestCase):
    def deploy(self, binaries: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs deploy.py."""
        command = [sys.executable, str(HERE / "deploy.py"), "--binaries", str(binaries), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def test_command_gets_the_apis_and_its_exit_code_is_returned(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            write_stand_ins(Path(name))
            urls = "os.environ['LAMBDA_CHAT_HTTP_URL'], os.environ['LAMBDA_CHAT_WS_URL']"
            script = f"import os, sys; print({urls}); sys.exit(3)"
            result = self.deploy(
                Path(name), "--parameter", "AuthJwksUrl=http://127.0.0.1:9/", "--", sys.executable, "-c", script
            )
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertRegex(result.stdout, r"(?m)^http://127\.0\.0\.1:\d+/\S+ ws://127\.0\.0\.1:\d+/\S+/live$")

    def test_two_sources_of_keys_are_refused(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            write_stand_ins(Path(name))
            secret = Path(name) / "secret"
            secret.write_text("0123456789abcdef0123456789abcdef")
            result = self.deploy(
                Path(name), "--secret", f"AuthSecretArn={secret}", "--parameter", "AuthJwksUrl=http://127.0.0.1:9/", "--", "true"
            )
        self.assertEqual(result.returncode, 70, result.stderr)
        self.assertIn("exactly one of AuthJwksUrl and AuthSecretArn", result.stderr)

    def test_secret_without_its_service_is_refused(self) -> None:
        arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:some-AbCdEf"
        for secret, wanted in {"AuthServiceSecretArn": "AuthServiceUrl", "RealtimeRedisSecretArn": "RealtimeRedisUrl"}.items():
            with self.subTest(secret), tempfile.TemporaryDirectory() as name:
                write_stand_ins(Path(name))
                parameters = ["--parameter", "AuthJwksUrl=http://127.0.0.1:9/", "--parameter", f"{secret}={arn}"]
                result = self.deploy(Path(name), *parameters, "--", "true")
                self.assertEqual(result.returncode, 70, result.stderr)
                self.assertIn(f"{secret} needs {wanted}", result.stderr)

    def test_vpc_without_groups_and_endpoints_without_a_vpc_are_refused(self) -> None:
        for given, message in {
            "VpcSubnetIds=subnet-0a": "both of VpcSubnetIds and VpcSecurityGroupIds",
            "VpcSecurityGroupIds=sg-0a": "both of VpcSubnetIds and VpcSecurityGroupIds",
            "CreateVpcEndpoints=true": "CreateVpcEndpoints needs VpcSubnetIds, VpcId and VpcRouteTableIds",
        }.items():
            with self.subTest(given), tempfile.TemporaryDirectory() as name:
                write_stand_ins(Path(name))
                parameters = ["--parameter", "AuthJwksUrl=http://127.0.0.1:9/", "--parameter", given]
                result = self.deploy(Path(name), *parameters, "--", "true")
                self.assertEqual(result.returncode, 70, result.stderr)
                self.assertIn(message, result.stderr)

    def test_missing_executables_are_named(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            result = self.deploy(Path(name), "--parameter", "AuthJwksUrl=http://127.0.0.1:9/", "--", "true")
        self.assertEqual(result.returncode, 70)
        self.assertIn("add-participants, authorize, block-user, clear-chat, connect, count-unread, create-attachment", result.stderr)


if __name__ == "__main__":
    unittest.main()
