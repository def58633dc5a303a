"""Checks the translated template for errors that cfn-lint and `sam validate` do not find.

    python -m unittest discover -s tests/deploy -p test_template.py
"""

from __future__ import annotations

import copy
import difflib
import json
import math
import re
import unittest
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rows
from translate import TEMPLATE, Resource, Template, binary_of, inline_statements, of_type, translate

PSEUDO = {"AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix"}
# Routes without a reply: the handshake has a status, and a closed connection gets nothing.
SILENT_ROUTES = {"$connect", "$disconnect"}
# The only HTTP route without a token.
OPEN_ROUTES = {("/health", "get"), ("/health", "head")}
VARIABLE_OF_TABLE = {
    "ChatsTable": "CHATS_TABLE",
    "MessagesTable": "MESSAGES_TABLE",
    "ChatMembersTable": "CHAT_MEMBERS_TABLE",
    "SendsTable": "SENDS_TABLE",
    "UploadsTable": "UPLOADS_TABLE",
    "UserLimitsTable": "USER_LIMITS_TABLE",
    "UserItemsTable": "USER_ITEMS_TABLE",
    "ChatUsersTable": "CHAT_USERS_TABLE",
}
# The indexes, in the form of a policy.
BY_USER = {"Fn::Sub": "${ChatMembersTable.Arn}/index/byUser"}
PAST_BY_READ_SEQ = {"Fn::Sub": "${ChatMembersTable.Arn}/index/pastByReadSeq"}
# The bucket and its objects, in the form of a policy.
BUCKET = {"Fn::GetAtt": ["AttachmentsBucket", "Arn"]}
OBJECTS = {"Fn::Sub": "${AttachmentsBucket.Arn}/*"}
# The functions that look up users.
WITH_AUTH_SERVICE = {
    "AddParticipantsFunction",
    "CreateChatFunction",
    "GetChatFunction",
    "ListChatsFunction",
    "ListMembersFunction",
    "ListUsersFunction",
    "ProfileFunction",
}
# The functions' own metrics. They have no dimensions.
METRICS = {
    "Requests",
    "ServerErrors",
    "RateLimited",
    "MessagesCommitted",
    "Conflicts",
    "PushesPosted",
    "PushesGone",
    "PushesThrottled",
    "PushesFailed",
    "PushesMissed",
    "NotificationsPublished",
    "NotificationsFailed",
    "ObjectsNotRemoved",
    "FanOutMs",
    "ReadUnits",
    "WriteUnits",
}
# The metrics of AWS in the alarms and the dashboard.
AWS_METRICS = {
    ("AWS/ApiGateway", "Count"),
    ("AWS/ApiGateway", "4xx"),
    ("AWS/ApiGateway", "5xx"),
    ("AWS/ApiGateway", "ConnectCount"),
    ("AWS/ApiGateway", "MessageCount"),
    ("AWS/ApiGateway", "ClientError"),
    ("AWS/ApiGateway", "IntegrationError"),
    ("AWS/ApiGateway", "ExecutionError"),
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"),
    ("AWS/DynamoDB", "ReadThrottleEvents"),
    ("AWS/DynamoDB", "WriteThrottleEvents"),
    ("AWS/Lambda", "Duration"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Invocations"),
    ("AWS/Lambda", "Throttles"),
}
# The parameters that are ARNs of secrets.
SECRETS = {"AuthSecretArn", "AuthServiceSecretArn", "RealtimeRedisSecretArn"}
# The namespace of the functions' own metrics.
NAMESPACE = {"Fn::Sub": "lambda-chat/${AWS::StackName}"}
# Actions that cannot be restricted to a resource.
TRACING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
# The permissions that Lambda needs for functions in a VPC, according to its documentation.
NETWORK = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
DOCS = TEMPLATE.parent / "docs" / "API.md"
EVENTS = TEMPLATE.parent / "events"
ALLOWED = Path(__file__).with_name("allowed.txt")
# The number of resources after SAM's translation. CloudFormation's limit is 500.
RESOURCES = 227
# The order of tables in the docs.
DOCUMENTED_TABLES = [
    "Chats",
    "Messages",
    "ChatMembers",
    "ChatMembers/byUser",
    "ChatMembers/pastByReadSeq",
    "Sends",
    "Uploads",
    "UserLimits",
    "UserItems",
    "ChatUsers",
]


def names_in_sub(text: str) -> list[str]:
    """The names in a Fn::Sub text, without literals such as `${!literal}`."""
    return re.findall(r"\$\{([^!}][^}]*)\}", text)


def references(node: Any) -> Iterator[tuple[str, str]]:
    """Every reference below a node, as (kind, name). GetAtt and Sub have no attribute."""
    if isinstance(node, list):
        for each in node:
            yield from references(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield "Ref", value
            elif key == "Fn::GetAtt":
                yield "GetAtt", value[0] if isinstance(value, list) else value.split(".")[0]
            elif key == "Fn::Sub":
                text, local = (value, {}) if isinstance(value, str) else value
                for name in names_in_sub(text):
                    if name not in local:
                        yield ("GetAtt" if "." in name else "Ref"), name.split(".")[0]
                yield from references(local)
            elif key == "Fn::If":
                yield "Condition", value[0]
                yield from references(value[1:])
            elif key == "Condition" and isinstance(value, str):
                yield "Condition", value
            else:
                yield from references(value)


def unresolved(template: Template) -> list[str]:
    """References without a target in the template."""
    resources, parameters = set(template["Resources"]), set(template["Parameters"])
    pseudo = {f"AWS::{name}" for name in PSEUDO}
    known = {
        "Ref": resources | parameters | pseudo,
        "GetAtt": resources,
        "Condition": set(template["Conditions"]),
    }
    problems = []
    places = {f"resource {n}": r for n, r in template["Resources"].items()}
    places |= {f"output {n}": o for n, o in template["Outputs"].items()}
    places |= {f"condition {n}": {"If": c} for n, c in template["Conditions"].items()}
    for place, node in places.items():
        for kind, name in references(node):
            if name not in known[kind]:
                problems.append(f"{place}: {kind} of {name}")
        depends = node.get("DependsOn", [])
        for name in [depends] if isinstance(depends, str) else depends:
            if name not in resources:
                problems.append(f"{place}: DependsOn {name}")
    return problems


def routes_without_reply(template: Template) -> list[str]:
    """WebSocket routes that need a route response and have none, and route responses without a route."""
    problems = []
    routes = of_type(template, "AWS::ApiGatewayV2::Route")
    answered: dict[str, int] = dict.fromkeys(routes, 0)
    for name, response in of_type(template, "AWS::ApiGatewayV2::RouteResponse").items():
        properties = response["Properties"]
        route = properties["RouteId"]["Ref"]
        if route not in routes:
            problems.append(f"{name}: no route {route}")
            continue
        answered[route] += 1
        if properties["ApiId"] != routes[route]["Properties"]["ApiId"]:
            problems.append(f"{name}: of another API than {route}")
        if properties["RouteResponseKey"] != "$default":
            problems.append(f"{name}: only $default is a route response key")
    for name, route in routes.items():
        properties = route["Properties"]
        expected = 0 if properties["RouteKey"] in SILENT_ROUTES else 1
        if answered[name] != expected:
            problems.append(f"{name}: {answered[name]} route responses, not {expected}")
        if expected and properties.get("RouteResponseSelectionExpression") != "$default":
            problems.append(f"{name}: no RouteResponseSelectionExpression")
    return problems


def function_in_uri(uri: Any) -> str:
    """The logical id of the function that an integration or authorizer URI invokes."""
    return next(name for kind, name in references(uri) if kind == "GetAtt")


def invoke_permissions(template: Template) -> dict[str, list[str]]:
    """By function, the source ARNs with which API Gateway may invoke it."""
    allowed: dict[str, list[str]] = {}
    for permission in of_type(template, "AWS::Lambda::Permission").values():
        properties = permission["Properties"]
        function = next(name for _, name in references(properties["FunctionName"]))
        source = properties["SourceArn"]["Fn::Sub"]
        text = source if isinstance(source, str) else source[0]
        api = next(name for _, name in references(properties["SourceArn"]) if name.endswith("Api"))
        allowed.setdefault(function, []).append(f"{api}:{text.split('}/', 1)[-1]}")
    return allowed


def managed_policies(role: Resource) -> list[tuple[str, Any]]:
    """A role's managed policies, each with its condition, or with none."""
    arns = [arn["Fn::If"] if "Fn::If" in arn else ["", arn, None] for arn in role["Properties"]["ManagedPolicyArns"]]
    return [(condition, arn) for condition, arn, _ in arns]


def statements(template: Template, role: Resource) -> Iterator[dict[str, Any]]:
    """The statements of a role's inline and managed policies, with the conditional ones."""
    yield from inline_statements(role)
    for _, arn in managed_policies(role):
        if isinstance(arn, dict) and arn.get("Ref") in of_type(template, "AWS::IAM::ManagedPolicy"):
            yield from template["Resources"][arn["Ref"]]["Properties"]["PolicyDocument"]["Statement"]


def as_list(value: Any) -> list[Any]:
    """A list of IAM values. A single value becomes a list of one."""
    return value if isinstance(value, list) else [value]


def too_wide(template: Template) -> list[str]:
    """Statements that allow more than explicit actions on this stack's own resources."""
    problems = []
    for function in of_type(template, "AWS::Lambda::Function").values():
        role_name = function["Properties"]["Role"]["Fn::GetAtt"][0]
        role = template["Resources"][role_name]
        log_group = function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        for _, arn in managed_policies(role):
            if not isinstance(arn, dict) or arn.get("Ref") not in of_type(template, "AWS::IAM::ManagedPolicy"):
                problems.append(f"{role_name}: the managed policy {json.dumps(arn)}")
        sids = [statement.get("Sid") for statement in statements(template, role)]
        if None in sids or len(sids) != len(set(sids)):
            problems.append(f"{role_name}: a statement without a Sid of its own")
        for statement in statements(template, role):
            where = f"{role_name} {statement.get('Sid')}"
            actions = as_list(statement["Action"])
            for action in actions:
                if "*" in action:
                    problems.append(f"{where}: action {action}")
            for resource in as_list(statement["Resource"]):
                if not is_own(template, resource, actions, log_group):
                    problems.append(f"{where}: resource {json.dumps(resource)}")
    return problems


def is_own(template: Template, resource: Any, actions: list[str], log_group: str) -> bool:
    """Whether a statement's resource is the resource of this stack that its actions are for."""
    if set(actions) in (TRACING, NETWORK):
        return bool(resource == "*")
    services = {action.split(":")[0] for action in actions}
    if services == {"logs"}:
        return bool(resource == {"Fn::GetAtt": [log_group, "Arn"]})
    if services == {"dynamodb"}:
        if resource in (BY_USER, PAST_BY_READ_SEQ):
            return actions == ["dynamodb:Query"]
        table = resource.get("Fn::GetAtt", ["", ""]) if isinstance(resource, dict) else ["", ""]
        return table[1] == "Arn" and table[0] in of_type(template, "AWS::DynamoDB::Table")
    if services == {"secretsmanager"}:
        return isinstance(resource, dict) and resource.get("Ref") in SECRETS
    if services == {"s3"}:
        return bool(resource == (BUCKET if actions == ["s3:ListBucket"] else OBJECTS))
    if services == {"sns"}:
        return actions == ["sns:Publish"] and bool(resource == {"Ref": "NotificationsTopicArn"})
    if services == {"execute-api"}:
        text = resource.get("Fn::Sub", "") if isinstance(resource, dict) else ""
        prefix = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}/${StageName}"
        return text in {f"{prefix}/POST/@connections/*", f"{prefix}/DELETE/@connections/*"}
    return False


def watched(alarm: Resource) -> list[dict[str, Any]]:
    """The metrics of an alarm, each with its Namespace, MetricName and Dimensions."""
    properties = alarm["Properties"]
    if "Metrics" not in properties:
        return [properties]
    return [each["MetricStat"]["Metric"] for each in properties["Metrics"] if "MetricStat" in each]


def dashboard(template: Template) -> list[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of every metric in the dashboard. References are replaced by their names."""
    text = re.sub(r"\$\{([^}]*)\}", r"\1", template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    shown = []
    for widget in json.loads(text)["widgets"]:
        before: list[str] = []
        for row in widget["properties"]["metrics"]:
            names = [each for each in row if isinstance(each, str)]
            if names[0] == "...":
                names = before[: len(before) - len(names) + 1] + names[1:]
            names = [before[at] if name == "." else name for at, name in enumerate(names)]
            shown.append((names[0], names[1], dict(zip(names[2::2], names[3::2], strict=True))))
            before = names
    return shown


def http_routes(template: Template) -> list[tuple[str, str]]:
    """The HTTP API's routes, such as `GET /chats`, each with the logical id of its function."""
    paths = template["Resources"]["HttpApi"]["Properties"]["Body"]["paths"]
    return [
        (f"{method.upper()} {path}", function_in_uri(operation["x-amazon-apigateway-integration"]["uri"]))
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]


def websocket_routes(template: Template) -> list[tuple[str, str]]:
    """The WebSocket API's route keys, each with the logical id of its function."""
    routes = []
    for route in of_type(template, "AWS::ApiGatewayV2::Route").values():
        integration = template["Resources"][route["Properties"]["Target"]["Fn::Join"][1][1]["Ref"]]
        routes.append((route["Properties"]["RouteKey"], function_in_uri(integration["Properties"]["IntegrationUri"])))
    return routes


def authorizers(template: Template) -> list[str]:
    """The logical ids of the authorizers' functions: the HTTP API's, then the WebSocket API's."""
    schemes = template["Resources"]["HttpApi"]["Properties"]["Body"]["components"]["securitySchemes"].values()
    uris = [scheme["x-amazon-apigateway-authorizer"]["authorizerUri"] for scheme in schemes]
    uris += [a["Properties"]["AuthorizerUri"] for a in of_type(template, "AWS::ApiGatewayV2::Authorizer").values()]
    return [function_in_uri(uri) for uri in uris]


def documented_table(resource: Any) -> str:
    """The docs' name of a table or an index."""
    if resource in (BY_USER, PAST_BY_READ_SEQ):
        return str(resource["Fn::Sub"]).removeprefix("${").replace("Table.Arn}/index", "")
    return str(resource["Fn::GetAtt"][0]).removesuffix("Table")


def permission_cells(template: Template, role: Resource) -> list[str]:
    """A role's permissions, except for its log: calls to DynamoDB, methods of @connections, the secret, calls to S3, the
    topic."""
    tables: dict[str, set[str]] = {}
    methods: set[str] = set()
    secrets: list[str] = []
    objects: set[str] = set()
    topics: list[str] = []
    for statement in statements(template, role):
        for action in as_list(statement["Action"]):
            service, operation = action.split(":")
            for resource in as_list(statement["Resource"]):
                if service == "dynamodb":
                    tables.setdefault(operation, set()).add(documented_table(resource))
                elif service == "execute-api":
                    methods.add(resource["Fn::Sub"].split("/")[-3])
                elif service == "secretsmanager":
                    secrets.append(resource["Ref"])
                elif service == "s3":
                    objects.add(operation)
                elif service == "sns":
                    topics.append(resource["Ref"])
    calls = [f"{op} on {', '.join(sorted(tables[op], key=DOCUMENTED_TABLES.index))}" for op in sorted(tables)]
    channels = ", ".join(sorted(methods, reverse=True))
    return ["; ".join(calls), channels, ", ".join(secrets), ", ".join(sorted(objects)), ", ".join(topics)]


def function_table(template: Template) -> list[str]:
    """The expected lines of the table of functions in docs/API.md, in the order of the template."""
    rows = [["function", "route", "action", "DynamoDB", "@connections", "secret", "S3", "topic"], ["---"] * 8]
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        # Sort by path, because SAM changes the order of a function's events.
        routes = sorted((r for r, invoked in http_routes(template) if invoked == name), key=lambda r: r.split()[::-1])
        if authorizers(template) == [name, name]:
            routes.append("the authorizer of both APIs")
        actions = [key for key, invoked in websocket_routes(template) if invoked == name]
        role = template["Resources"][function["Properties"]["Role"]["Fn::GetAtt"][0]]
        rows.append(
            [
                binary_of(function),
                ", ".join(routes),
                ", ".join(f"`{action}`" if action.startswith("$") else action for action in actions),
                *permission_cells(template, role),
            ]
        )
    return ["|" + "|".join(f" {cell} " if cell else " " for cell in row) + "|" for row in rows]


def allowed(template: Template) -> list[str]:
    """The permissions of each function, as the lines of allowed.txt."""
    lines = []
    for function in of_type(template, "AWS::Lambda::Function").values():
        role = template["Resources"][function["Properties"]["Role"]["Fn::GetAtt"][0]]
        calls, methods, secrets, objects, topics = permission_cells(template, role)
        methods, objects = methods and f"@connections {methods}", objects and f"S3 {objects}"
        told = "; ".join(part for part in (calls, methods, secrets.replace(", ", "; "), objects, topics) if part)
        lines.append(f"{binary_of(function)}: {told or 'nothing'}")
    return lines


def undocumented(template: Template, docs: str) -> list[str]:
    """How the docs' table of functions differs from the template: `- ` lines are in the docs, `+ ` lines are expected."""
    section = docs.split("\n## Functions\n")[1].split("\n## ")[0]
    documented = [line for line in section.splitlines() if line.startswith("|")]
    return [line for line in difflib.ndiff(documented, function_table(template)) if line[0] in "-+"]


class TranslatedTemplate(unittest.TestCase):
    template: Template

    @classmethod
    def setUpClass(cls) -> None:
        cls.template = translate()

    def broken(self) -> Template:
        """A copy to break."""
        return copy.deepcopy(self.template)

    def test_every_reference_resolves(self) -> None:
        self.assertEqual(unresolved(self.template), [])

    def test_wrong_reference_is_noticed(self) -> None:
        broken = self.broken()
        properties = broken["Resources"]["SendMessageRouteResponse"]["Properties"]
        properties["RouteId"] = {"Ref": "WebSocketApiSendMessageRoute"}  # SAM calls it ...SendmessageRoute
        self.assertEqual(unresolved(broken), ["resource SendMessageRouteResponse: Ref of WebSocketApiSendMessageRoute"])
        self.assertIn("SendMessageRouteResponse: no route WebSocketApiSendMessageRoute", routes_without_reply(broken))

    def test_every_action_can_reply(self) -> None:
        self.assertEqual(routes_without_reply(self.template), [])

    def test_action_without_a_reply_is_noticed(self) -> None:
        broken = self.broken()
        del broken["Resources"]["MarkSeenRouteResponse"]
        del broken["Resources"]["WebSocketApiPingRoute"]["Properties"]["RouteResponseSelectionExpression"]
        self.assertEqual(
            sorted(routes_without_reply(broken)),
            [
                "WebSocketApiMarkseenRoute: 0 route responses, not 1",
                "WebSocketApiPingRoute: no RouteResponseSelectionExpression",
            ],
        )

    def test_every_websocket_route_may_invoke_its_function(self) -> None:
        allowed = invoke_permissions(self.template)
        for name, route in of_type(self.template, "AWS::ApiGatewayV2::Route").items():
            with self.subTest(name):
                properties = route["Properties"]
                integration = properties["Target"]["Fn::Join"][1][1]["Ref"]
                uri = self.template["Resources"][integration]["Properties"]["IntegrationUri"]
                self.assertIn(
                    f"WebSocketApi:${{__StageName__}}/{properties['RouteKey']}", allowed[function_in_uri(uri)]
                )

    def test_only_connect_has_an_authorizer_without_an_identity_source(self) -> None:
        for name, route in of_type(self.template, "AWS::ApiGatewayV2::Route").items():
            properties = route["Properties"]
            if properties["RouteKey"] == "$connect":
                self.assertEqual(properties["AuthorizationType"], "CUSTOM")
                authorizer = self.template["Resources"][properties["AuthorizerId"]["Ref"]]["Properties"]
                self.assertEqual(authorizer["AuthorizerType"], "REQUEST")
                self.assertEqual(function_in_uri(authorizer["AuthorizerUri"]), "AuthorizeFunction")
                # With a header here, browsers could not connect: they send the token as a subprotocol.
                self.assertEqual(authorizer["IdentitySource"], [])
            else:
                # API Gateway supports authorizers only on $connect.
                self.assertNotIn("AuthorizerId", properties, name)

    def test_every_http_route_is_authorized_and_may_invoke_its_function(self) -> None:
        allowed = invoke_permissions(self.template)
        body = self.template["Resources"]["HttpApi"]["Properties"]["Body"]
        routes = {(path, method): op for path, ops in body["paths"].items() for method, op in ops.items()}
        self.assertEqual({f"{method.upper()} {path}" for path, method in routes}, set(rows.routes()))
        for (path, method), operation in routes.items():
            with self.subTest(f"{method} {path}"):
                scheme = "NONE" if (path, method) in OPEN_ROUTES else "Jwt"
                self.assertEqual(operation["security"], [{scheme: []}])
                integration = operation["x-amazon-apigateway-integration"]
                self.assertEqual(integration["payloadFormatVersion"], "2.0")
                source = method.upper() + re.sub(r"\{[^}]*\}", "*", path)
                permissions = allowed[function_in_uri(integration["uri"])]
                self.assertIn(f"HttpApi:${{__Stage__}}/{source}", permissions)

        authorizer = body["components"]["securitySchemes"]["Jwt"]["x-amazon-apigateway-authorizer"]
        self.assertEqual(function_in_uri(authorizer["authorizerUri"]), "AuthorizeFunction")
        self.assertEqual(authorizer["identitySource"], ["$request.header.Authorization"])
        self.assertEqual(authorizer["authorizerPayloadFormatVersion"], "2.0")
        self.assertIs(authorizer["enableSimpleResponses"], True)

    def test_only_the_apis_may_invoke_the_authorizer(self) -> None:
        allowed = invoke_permissions(self.template)["AuthorizeFunction"]
        self.assertEqual(sorted(allowed), ["HttpApi:authorizers/*", "WebSocketApi:authorizers/*"])

    def test_policies_have_explicit_actions_and_own_resources(self) -> None:
        self.assertEqual(too_wide(self.template), [])

    def test_too_wide_policy_is_noticed(self) -> None:
        broken = self.broken()
        health = broken["Resources"]["HealthRole"]["Properties"]
        health["ManagedPolicyArns"] += ["arn:aws:iam::aws:policy/AdministratorAccess"]
        health["Policies"][0]["PolicyDocument"]["Statement"] += [
            {"Sid": "A", "Effect": "Allow", "Action": "dynamodb:*", "Resource": {"Fn::GetAtt": ["ChatsTable", "Arn"]}},
            {"Sid": "B", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"},
            {"Sid": "C", "Effect": "Allow", "Action": "dynamodb:Scan", "Resource": BY_USER},
        ]
        self.assertEqual(
            too_wide(broken),
            [
                'HealthRole: the managed policy "arn:aws:iam::aws:policy/AdministratorAccess"',
                "HealthRole A: action dynamodb:*",
                'HealthRole B: resource "*"',
                f"HealthRole C: resource {json.dumps(BY_USER)}",
            ],
        )

    def test_functions_have_variables_for_exactly_their_tables(self) -> None:
        for name, function in of_type(self.template, "AWS::Lambda::Function").items():
            with self.subTest(name):
                variables = function["Properties"].get("Environment", {}).get("Variables", {})
                told = {table for table, variable in VARIABLE_OF_TABLE.items() if variable in variables}
                role = self.template["Resources"][function["Properties"]["Role"]["Fn::GetAtt"][0]]
                own = list(statements(self.template, role))
                used = {name for s in own for _, name in references(s["Resource"]) if name in VARIABLE_OF_TABLE}
                self.assertEqual(told, used)
                pushes = any(s["Action"] == "execute-api:ManageConnections" for s in own)
                self.assertEqual("CONNECTIONS_ENDPOINT" in variables, pushes)
                stores = any(resource in (BUCKET, OBJECTS) for s in own for resource in as_list(s["Resource"]))
                self.assertEqual("ATTACHMENTS_BUCKET" in variables, stores)

    def test_functions_that_look_up_users_may_read_the_credential(self) -> None:
        secret = {"Ref": "AuthServiceSecretArn"}
        for name, function in of_type(self.template, "AWS::Lambda::Function").items():
            with self.subTest(name):
                variables = function["Properties"].get("Environment", {}).get("Variables", {})
                role = self.template["Resources"][function["Properties"]["Role"]["Fn::GetAtt"][0]]
                policies = role["Properties"]["Policies"]
                reading = [p for p in policies if ("Ref", "AuthServiceSecretArn") in references(p)]
                if name not in WITH_AUTH_SERVICE:
                    self.assertEqual(variables.keys() & {"AUTH_SERVICE_URL", "AUTH_SERVICE_SECRET_ARN"}, set())
                    self.assertEqual(reading, [])
                    continue
                self.assertEqual(variables.get("AUTH_SERVICE_URL"), {"Ref": "AuthServiceUrl"})
                self.assertEqual(variables.get("AUTH_SERVICE_SECRET_ARN"), secret)
                statement = {
                    "Sid": "ReadAuthServiceCredential",
                    "Effect": "Allow",
                    "Action": "secretsmanager:GetSecretValue",
                    "Resource": secret,
                }
                policy = {
                    "PolicyName": f"{binary_of(function)}-secret",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                }
                self.assertEqual(reading, [{"Fn::If": ["HasAuthServiceSecret", policy, {"Ref": "AWS::NoValue"}]}])

    def test_functions_with_connections_have_the_redis_url_and_may_read_the_password(self) -> None:
        told = {
            "REALTIME_REDIS_URL": {"Ref": "RealtimeRedisUrl"},
            "REALTIME_REDIS_SECRET_ARN": {"Ref": "RealtimeRedisSecretArn"},
            "REALTIME_REDIS_PREFIX": {"Fn::Sub": "${AWS::StackName}:"},
        }
        policy = ("HasRealtimeRedisSecret", {"Ref": "RedisSecretPolicy"})
        for name, function in of_type(self.template, "AWS::Lambda::Function").items():
            with self.subTest(name):
                variables = function["Properties"]["Environment"]["Variables"]
                role = self.template["Resources"][function["Properties"]["Role"]["Fn::GetAtt"][0]]
                redis = {key: value for key, value in variables.items() if "REDIS" in key}
                if "CHAT_USERS_TABLE" in variables:
                    self.assertEqual(redis, told)
                    self.assertIn(policy, managed_policies(role))
                else:
                    self.assertEqual(redis, {})
                    self.assertNotIn(("Ref", "RedisSecretPolicy"), references(role))
        self.assertEqual(self.template["Resources"]["RedisSecretPolicy"]["Condition"], "HasRealtimeRedisSecret")
        (statement,) = self.template["Resources"]["RedisSecretPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual(statement["Action"], "secretsmanager:GetSecretValue")
        self.assertEqual(statement["Resource"], {"Ref": "RealtimeRedisSecretArn"})

    def test_redis_url_has_no_password(self) -> None:
        pattern = self.template["Parameters"]["RealtimeRedisUrl"]["AllowedPattern"]
        good = ["", "redis://127.0.0.1:6379", "rediss://chat@a-b.c.cache.amazonaws.com:6379/1", "redis://[::1]:6379"]
        bad = ["redis://", "http://127.0.0.1:6379", "rediss://chat:word@host", "redis://:word@host", "redis://host:x"]
        self.assertEqual([url for url in good if not re.search(pattern, url)], [])
        self.assertEqual([url for url in bad if re.search(pattern, url)], [])

    def test_exactly_the_functions_that_use_redis_are_in_the_vpc(self) -> None:
        def split(name: str) -> Any:
            return {"Fn::Split": [",", {"Ref": name}]}

        place = {"SubnetIds": split("VpcSubnetIds"), "SecurityGroupIds": split("VpcSecurityGroupIds")}
        policy = ("InVpc", {"Ref": "NetworkPolicy"})
        # SAM replaces some references by values, so test the translation with values, too.
        values = {"VpcSubnetIds": "subnet-0a,subnet-0b", "VpcSecurityGroupIds": "sg-0a"}
        for template in self.template, translate(values):
            for name, function in of_type(template, "AWS::Lambda::Function").items():
                with self.subTest(name):
                    properties = function["Properties"]
                    role = template["Resources"][properties["Role"]["Fn::GetAtt"][0]]
                    if "REALTIME_REDIS_URL" in properties["Environment"]["Variables"]:
                        expected = {"Fn::If": ["InVpc", place, {"Ref": "AWS::NoValue"}]}
                        self.assertEqual(properties["VpcConfig"], expected)
                        self.assertIn(policy, managed_policies(role))
                    else:
                        self.assertNotIn("VpcConfig", properties)
                        self.assertNotIn(("Ref", "NetworkPolicy"), references(role))

    def test_only_lambda_itself_may_manage_network_interfaces(self) -> None:
        policy = self.template["Resources"]["NetworkPolicy"]
        self.assertEqual(policy["Condition"], "InVpc")
        allow, deny = policy["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual((allow["Effect"], set(allow["Action"])), ("Allow", NETWORK))
        self.assertEqual((deny["Effect"], set(deny["Action"])), ("Deny", NETWORK))
        # Lambda's own requests do not have this key, so the statement does not deny them.
        self.assertEqual(list(deny["Condition"]["ArnLike"]), ["lambda:SourceFunctionArn"])

    def test_vpc_endpoints_allow_only_what_the_roles_allow(self) -> None:
        endpoints = of_type(self.template, "AWS::EC2::VPCEndpoint")
        services = {e["Properties"]["ServiceName"]["Fn::Sub"].split(".")[-1]: e for e in endpoints.values()}
        # No endpoint for execute-api: requests to @connections would go there and fail.
        self.assertEqual(set(services), {"dynamodb", "s3", "secretsmanager"})
        used: dict[str, set[tuple[str, str]]] = {"dynamodb": set(), "s3": set(), "secretsmanager": set()}
        for function in of_type(self.template, "AWS::Lambda::Function").values():
            if "VpcConfig" in function["Properties"]:
                role = self.template["Resources"][function["Properties"]["Role"]["Fn::GetAtt"][0]]
                for statement in statements(self.template, role):
                    for action in as_list(statement["Action"]):
                        for resource in as_list(statement["Resource"]):
                            if (service := action.split(":")[0]) in used:
                                used[service].add((action, json.dumps(resource)))
        for service, endpoint in services.items():
            with self.subTest(service):
                (statement,) = endpoint["Properties"]["PolicyDocument"]["Statement"]
                resources = [r["Fn::If"][1] if "Fn::If" in r else r for r in as_list(statement["Resource"])]
                self.assertEqual(set(as_list(statement["Action"])), {action for action, _ in used[service]})
                self.assertEqual({json.dumps(r) for r in resources}, {resource for _, resource in used[service]})

    def test_auth_service_url_has_no_slash_at_the_end(self) -> None:
        pattern = self.template["Parameters"]["AuthServiceUrl"]["AllowedPattern"]
        good = ["", "https://auth.example.com", "https://auth.example.com/v1", "http://127.0.0.1:3002"]
        bad = ["https://", "https://auth.example.com/", "http://auth.example.com", "http://localhost.example.com"]
        self.assertEqual([url for url in good if not re.search(pattern, url)], [])
        self.assertEqual([url for url in bad if re.search(pattern, url)], [])

    def test_cors_allows_the_methods_of_the_routes(self) -> None:
        cors = self.template["Resources"]["HttpApi"]["Properties"]["Body"]["x-amazon-apigateway-cors"]["Fn::If"][1]
        methods = {route.split(" ")[0] for route, _ in http_routes(self.template)}
        self.assertEqual(cors["allowMethods"], sorted(methods))

    def test_cors_allows_the_headers_of_the_parameter(self) -> None:
        parameter = self.template["Parameters"]["CorsHeaders"]
        for template, headers in (self.template, parameter["Default"]), (translate({"CorsHeaders": "x"}), "x"):
            cors = template["Resources"]["HttpApi"]["Properties"]["Body"]["x-amazon-apigateway-cors"]["Fn::If"][1]
            self.assertEqual(cors["allowHeaders"], {"Fn::Split": [",", headers]})
        # Without these two, no page could send a request with a token or a body.
        good = [parameter["Default"], "content-type,authorization", "authorization,content-type,baggage,traceparent"]
        bad = ["", "authorization", "content-type", "x-authorization,content-type", "authorization, content-type", "*"]
        self.assertEqual([headers for headers in good if not re.search(parameter["AllowedPattern"], headers)], [])
        self.assertEqual([headers for headers in bad if re.search(parameter["AllowedPattern"], headers)], [])

    def test_functions_have_exactly_the_allowed_permissions(self) -> None:
        expected = [line for line in ALLOWED.read_text().splitlines() if not line.startswith("#")]
        self.assertEqual(allowed(self.template), expected)

    def test_docs_list_every_function_with_its_permissions(self) -> None:
        self.assertEqual(undocumented(self.template, DOCS.read_text()), [])

    def test_different_row_of_the_docs_is_noticed(self) -> None:
        docs = DOCS.read_text()
        broken = self.broken()
        policy = broken["Resources"]["HealthRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        policy["Statement"] += [{"Sid": "A", "Effect": "Allow", "Action": "dynamodb:Query", "Resource": BY_USER}]
        row = "| health | GET /health, HEAD /health | |"
        self.assertEqual(undocumented(broken, docs), [f"- {row} | | | | |", f"+ {row} Query on ChatMembers/byUser | | | | |"])
        self.assertEqual(undocumented(self.template, docs.replace(f"{row} | | | | |\n", "")), [f"+ {row} | | | | |"])

    def test_every_function_has_its_own_role_and_log_group(self) -> None:
        functions = of_type(self.template, "AWS::Lambda::Function")
        roles = [f["Properties"]["Role"]["Fn::GetAtt"][0] for f in functions.values()]
        logs = [f["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for f in functions.values()]
        self.assertEqual(len(set(roles)), len(functions))
        self.assertEqual(len(set(logs)), len(functions))
        for function in functions.values():
            self.assertEqual(function["Properties"]["LoggingConfig"]["LogFormat"], "JSON")

    def test_every_function_is_traced_and_may_write_traces(self) -> None:
        for name, function in of_type(self.template, "AWS::Lambda::Function").items():
            with self.subTest(name):
                self.assertEqual(function["Properties"]["TracingConfig"], {"Mode": "Active"})
                role = self.template["Resources"][function["Properties"]["Role"]["Fn::GetAtt"][0]]
                allowed = {a for s in statements(self.template, role) for a in as_list(s["Action"])}
                self.assertLessEqual(TRACING, allowed)

    def test_every_function_has_the_namespace_of_its_metrics(self) -> None:
        for name, function in of_type(self.template, "AWS::Lambda::Function").items():
            variables = function["Properties"]["Environment"]["Variables"]
            self.assertEqual(variables.get("METRICS_NAMESPACE"), NAMESPACE, name)

    def test_every_function_is_in_one_alarm_of_failed_invocations(self) -> None:
        failing = []
        for name, alarm in of_type(self.template, "AWS::CloudWatch::Alarm").items():
            metrics = [m for m in watched(alarm) if (m["Namespace"], m["MetricName"]) == ("AWS/Lambda", "Errors")]
            failing += [dimension["Value"]["Ref"] for metric in metrics for dimension in metric["Dimensions"]]
            # CloudWatch's limit of metrics in an alarm.
            self.assertLessEqual(len(watched(alarm)), 10, name)
        self.assertEqual(sorted(failing), sorted(of_type(self.template, "AWS::Lambda::Function")))

    def test_alarms_link_to_the_docs_and_ignore_missing_data(self) -> None:
        topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
        for name, alarm in of_type(self.template, "AWS::CloudWatch::Alarm").items():
            with self.subTest(name):
                properties = alarm["Properties"]
                self.assertEqual(properties["AlarmActions"], topic)
                self.assertEqual(properties["OKActions"], topic)
                self.assertEqual(properties["TreatMissingData"], "notBreaching")
                self.assertRegex(properties["AlarmDescription"], r" See docs/OPERATIONS\.md, [A-Z0-9][A-Za-z0-9 ]+\.$")
                self.assertLessEqual(properties["DatapointsToAlarm"], properties["EvaluationPeriods"])
                if "Metrics" in properties:
                    returned = [each for each in properties["Metrics"] if each.get("ReturnData", True)]
                    self.assertEqual(["Expression" in each for each in returned], [True])
                    ids = {each["Id"] for each in properties["Metrics"]}
                    words = set(re.findall(r"\b[a-z]\w*", returned[0]["Expression"]))
                    self.assertLessEqual(words, ids)

    def test_alarms_use_existing_metrics(self) -> None:
        for name, alarm in of_type(self.template, "AWS::CloudWatch::Alarm").items():
            for metric in watched(alarm):
                with self.subTest(f"{name}: {metric['MetricName']}"):
                    if metric["Namespace"] == NAMESPACE:
                        self.assertIn(metric["MetricName"], METRICS)
                        self.assertNotIn("Dimensions", metric)
                    else:
                        self.assertIn((metric["Namespace"], metric["MetricName"]), AWS_METRICS)

    def test_dashboard_shows_every_function_table_and_metric(self) -> None:
        shown = dashboard(self.template)
        own = NAMESPACE["Fn::Sub"].replace("${AWS::StackName}", "AWS::StackName")
        for namespace, name, dimensions in shown:
            with self.subTest(f"{namespace} {name}"):
                if namespace == own:
                    self.assertEqual((name in METRICS, dimensions), (True, {}))
                else:
                    self.assertIn((namespace, name), AWS_METRICS)
        self.assertEqual({name for namespace, name, _ in shown if namespace == own}, METRICS)
        self.assertEqual({(n, m) for n, m, _ in shown if n != own}, AWS_METRICS)
        for name in {name for namespace, name, _ in shown if namespace == "AWS/Lambda"}:
            # A metric may be in several graphs, with every function in each of them.
            functions = Counter(d["FunctionName"] for _, n, d in shown if n == name)
            self.assertEqual(set(functions), set(of_type(self.template, "AWS::Lambda::Function")), name)
            self.assertEqual(len(set(functions.values())), 1, name)
        for name in {name for namespace, name, _ in shown if namespace == "AWS/DynamoDB"}:
            tables = {d["TableName"] for _, n, d in shown if n == name}
            self.assertEqual(tables, set(VARIABLE_OF_TABLE), name)
        apis = {json.dumps(d) for namespace, _, d in shown if namespace == "AWS/ApiGateway"}
        websocket = {"ApiId": "WebSocketApi", "Stage": "StageName"}
        self.assertEqual(apis, {json.dumps({"ApiId": "HttpApi"}), json.dumps(websocket)})

    def test_stack_is_within_the_limit_of_cloudformation(self) -> None:
        self.assertEqual(len(self.template["Resources"]), RESOURCES)
        self.assertLessEqual(RESOURCES, 500)
        self.assertLessEqual(len(self.template["Parameters"]), 200)
        self.assertLessEqual(len(json.dumps(self.template)), 1_000_000)

    def test_every_parameter_has_a_group_and_a_description(self) -> None:
        groups = self.template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        grouped = [name for group in groups for name in group["Parameters"]]
        self.assertEqual(sorted(grouped), sorted(self.template["Parameters"]))
        for name, parameter in self.template["Parameters"].items():
            self.assertIn("Description", parameter, name)

    def test_every_log_group_has_a_retention(self) -> None:
        for name, group in of_type(self.template, "AWS::Logs::LogGroup").items():
            self.assertEqual(group["Properties"].get("RetentionInDays"), {"Ref": "LogRetentionDays"}, name)

    def test_stages_are_throttled_and_their_logs_have_no_token(self) -> None:
        stages = of_type(self.template, "AWS::ApiGatewayV2::Stage")
        self.assertEqual(len(stages), 2)
        for name, stage in stages.items():
            with self.subTest(name):
                settings = stage["Properties"]["DefaultRouteSettings"]
                self.assertEqual(settings["ThrottlingRateLimit"], {"Ref": "ThrottlingRateLimit"})
                self.assertEqual(settings["ThrottlingBurstLimit"], {"Ref": "ThrottlingBurstLimit"})
                # Data traces would log whole frames, and handshakes with their headers.
                self.assertIs(settings.get("DataTraceEnabled", False), False)
                access_log = json.loads(stage["Properties"]["AccessLogSettings"]["Format"])
                for field, value in access_log.items():
                    self.assertRegex(value, r"^\$context\.[A-Za-z.]+$", field)
                    self.assertNotRegex(value.lower(), r"authorizer|header|query|token|path|error\.message", field)

    def test_tables_are_kept_and_protected(self) -> None:
        tables = of_type(self.template, "AWS::DynamoDB::Table")
        self.assertEqual(set(tables), set(VARIABLE_OF_TABLE))
        for name, table in tables.items():
            with self.subTest(name):
                properties = table["Properties"]
                self.assertEqual(table["DeletionPolicy"], "Retain")
                self.assertEqual(table["UpdateReplacePolicy"], "Retain")
                self.assertEqual(properties["BillingMode"], "PAY_PER_REQUEST")
                self.assertEqual(properties["SSESpecification"], {"SSEEnabled": True})
                guarded = {"Fn::If": ["ProtectsData", True, False]}
                self.assertEqual(properties["DeletionProtectionEnabled"], guarded)
                self.assertEqual(
                    properties["PointInTimeRecoverySpecification"], {"PointInTimeRecoveryEnabled": guarded}
                )

    def test_every_table_and_index_has_the_maximum_throughput_of_the_parameters(self) -> None:
        none = {"Ref": "AWS::NoValue"}
        maximum = {
            f"Max{kind}RequestUnits": {"Fn::If": [f"HasTableMax{kind}Units", {"Ref": f"TableMax{kind}Units"}, none]}
            for kind in ("Read", "Write")
        }
        for name, table in of_type(self.template, "AWS::DynamoDB::Table").items():
            properties = table["Properties"]
            for index in [properties, *properties.get("GlobalSecondaryIndexes", [])]:
                self.assertEqual(index["OnDemandThroughput"], {"Fn::If": ["HasTableMaxUnits", maximum, none]}, name)
        # DynamoDB refuses a maximum of 0, so without a value there is no property at all.
        conditions = self.template["Conditions"]
        for kind in ("Read", "Write"):
            unset = {"Fn::Equals": [{"Ref": f"TableMax{kind}Units"}, "0"]}
            self.assertEqual(conditions[f"HasTableMax{kind}Units"], {"Fn::Not": [unset]})
            self.assertEqual(self.template["Parameters"][f"TableMax{kind}Units"]["Default"], 0)

    def test_authorize_and_connect_can_have_a_reserved_concurrency(self) -> None:
        reserved = {}
        for name, function in of_type(self.template, "AWS::Lambda::Function").items():
            if "ReservedConcurrentExecutions" in function["Properties"]:
                reserved[name] = function["Properties"]["ReservedConcurrentExecutions"]
        expected = {}
        for name in ("Authorize", "Connect"):
            parameter, condition = f"{name}ReservedConcurrency", f"Has{name}ReservedConcurrency"
            expected[f"{name}Function"] = {"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}
            unset = {"Fn::Equals": [{"Ref": parameter}, "0"]}
            self.assertEqual(self.template["Conditions"][condition], {"Fn::Not": [unset]})
        self.assertEqual(reserved, expected)

    def test_disabled_endpoints_leave_the_custom_domains_and_the_pushes(self) -> None:
        disabled = {"Fn::If": ["DisablesExecuteApiEndpoint", True, False]}
        apis = of_type(self.template, "AWS::ApiGatewayV2::Api")
        self.assertEqual(apis["WebSocketApi"]["Properties"]["DisableExecuteApiEndpoint"], disabled)
        # SAM writes it into the document of the HTTP API.
        (server,) = apis["HttpApi"]["Properties"]["Body"]["servers"]
        endpoint = server["x-amazon-apigateway-endpoint-configuration"]
        self.assertEqual(endpoint, {"disableExecuteApiEndpoint": disabled})
        (assertion,) = self.template["Rules"]["DisabledEndpointsHaveDomains"]["Assertions"]
        self.assertEqual(
            sorted(name for _, name in references(assertion["Assert"])), ["HttpDomainName", "WebSocketDomainName"]
        )
        # @connections is at the disabled address too.
        for name, function in of_type(self.template, "AWS::Lambda::Function").items():
            variables = function["Properties"]["Environment"]["Variables"]
            if "CONNECTIONS_ENDPOINT" in variables:
                condition, given, own = variables["CONNECTIONS_ENDPOINT"]["Fn::If"]
                self.assertEqual((condition, given), ("HasConnectionsEndpoint", {"Ref": "ConnectionsEndpoint"}), name)
                condition, domain, address = own["Fn::If"]
                self.assertEqual(condition, "DisablesExecuteApiEndpoint", name)
                self.assertEqual(domain, {"Fn::Sub": "https://${WebSocketDomainName}"}, name)
                self.assertRegex(address["Fn::Sub"], r"^https://\$\{WebSocketApi\}\.execute-api\..*/\$\{StageName\}$")

    def test_the_bucket_is_private_encrypted_and_kept(self) -> None:
        buckets = of_type(self.template, "AWS::S3::Bucket")
        self.assertEqual(set(buckets), {"AttachmentsBucket", "WebClientBucket"})
        bucket = buckets["AttachmentsBucket"]
        self.assertEqual((bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]), ("Retain", "Retain"))
        properties = bucket["Properties"]
        for private in buckets.values():
            own = private["Properties"]
            blocked = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
            self.assertEqual(own["PublicAccessBlockConfiguration"], dict.fromkeys(blocked, True))
            self.assertEqual(own["OwnershipControls"], {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
            (encryption,) = own["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            self.assertEqual(encryption, {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}})
        # With versions, files that are deleted for everyone would remain.
        self.assertNotIn("VersioningConfiguration", properties)
        policy = self.template["Resources"]["AttachmentsBucketPolicy"]
        self.assertEqual((policy["DeletionPolicy"], policy["UpdateReplacePolicy"]), ("Retain", "Retain"))
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        self.assertEqual((statement["Effect"], statement["Principal"], statement["Action"]), ("Deny", "*", "s3:*"))
        self.assertEqual(statement["Resource"], [BUCKET, OBJECTS])
        self.assertEqual(statement["Condition"], {"Bool": {"aws:SecureTransport": "false"}})

    def test_unsent_uploads_are_removed_and_every_upload_has_the_tag(self) -> None:
        (rule,) = self.template["Resources"]["AttachmentsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        self.assertEqual(rule["Status"], "Enabled")
        # Uploads that can still be sent are not removed.
        text = (TEMPLATE.parent / "shared/domain/src/attachment.rs").read_text()
        times = re.findall(r"pub const UPLOAD_\w+: Duration = Duration::from_secs\(([0-9* ]+)\);", text)
        seconds = sum(math.prod(int(factor) for factor in time.split("*")) for time in times)
        self.assertEqual(len(times), 2)
        self.assertGreater(rule["ExpirationInDays"] * 24 * 60 * 60, seconds)
        ((key, value),) = ((tag["Key"], tag["Value"]) for tag in rule["TagFilters"])
        self.assertIn(f'"{key}={value}"', (TEMPLATE.parent / "shared/objects/src/lib.rs").read_text())
        role = self.template["Resources"]["CreateAttachmentRole"]
        (uploads,) = (s for s in statements(self.template, role) if "s3:PutObject" in as_list(s["Action"]))
        self.assertEqual(uploads["Condition"], {"StringEquals": {f"s3:RequestObjectTag/{key}": value}})

    def test_browsers_may_upload_and_download_with_cors(self) -> None:
        properties = self.template["Resources"]["AttachmentsBucket"]["Properties"]
        condition, cors, _ = properties["CorsConfiguration"]["Fn::If"]
        (rule,) = cors["CorsRules"]
        self.assertEqual((condition, rule["AllowedMethods"]), ("HasCors", ["GET", "PUT"]))
        # test_web_client.py checks which origins these are.
        self.assertIn(("Ref", "CorsOrigins"), references(rule["AllowedOrigins"]))
        source = (TEMPLATE.parent / "shared/objects/src/lib.rs").read_text()
        signed = re.search(r"const SIGNED_HEADERS: .* = \[(.*)\];", source)
        assert signed is not None
        self.assertEqual(rule["AllowedHeaders"], re.findall(r'"([^"]+)"', signed[1]))

    def test_tables_have_the_keys_of_the_data_model(self) -> None:
        def keys(of: dict[str, Any]) -> list[str]:
            return [each["AttributeName"] for each in of["KeySchema"]]

        tables = {name: t["Properties"] for name, t in of_type(self.template, "AWS::DynamoDB::Table").items()}
        types = {
            (name, each["AttributeName"]): each["AttributeType"]
            for name, table in tables.items()
            for each in table["AttributeDefinitions"]
        }
        self.assertEqual(
            {name: keys(table) for name, table in tables.items()},
            {
                "ChatsTable": ["chatId"],
                "MessagesTable": ["chatId", "seq"],
                "ChatMembersTable": ["chatId", "userId"],
                "SendsTable": ["sendId"],
                "UploadsTable": ["attachmentId"],
                "UserLimitsTable": ["userId"],
                "UserItemsTable": ["userId", "item"],
                "ChatUsersTable": ["userId"],
            },
        )
        numbers = [each for each, kind in types.items() if kind != "S"]
        self.assertEqual(numbers, [("MessagesTable", "seq"), ("ChatMembersTable", "pastReadSeq")])
        (past,) = tables["ChatMembersTable"]["LocalSecondaryIndexes"]
        self.assertEqual((past["IndexName"], keys(past)), ("pastByReadSeq", ["chatId", "pastReadSeq"]))
        self.assertEqual(past["Projection"], {"ProjectionType": "ALL"})
        (by_user,) = tables["ChatMembersTable"]["GlobalSecondaryIndexes"]
        self.assertEqual((by_user["IndexName"], keys(by_user)), ("byUser", ["userId", "chatId"]))
        self.assertEqual(by_user["Projection"], {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["settings"]})
        expiring = {name: t["TimeToLiveSpecification"] for name, t in tables.items() if "TimeToLiveSpecification" in t}
        expires = {"AttributeName": "expiresAt", "Enabled": True}
        with_items_that_expire = ["MessagesTable", "SendsTable", "UploadsTable", "UserItemsTable"]
        self.assertEqual(expiring, dict.fromkeys(with_items_that_expire, expires))

    def test_every_function_has_a_sample_event(self) -> None:
        functions = of_type(self.template, "AWS::Lambda::Function").values()
        self.assertEqual({path.stem for path in EVENTS.glob("*.json")}, {binary_of(f) for f in functions})
        for path in EVENTS.glob("*.json"):
            self.assertIsInstance(json.loads(path.read_text()), dict, path.name)

    def test_sample_events_of_http_functions_match_their_routes(self) -> None:
        functions = of_type(self.template, "AWS::Lambda::Function")
        routes: dict[str, list[str]] = {}
        for route, function in http_routes(self.template):
            routes.setdefault(binary_of(functions[function]), []).append(route)
        for name, own in routes.items():
            with self.subTest(name):
                event = json.loads((EVENTS / f"{name}.json").read_text())
                self.assertIn(event["routeKey"], own)
                method, path = event["routeKey"].split(" ")
                parameters = event.get("pathParameters", {})
                self.assertEqual(set(parameters), set(re.findall(r"\{([^}]*)\}", path)))
                self.assertEqual(event["rawPath"], path.format(**parameters))
                http = event["requestContext"]["http"]
                self.assertEqual((http["method"], http["path"]), (method, event["rawPath"]))
                self.assertEqual(event["requestContext"]["routeKey"], event["routeKey"])
                query = event.get("queryStringParameters", {})
                self.assertEqual(event["rawQueryString"], "&".join(f"{key}={query[key]}" for key in query))
                self.assertEqual(int(event["headers"].get("content-length", 0)), len(event.get("body", "").encode()))


if __name__ == "__main__":
    unittest.main()
