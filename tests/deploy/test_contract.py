"""Checks docs/openapi.yaml and docs/asyncapi.yaml against their specifications, examples, the template and the code.

    python -m unittest discover -s tests/deploy -p test_contract.py
"""

from __future__ import annotations

import copy
import re
import unittest
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urldefrag, urljoin

import yaml
from jsonschema import Draft7Validator, Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012
from test_template import SILENT_ROUTES, http_routes, websocket_routes
from translate import TEMPLATE, Template, binary_of, translate

Document = dict[str, Any]

ROOT = TEMPLATE.parent
DOCS = ROOT / "docs"
PROBLEM = ROOT / "shared" / "edge" / "src" / "problem" / "mod.rs"
DOMAIN = ROOT / "shared" / "domain" / "src"
EVENT = DOMAIN / "event.rs"
COMMANDS = ROOT / "shared" / "edge" / "src" / "commands" / "mod.rs"
CARGO = ROOT / "Cargo.toml"

# The base URL of the documents, for their references. Nothing is fetched.
BASE = "https://contract.invalid/docs/"
OPENAPI = "openapi.yaml"
ASYNCAPI = "asyncapi.yaml"
HANDSHAKE = f"{ASYNCAPI}#/channels/chat/bindings/ws/headers"
METHODS = {"get", "head", "put", "post", "delete", "patch"}
# The keywords whose schemas describe inner values, and those whose schemas describe the same value.
VALUES_BY_NAME = ("properties", "patternProperties")
VALUES = ("items", "additionalProperties", "propertyNames")
CHOICES = ("oneOf", "anyOf")
# Actions without a route. Every other action has the same request and answer as its route.
ACTIONS_ALONE = {"typing", "ping"}
# The structs that the code serializes, and the schemas of the documents for them.
SERIALIZED = {
    "ChatView": ["PrivateChat", "Group"],
    "MessageView": [
        "TextMessage",
        "AttachmentMessage",
        "DeletedMessage",
        "HiddenMessage",
        "TextPreview",
        "AttachmentPreview",
        "DeletedPreview",
    ],
    "AttachmentDocument": ["ImageAttachment", "AudioAttachment", "FileAttachment"],
    "ReactionView": ["Reaction"],
    "ChatUserView": ["ChatUser", "ProfiledUser"],
    "Profile": ["Profile"],
    "MemberView": ["Member", "MemberPosition"],
    "ChatDetails": ["ChatDetails"],
    "Inbox": ["Inbox"],
    "InboxEntry": ["PrivateInboxEntry", "GroupInboxEntry"],
    "Page": ["Page"],
    "PageRange": ["PageRange"],
    "MarkSeenOutcome": ["ReadPosition"],
    "MuteOutcome": ["Mute"],
    "UpdatedMember": ["OwnMemberAnswer"],
    "OwnMember": ["OwnMember"],
    "SettingsView": ["Settings"],
    "SyncOutcome": ["SyncAnswer"],
    "ChatSync": ["ChatSync"],
    "Cursor": ["Cursor"],
    "Reaction": ["UserReactions"],
    "Receipt": ["Receipt"],
    "Typing": ["Typing"],
    "Presence": ["Presence"],
    "Left": ["Left"],
}

ANY: Document = {}
TEXT: Document = {"type": "string", "minLength": 1}
REF: Document = {
    "type": "object",
    "required": ["$ref"],
    "properties": {"$ref": TEXT},
    "additionalProperties": False,
}

# AsyncAPI requires a schema with properties, and does not allow a reference instead of it everywhere.
HEADERS: Document = {"type": "object", "required": ["type", "properties"], "properties": {"type": {"const": "object"}}}


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> Document:
    """The schema of an object with exactly these members, and extensions."""
    return {
        "type": "object",
        "required": list(required),
        "properties": required | (optional or {}),
        "patternProperties": {"^x-": ANY},
        "additionalProperties": False,
    }


def many(of: Document) -> Document:
    """The schema of a map with names that AsyncAPI allows."""
    return {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {r"^[\w.-]+$": of},
        "additionalProperties": False,
    }


def refs() -> Document:
    """The schema of a list of references."""
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": REF}


# The part of AsyncAPI 3.0.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0) that is used. PyPI has no
# package with the official JSON schema.
EXTERNAL_DOCS = closed({"url": TEXT}, {"description": TEXT})
ASYNCAPI_3: Document = closed(
    {
        "asyncapi": {"const": "3.0.0"},
        "info": closed(
            {"title": TEXT, "version": TEXT},
            {"description": TEXT, "license": closed({"name": TEXT}, {"url": TEXT}), "externalDocs": EXTERNAL_DOCS},
        ),
        "servers": many(
            closed(
                {"host": TEXT, "protocol": {"enum": ["ws", "wss"]}},
                {
                    "pathname": TEXT,
                    "description": TEXT,
                    "variables": many(closed({}, {"default": TEXT, "description": TEXT})),
                    "security": refs(),
                },
            )
        ),
        "channels": many(
            closed(
                {"address": {"type": ["string", "null"]}, "messages": many(REF)},
                {
                    "title": TEXT,
                    "description": TEXT,
                    "servers": refs(),
                    "bindings": closed(
                        {"ws": closed({"bindingVersion": TEXT, "method": {"const": "GET"}, "headers": HEADERS})}
                    ),
                },
            )
        ),
        "operations": many(
            closed(
                {"action": {"enum": ["send", "receive"]}, "channel": REF, "messages": refs()},
                {
                    "summary": TEXT,
                    "description": TEXT,
                    "reply": closed({"channel": REF, "messages": refs()}),
                },
            )
        ),
        "components": closed(
            {
                "messages": many(
                    closed(
                        {
                            "name": TEXT,
                            "title": TEXT,
                            "payload": {"type": "object"},
                            "examples": {
                                "type": "array",
                                "minItems": 1,
                                "items": closed({"name": TEXT, "payload": ANY}, {"summary": TEXT}),
                            },
                        },
                        {"correlationId": REF},
                    )
                ),
                "schemas": many({"type": "object"}),
            },
            {
                "correlationIds": many(
                    closed({"location": {"pattern": r"^\$message\.(header|payload)#(/.+)*$"}}, {"description": TEXT})
                ),
                "securitySchemes": many(
                    {
                        "oneOf": [
                            closed(
                                {"type": {"const": "http"}, "scheme": TEXT}, {"bearerFormat": TEXT, "description": TEXT}
                            ),
                            closed(
                                {
                                    "type": {"const": "httpApiKey"},
                                    "in": {"enum": ["query", "header", "cookie"]},
                                    "name": TEXT,
                                },
                                {"description": TEXT},
                            ),
                        ]
                    }
                ),
            },
        ),
    },
    {"id": {"type": "string", "pattern": "^urn:"}, "defaultContentType": TEXT},
)


def escaped(name: str) -> str:
    """Escapes a member's name for a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def nodes(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every node of a document with its JSON pointer, except for examples."""
    yield place, node
    if isinstance(node, list):
        for index, each in enumerate(node):
            yield from nodes(each, f"{place}/{index}")
    elif isinstance(node, dict):
        for name, each in node.items():
            if name == "payload" and "/examples/" in place or name == "value" and "/examples/" in place:
                continue
            yield from nodes(each, f"{place}/{escaped(name)}")


class Contract:
    """Both documents. A place is `openapi.yaml#/json/pointer`."""

    def __init__(self, openapi: Document, asyncapi: Document) -> None:
        self.documents = {OPENAPI: openapi, ASYNCAPI: asyncapi}
        resources = [
            (BASE + name, Resource(contents=document, specification=DRAFT202012))
            for name, document in self.documents.items()
        ]
        registry: Registry[Any] = Registry()
        self.registry = registry.with_resources(resources)
        self.validators: dict[str, Draft202012Validator] = {}

    @classmethod
    def read(cls) -> Contract:
        openapi, asyncapi = (yaml.safe_load((DOCS / name).read_text()) for name in (OPENAPI, ASYNCAPI))
        return cls(openapi, asyncapi)

    def broken(self, change: Callable[[Document, Document], Any]) -> Contract:
        """A changed copy."""
        openapi, asyncapi = (copy.deepcopy(self.documents[name]) for name in (OPENAPI, ASYNCAPI))
        change(openapi, asyncapi)
        return Contract(openapi, asyncapi)

    @property
    def openapi(self) -> Document:
        return self.documents[OPENAPI]

    @property
    def asyncapi(self) -> Document:
        return self.documents[ASYNCAPI]

    def at(self, place: str) -> Any:
        """The value at a place."""
        return self.registry.resolver().lookup(BASE + place).contents

    def target(self, place: str, ref: str) -> str:
        """The target of a reference at a place."""
        url, pointer = urldefrag(urljoin(BASE + urldefrag(place)[0], ref))
        return f"{url.removeprefix(BASE)}#{pointer}"

    def resolved(self, place: str) -> tuple[str, Any]:
        """The value at a place. If it is a reference, the target's place and value."""
        node = self.at(place)
        while isinstance(node, dict) and "$ref" in node:
            place = self.target(place, node["$ref"])
            node = self.at(place)
        return place, node

    def is_valid(self, place: str, value: Any) -> bool:
        """Whether a value matches the schema at a place."""
        return self.validator(place).is_valid(value)

    def validator(self, place: str) -> Draft202012Validator:
        """The validator of the schema at a place. It also checks formats."""
        if place not in self.validators:
            self.validators[place] = Draft202012Validator(
                {"$ref": BASE + place},
                registry=self.registry,
                format_checker=Draft202012Validator.FORMAT_CHECKER,
            )
        return self.validators[place]

    def operations(self) -> Iterator[tuple[str, str, Document]]:
        """The HTTP API's operations: the route such as `GET /chats`, the place, and the operation."""
        for path, item in self.openapi["paths"].items():
            for method in METHODS & set(item):
                place = f"{OPENAPI}#/paths/{escaped(path)}/{method}"
                yield f"{method.upper()} {path}", place, item[method]

    def contents(self) -> Iterator[tuple[str, Document]]:
        """Everything in the HTTP API with a schema and examples: parameters, headers, bodies of requests and responses."""
        for place, node in nodes(self.openapi):
            if isinstance(node, dict) and "schema" in node and not place.startswith("/components/schemas/"):
                yield f"{OPENAPI}#{place}", node

    def payloads(self) -> Iterator[tuple[str, Document]]:
        """The messages of the WebSocket API."""
        for name, message in self.asyncapi["components"]["messages"].items():
            yield f"{ASYNCAPI}#/components/messages/{name}", message

    def examples(self) -> Iterator[tuple[str, str, Any]]:
        """Every example: its name, the place of its schema, and its value."""
        for place, content in self.contents():
            if "example" in content:
                yield f"{place}/example", f"{place}/schema", content["example"]
            for name in content.get("examples", {}):
                _, example = self.resolved(f"{place}/examples/{name}")
                yield f"{place}/examples/{name}", f"{place}/schema", example["value"]
        for place, message in self.payloads():
            for example in message["examples"]:
                yield f"{place} {example['name']}", f"{place}/payload", example["payload"]
        for index, value in enumerate(self.at(HANDSHAKE)["examples"]):
            yield f"{HANDSHAKE}/examples/{index}", HANDSHAKE, value

    def schemas(self) -> Iterator[str]:
        """The places of all schemas of whole values."""
        for file, document in self.documents.items():
            for name in document["components"]["schemas"]:
                yield f"{file}#/components/schemas/{name}"
        for place, _ in self.contents():
            yield f"{place}/schema"
        for place, _ in self.payloads():
            yield f"{place}/payload"
        yield HANDSHAKE


def unresolved(contract: Contract) -> list[str]:
    """References without a target."""
    problems = []
    for file, document in contract.documents.items():
        for pointer, node in nodes(document):
            if isinstance(node, dict) and isinstance(node.get("$ref"), str):
                try:
                    contract.at(contract.target(f"{file}#{pointer}", node["$ref"]))
                except Unresolvable:
                    problems.append(f"{file}#{pointer}: {node['$ref']}")
    return problems


def parts(contract: Contract, place: str) -> Iterator[str]:
    """The places of the schemas that apply to a value at this place."""
    place, schema = contract.resolved(place)
    yield place
    for keyword in ("allOf", *CHOICES):
        for index in range(len(schema.get(keyword, [])) if isinstance(schema, dict) else 0):
            yield from parts(contract, f"{place}/{keyword}/{index}")


def is_closed(contract: Contract, place: str) -> bool:
    """Whether the schema rejects objects with unknown members."""
    place, schema = contract.resolved(place)
    if not isinstance(schema, dict):
        return schema is False
    if schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False:
        return True
    types = schema.get("type", "object")
    if "object" not in ([types] if isinstance(types, str) else types):
        return True
    if any(not isinstance(value, dict) for value in [schema.get("const", {}), *schema.get("enum", [{}])]):
        return True

    def of(keyword: str) -> list[bool]:
        return [is_closed(contract, f"{place}/{keyword}/{index}") for index in range(len(schema.get(keyword, [])))]

    return any(of("allOf")) or any(choice and all(choice) for choice in map(of, CHOICES))


# The objects of applications, about which the documents say nothing.
FREE_OBJECTS = {f"{OPENAPI}#/components/schemas/{name}" for name in ("Custom", "CustomUpdate", "NewCustom", "UserCustom")}


def open_objects(contract: Contract) -> list[str]:
    """Schemas that allow unknown members."""
    seen: set[str] = set()
    todo = list(contract.schemas())
    problems = []
    while todo:
        place, _ = contract.resolved(todo.pop())
        if place in seen or place in FREE_OBJECTS:
            continue
        seen.add(place)
        if not is_closed(contract, place):
            problems.append(place)
        for part in parts(contract, place):
            schema = contract.at(part)
            # A schema without a type only restricts another schema.
            if not isinstance(schema, dict) or "type" not in schema:
                continue
            for keyword in VALUES_BY_NAME:
                todo += [f"{part}/{keyword}/{escaped(name)}" for name in schema.get(keyword, {})]
            todo += [f"{part}/{keyword}" for keyword in VALUES if isinstance(schema.get(keyword), dict)]
    return sorted(problems)


def nested_alternatives(contract: Contract) -> list[str]:
    """Alternatives that have alternatives themselves. Code generators make invalid code for them."""
    return [
        f"{file}#{pointer}/{keyword}/{index}"
        for file, document in contract.documents.items()
        for pointer, node in nodes(document)
        if isinstance(node, dict)
        for keyword in CHOICES
        for index in range(len(node.get(keyword, [])))
        if set(CHOICES) & set(contract.resolved(f"{file}#{pointer}/{keyword}/{index}")[1])
    ]


def without_example(contract: Contract) -> list[str]:
    """Parts with a schema, but without an example."""
    places = [place for place, content in contract.contents() if not {"example", "examples"} & set(content)]
    return places + [place for place, message in contract.payloads() if not message.get("examples")]


def wrong_examples(contract: Contract) -> list[str]:
    """Examples that do not match their schema."""
    return [
        f"{name}: {error.json_path}: {error.message[:200]}"
        for name, place, value in contract.examples()
        for error in contract.validator(place).iter_errors(value)
    ]


def of_another_type(value: Any) -> Any:
    """A value of another type."""
    return "text" if isinstance(value, (bool, int)) else 17


def mutations(contract: Contract, place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Copies with one error each: a required member removed, a value of another type, or an unknown member."""
    yield "retyped", of_another_type(value)
    typed = [(part, contract.at(part)) for part in parts(contract, place)]
    if isinstance(value, list):
        for part, schema in typed:
            if "items" in schema:
                for index, each in enumerate(value):
                    for what, wrong in mutations(contract, f"{part}/items", each):
                        yield f"[{index}] {what}", [*value[:index], wrong, *value[index + 1 :]]
                return
    if not isinstance(value, dict):
        return
    if contract.resolved(place)[0] in FREE_OBJECTS:
        return
    yield "unknown added", value | {"unknownMember": 1}
    # Of alternatives, use the one that the value matches.
    matching = [(p, s) for p, s in typed if "type" in s and contract.is_valid(p, value)]
    required = {name for part, schema in typed if contract.is_valid(part, value) for name in schema.get("required", [])}
    for name in required & set(value):
        yield f"{name} removed", {key: each for key, each in value.items() if key != name}
    for part, schema in matching:
        for name, each in value.items():
            below = f"{part}/properties/{escaped(name)}"
            if name not in schema.get("properties", {}):
                patterns = [p for p in schema.get("patternProperties", {}) if re.search(p, name)]
                if not patterns:
                    continue
                below = f"{part}/patternProperties/{escaped(patterns[0])}"
            for what, wrong in mutations(contract, below, each):
                yield f"{name} {what}", value | {name: wrong}


def accepted_mutations(contract: Contract) -> tuple[int, list[str]]:
    """The number of mutations of all examples, and the mutations that the schemas accept."""
    count, accepted = 0, []
    for name, place, value in contract.examples():
        for what, wrong in mutations(contract, place, value):
            count += 1
            if contract.is_valid(place, wrong):
                accepted.append(f"{name}: {what}")
    return count, accepted


def functions(template: Template, routes: list[tuple[str, str]]) -> dict[str, str]:
    """The binary of each route's function."""
    return {route: binary_of(template["Resources"][function]) for route, function in routes}


def documented_actions(contract: Contract) -> dict[str, str]:
    """The binary in the document, by route key of the WebSocket API."""
    channel = contract.asyncapi["channels"]["chat"]
    routes = {key: route["x-function"] for key, route in channel["x-routes"].items()}
    operations = contract.asyncapi["operations"].values()
    return routes | {o["x-action"]: o["x-function"] for o in operations if "x-action" in o}


def differences(contract: Contract, template: Template) -> list[str]:
    """Routes and actions that are only in the template, only in the documents, or different."""
    documented = {route: operation["x-function"] for route, _, operation in contract.operations()}
    problems = []
    for there, said in (
        (functions(template, http_routes(template)), documented),
        (functions(template, websocket_routes(template)), documented_actions(contract)),
    ):
        problems += [f"{route}: {there.get(route)}, not {said.get(route)}" for route in set(there) | set(said)]
        problems = [problem for problem in problems if not re.fullmatch(r"(.*): (.*), not \2", problem)]
    return sorted(problems)


def wrong_parameters(contract: Contract) -> list[str]:
    """Operations whose path and path parameters do not match."""
    problems = []
    for route, place, operation in contract.operations():
        path = place.rsplit("/", 1)[0]
        own = [f"{place}/parameters/{i}" for i in range(len(operation.get("parameters", [])))]
        shared = [f"{path}/parameters/{i}" for i in range(len(contract.at(path).get("parameters", [])))]
        parameters = [contract.resolved(each)[1] for each in own + shared]
        names = sorted(p["name"] for p in parameters if p["in"] == "path")
        if names != sorted(re.findall(r"\{(\w+)\}", route)):
            problems.append(f"{route}: {names}")
    return problems


def fields_of_route(contract: Contract, place: str, operation: Document) -> dict[str, tuple[bool, Any]]:
    """The fields of a route's request, in path, query or body. By name: whether it is required, and its schema."""
    path = place.rsplit("/", 1)[0]
    fields = {}
    for owner in (place, path):
        for index in range(len(contract.at(owner).get("parameters", []))):
            at, parameter = contract.resolved(f"{owner}/parameters/{index}")
            fields[parameter["name"]] = (parameter.get("required", False), meaning(contract, f"{at}/schema"))
    return fields


def fields_of(contract: Contract, place: str) -> list[dict[str, tuple[bool, Any]]]:
    """The fields of an object, for each of its alternatives. By name: whether it is required, and its schema."""
    place, schema = contract.resolved(place)
    if "oneOf" in schema:
        return [
            fields for index in range(len(schema["oneOf"])) for fields in fields_of(contract, f"{place}/oneOf/{index}")
        ]
    return [
        {
            name: (name in schema.get("required", []), meaning(contract, f"{place}/properties/{escaped(name)}"))
            for name in schema["properties"]
        }
    ]


def meaning(contract: Contract, place: str) -> Any:
    """A schema with all references replaced by their targets, and without descriptions."""
    place, schema = contract.resolved(place)
    if isinstance(schema, list):
        return [meaning(contract, f"{place}/{index}") for index in range(len(schema))]
    if not isinstance(schema, dict):
        return schema
    if set(schema) - {"description"} == {"allOf"} and len(schema["allOf"]) == 1:
        return meaning(contract, f"{place}/allOf/0")
    return {name: meaning(contract, f"{place}/{escaped(name)}") for name in schema if name != "description"}


def codes_of(contract: Contract, place: str) -> list[str]:
    """The problem codes of a response."""
    _, response = contract.resolved(place)
    content = response.get("content", {}).get("application/problem+json")
    if content is None:
        return []
    problem, narrowed = content["schema"]["allOf"]
    assert problem == {"$ref": "#/components/schemas/Problem"}, place
    codes: list[str] = narrowed["properties"]["code"]["enum"]
    return codes


def codes_of_route(contract: Contract, place: str, operation: Document) -> list[tuple[str, int]]:
    """The problems of an operation: each code with its status."""
    return [
        (code, int(status))
        for status in operation["responses"]
        for code in codes_of(contract, f"{place}/responses/{status}")
    ]


def unlike_routes(contract: Contract) -> list[str]:
    """Actions whose request or answer differs from their route's."""
    routes = {operation["operationId"]: (place, operation) for _, place, operation in contract.operations()}
    problems = []
    for name, operation in contract.asyncapi["operations"].items():
        action = operation.get("x-action")
        if action is None or action in ACTIONS_ALONE | {"$default"}:
            continue
        place, route = routes[name]
        parameters = fields_of_route(contract, place, route)
        body = f"{place}/requestBody/content/application~1json/schema"
        taken = [parameters | fields for fields in (fields_of(contract, body) if "requestBody" in route else [{}])]
        frames = fields_of(contract, f"{ASYNCAPI}#/components/messages/{name}/payload")
        if [{key: f for key, f in frame.items() if key not in {"action", "id"}} for frame in frames] != taken:
            problems.append(f"{action}: the fields are not those of {route['operationId']}")
        codes = {code for code, _ in codes_of_route(contract, place, route)}
        if set(operation["x-problems"]) != codes:
            problems.append(f"{action}: the problems are not {sorted(codes)}")
        reply = fields_of(contract, f"{ASYNCAPI}#/components/messages/{name}Reply/payload")[0]["data"]
        successes = [status for status in route["responses"] if status.startswith("2")]
        answers = [
            meaning(contract, f"{place}/responses/{s}/content/application~1json/schema") for s in successes
        ]
        # A reply has no status: the schema of 201 must be one of the alternatives of 200.
        if reply[1] != answers[successes.index("200")]:
            problems.append(f"{action}: the answer is not that of {route['operationId']}")
    return problems


def code_infos() -> dict[str, tuple[int, bool]]:
    """The problems in the code. By name: the status, and whether a retry may succeed."""
    text = PROBLEM.read_text()
    body = text.split("pub const fn info(self)")[1].split("\n    }\n")[0]
    rows = re.findall(r'CodeInfo::new\("(\w+)", (\d+), "[^"]+"\)(\.retryable\(\))?', body)
    return {name: (int(status), bool(retryable)) for name, status, retryable in rows}


def event_names() -> list[str]:
    """The events in the code."""
    names = EVENT.read_text().split("pub enum EventName {")[1].split("\n}")[0]
    return re.findall(r'#\[serde\(rename = "([\w.]+)"\)\]', names)


def actions() -> list[str]:
    """The actions in the code."""
    return re.findall(r'^    "(\w+)",$', COMMANDS.read_text().split("pub const ACTIONS")[1], re.MULTILINE)


def members(struct: str) -> dict[str, bool]:
    """The serialized members of a struct. By name: whether it is always present."""
    bodies = [
        match[1]
        for path in sorted(DOMAIN.rglob("*.rs"))
        for match in re.finditer(rf"Serialize[^{{}}]*\bstruct {struct} \{{\n(.*?)\n\}}", path.read_text(), re.DOTALL)
    ]
    assert len(bodies) == 1, struct
    found = {}
    for attribute, name, kind in re.findall(
        r"(?:#\[serde\(([^\n]*)\)\]\n\s*)?(?:pub(?:\([a-z]+\))? )?(?:r#)?(\w+): ([^\n]+),\n", bodies[0] + "\n"
    ):
        if attribute == "flatten":
            found |= members(kind)
        elif attribute != "skip":
            found[re.sub(r"_(\w)", lambda match: match[1].upper(), name)] = "skip_serializing_if" not in attribute
    return found


def unlike_structs(contract: Contract) -> list[str]:
    """Members that are only in the code, only in the documents, or required in only one of them."""
    problems = []
    schemas = contract.openapi["components"]["schemas"]
    for struct, names in SERIALIZED.items():
        there, forms = members(struct), [schemas[name] for name in names]
        for name, form in zip(names, forms, strict=True):
            problems += [f"{name}: {member} is not serialized" for member in set(form["properties"]) - set(there)]
            always = {member for member, is_always in there.items() if is_always}
            problems += [f"{name}: {member} is always there" for member in always - set(form["required"])]
        said = {member for form in forms for member in form["properties"]}
        problems += [f"{struct}: {member} is in no form" for member in set(there) - said]
        for member, is_always in there.items():
            if not is_always and all(member in form["required"] for form in forms):
                problems.append(f"{struct}: {member} is not always there")
    return sorted(problems)


def wrong_problems(contract: Contract) -> list[str]:
    """How the documents' problems differ from the code's."""
    known = code_infos()
    schema = contract.openapi["components"]["schemas"]["Problem"]
    problems = [f"{code}: not in both" for code in set(known) ^ set(schema["properties"]["code"]["enum"])]
    forms = [
        (form["properties"]["code"]["const"], form["properties"]["status"]["const"], form["properties"])
        for form in schema["oneOf"]
    ]
    problems += [f"{code}: no form" for code in set(known) - {code for code, _, _ in forms}]
    for code, status, properties in forms:
        if (status, properties["retryable"]["const"]) != known.get(code):
            problems.append(f"{code}: a form with another status, or retryable or not")
        if properties["type"]["const"] != f"urn:lambda-chat:problem:{code}":
            problems.append(f"{code}: a form with another type")
    told = set()
    for route, place, operation in contract.operations():
        for code, status in codes_of_route(contract, place, operation):
            told.add(code)
            if known.get(code, (0, False))[0] != status:
                problems.append(f"{route}: {code} under {status}")
    for name, operation in contract.asyncapi["operations"].items():
        problems += [f"{name}: {code}" for code in operation.get("x-problems", []) if code not in known]
    return sorted(problems + [f"{code}: of no route" for code in set(known) - told])


def wrong_events(contract: Contract) -> list[str]:
    """How the documents' events differ from the code's."""
    operations = contract.asyncapi["operations"]
    told = {operation["x-event"]: name for name, operation in operations.items() if "x-event" in operation}
    problems = [f"{event}: not in both" for event in set(told) ^ set(event_names())]
    for event, name in told.items():
        _, schema = contract.resolved(f"{ASYNCAPI}#/components/messages/{name}/payload")
        message = contract.asyncapi["components"]["messages"][name]
        if (message["name"], schema["properties"]["event"].get("const")) != (event, event):
            problems.append(f"{event}: its frame says something else")
        if operations[name]["action"] != "receive":
            problems.append(f"{event}: is not received")
    return sorted(problems)


def wrong_wiring(contract: Contract) -> list[str]:
    """Violations of AsyncAPI's rule that the messages of an operation belong to its channel."""
    document = contract.asyncapi
    channel = "#/channels/chat"
    listed = {ref["$ref"].rsplit("/", 1)[1] for ref in document["channels"]["chat"]["messages"].values()}
    problems = [f"{name}: not in the channel" for name in set(document["components"]["messages"]) ^ listed]
    used = set()
    for name, operation in document["operations"].items():
        for side in filter(None, (operation, operation.get("reply"))):
            if side["channel"]["$ref"] != channel:
                problems.append(f"{name}: another channel")
            for message in side["messages"]:
                if not message["$ref"].startswith(f"{channel}/messages/"):
                    problems.append(f"{name}: {message['$ref']} is not of the channel")
                used.add(message["$ref"].rsplit("/", 1)[1])
        action = operation.get("x-action")
        if (action is not None) != (operation["action"] == "send" and "reply" in operation):
            problems.append(f"{name}: an action is sent and answered, anything else received")
        for frame in fields_of(contract, f"{ASYNCAPI}#/components/messages/{name}/payload") if action else []:
            if action != "$default" and frame["action"] != (True, {"type": "string", "const": action}):
                problems.append(f"{name}: its frame says another action")
    problems += [f"{name}: in no operation" for name in listed - used]
    return sorted(problems)


class Documents(unittest.TestCase):
    contract: Contract
    template: Template

    @classmethod
    def setUpClass(cls) -> None:
        cls.contract = Contract.read()
        cls.template = translate()

    @staticmethod
    def schema(name: str) -> Callable[[Document], Document]:
        """Returns a function that gets a schema of a document, to break it."""
        return lambda document: document["components"]["schemas"][name]

    def test_openapi_is_valid(self) -> None:
        errors = OpenAPIV31SpecValidator(self.contract.openapi).iter_errors()
        self.assertEqual([f"{list(error.path)}: {error.message[:200]}" for error in errors], [])

    def test_invalid_openapi_is_noticed(self) -> None:
        broken = self.contract.broken(lambda openapi, _: openapi["info"].pop("title"))
        messages = [error.message for error in OpenAPIV31SpecValidator(broken.openapi).iter_errors()]
        self.assertTrue(any("'title' is a required property" in message for message in messages), messages)

    def test_asyncapi_is_valid(self) -> None:
        Draft202012Validator.check_schema(ASYNCAPI_3)
        errors = Draft202012Validator(ASYNCAPI_3).iter_errors(self.contract.asyncapi)
        self.assertEqual([f"{error.json_path}: {error.message[:200]}" for error in errors], [])
        self.assertEqual(wrong_wiring(self.contract), [])

    def test_invalid_asyncapi_is_noticed(self) -> None:
        def change(_: Document, document: Document) -> None:
            del document["info"]["title"]
            document["operations"]["ping"]["summmary"] = "misspelt"
            document["operations"]["ping"]["messages"] = [{"$ref": "#/components/messages/ping"}]
            document["operations"]["typing"]["x-action"] = "sync"
            del document["channels"]["chat"]["messages"]["userUpdated"]

        broken = self.contract.broken(change)
        errors = Draft202012Validator(ASYNCAPI_3).iter_errors(broken.asyncapi)
        self.assertEqual(sorted(error.json_path for error in errors), ["$.info", "$.operations.ping"])
        self.assertEqual(
            wrong_wiring(broken),
            [
                "ping: #/components/messages/ping is not of the channel",
                "typing: its frame says another action",
                "userUpdated: not in the channel",
            ],
        )

    def test_schemas_are_valid(self) -> None:
        for file, document in self.contract.documents.items():
            for name, schema in document["components"]["schemas"].items():
                with self.subTest(f"{file} {name}"):
                    Draft202012Validator.check_schema(schema)
                    # AsyncAPI's tools read the schemas as this dialect.
                    Draft7Validator.check_schema(schema)
                    keywords = {key for _, node in nodes(schema) if isinstance(node, dict) for key in node}
                    newer = {"unevaluatedProperties", "unevaluatedItems", "prefixItems", "dependentSchemas", "$defs"}
                    self.assertEqual(keywords & newer, set())

    def test_every_reference_resolves(self) -> None:
        self.assertEqual(unresolved(self.contract), [])

    def test_reference_without_a_target_is_noticed(self) -> None:
        def change(openapi: Document, asyncapi: Document) -> None:
            openapi["components"]["schemas"]["Page"]["properties"]["seq"] = {"$ref": "#/components/schemas/Sequence"}
            asyncapi["components"]["schemas"]["LeftEvent"] = {"$ref": "./openapi.yaml#/components/schemas/Leaving"}

        self.assertEqual(
            unresolved(self.contract.broken(change)),
            [
                "openapi.yaml#/components/schemas/Page/properties/seq: #/components/schemas/Sequence",
                "asyncapi.yaml#/components/schemas/LeftEvent: ./openapi.yaml#/components/schemas/Leaving",
            ],
        )

    def test_every_object_is_closed(self) -> None:
        self.assertEqual(open_objects(self.contract), [])

    def test_open_object_is_noticed(self) -> None:
        def change(openapi: Document, asyncapi: Document) -> None:
            del self.schema("Cursor")(openapi)["additionalProperties"]
            del self.schema("Problem")(openapi)["additionalProperties"]
            self.schema("Page")(openapi)["properties"]["messages"]["items"] = {}
            del self.schema("PingFrame")(asyncapi)["additionalProperties"]

        self.assertLessEqual(
            {
                "asyncapi.yaml#/components/schemas/PingFrame",
                "openapi.yaml#/components/schemas/Cursor",
                "openapi.yaml#/components/schemas/Page/properties/messages/items",
                "openapi.yaml#/components/schemas/Problem",
                # And every schema that restricts a problem.
                "openapi.yaml#/components/responses/Failed/content/application~1problem+json/schema",
            },
            set(open_objects(self.contract.broken(change))),
        )

    def test_alternatives_are_not_nested(self) -> None:
        self.assertEqual(nested_alternatives(self.contract), [])

    def test_nested_alternative_is_noticed(self) -> None:
        def change(openapi: Document, asyncapi: Document) -> None:
            self.schema("Message")(openapi)["oneOf"][1] = {"$ref": "#/components/schemas/SaidMessage"}
            self.schema("SendMessageFrame")(asyncapi)["oneOf"][0] = {"$ref": "./openapi.yaml#/components/schemas/Chat"}

        self.assertEqual(
            nested_alternatives(self.contract.broken(change)),
            [
                "openapi.yaml#/components/schemas/Message/oneOf/1",
                "asyncapi.yaml#/components/schemas/SendMessageFrame/oneOf/0",
            ],
        )

    def test_every_example_matches_its_schema(self) -> None:
        self.assertIn("date-time", Draft202012Validator.FORMAT_CHECKER.checkers)
        self.assertEqual(without_example(self.contract), [])
        self.assertEqual(wrong_examples(self.contract), [])

    def test_wrong_or_missing_example_is_noticed(self) -> None:
        def change(openapi: Document, asyncapi: Document) -> None:
            openapi["components"]["parameters"]["Limit"]["example"] = 0
            mute = openapi["paths"]["/chats/{chatId}/mute"]["put"]["requestBody"]["content"]["application/json"]
            mute["examples"]["until"]["value"]["until"] = "2026-13-30T08:00:00Z"
            del openapi["paths"]["/health"]["get"]["responses"]["200"]["content"]["application/json"]["examples"]
            asyncapi["components"]["messages"]["presenceUpdated"]["examples"][0]["payload"]["data"]["status"] = "away"

        broken = self.contract.broken(change)
        self.assertEqual(
            without_example(broken),
            ["openapi.yaml#/paths/~1health/get/responses/200/content/application~1json"],
        )
        found = wrong_examples(broken)
        self.assertEqual(len(found), 3, found)
        for said in ("parameters/Limit/example: $: 0", "is not a 'date-time'", "'away' is not one of"):
            self.assertTrue(any(said in problem for problem in found), said)

    def test_example_with_one_error_is_refused(self) -> None:
        count, accepted = accepted_mutations(self.contract)
        examples = sum(1 for _ in self.contract.examples())
        print(f"\n{examples} examples: their schemas refuse {count} mutations of them")
        self.assertEqual(accepted, [])
        self.assertGreater(count, 19 * examples)

    def test_too_permissive_schema_is_noticed(self) -> None:
        def change(openapi: Document, asyncapi: Document) -> None:
            left = self.schema("Left")(openapi)
            openapi["components"]["schemas"]["Left"] = {"anyOf": [left, left | {"required": [], "properties": {}}]}
            self.schema("Health")(openapi)["properties"]["version"] = {}
            self.schema("Pong")(asyncapi)["additionalProperties"] = True

        _, accepted = accepted_mutations(self.contract.broken(change))
        self.assertEqual(
            {problem.split(": ", 1)[1] for problem in accepted},
            {"data by removed", "version retyped", "data unknown added"},
        )

    def test_documents_have_exactly_the_routes_and_actions(self) -> None:
        self.assertEqual(differences(self.contract, self.template), [])
        self.assertEqual(wrong_parameters(self.contract), [])
        ids = [operation["operationId"] for _, _, operation in self.contract.operations()]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertEqual(set(self.contract.asyncapi["channels"]["chat"]["x-routes"]), SILENT_ROUTES)

    def test_different_route_or_action_is_noticed(self) -> None:
        def change(openapi: Document, asyncapi: Document) -> None:
            openapi["paths"]["/me/devices"] = {"get": openapi["paths"]["/me"].pop("get")}
            openapi["paths"]["/sync"]["post"]["x-function"] = "profile"
            openapi["paths"]["/users/{id}"] = openapi["paths"].pop("/users/{userId}")
            del asyncapi["operations"]["typing"]
            asyncapi["operations"]["ping"]["x-action"] = "pong"

        broken = self.contract.broken(change)
        self.assertEqual(
            differences(broken, self.template),
            [
                "GET /me/devices: None, not profile",
                "GET /me: profile, not None",
                "GET /users/{id}: None, not profile",
                "GET /users/{userId}: profile, not None",
                "POST /sync: sync, not profile",
                "ping: default-route, not None",
                "pong: None, not default-route",
                "typing: typing, not None",
            ],
        )
        self.assertEqual(wrong_parameters(broken), ["GET /users/{id}: ['userId']"])

    def test_only_public_routes_need_no_token(self) -> None:
        body = self.template["Resources"]["HttpApi"]["Properties"]["Body"]
        for route, _, operation in self.contract.operations():
            method, path = route.split()
            security = body["paths"][path][method.lower()]["security"]
            self.assertEqual(operation.get("security", ["the document's"]) == [], security == [{"NONE": []}], route)
            self.assertEqual({"401", "403"} & set(operation["responses"]) == set(), security == [{"NONE": []}], route)

    def test_actions_have_the_requests_and_answers_of_their_routes(self) -> None:
        self.assertEqual(unlike_routes(self.contract), [])

    def test_action_unlike_its_route_is_noticed(self) -> None:
        def change(openapi: Document, asyncapi: Document) -> None:
            self.schema("MarkSeenFrame")(asyncapi)["required"].remove("seq")
            self.schema("SyncReply")(asyncapi)["properties"]["data"]["$ref"] = "./openapi.yaml#/components/schemas/Page"
            self.schema("NewText")(openapi)["properties"]["silent"] = {"type": "boolean"}
            asyncapi["operations"]["listMessages"]["x-problems"].remove("chat_not_found")

        found = unlike_routes(self.contract.broken(change))
        self.assertEqual(
            [problem.split(" are ")[0].split(" is ")[0] for problem in found],
            ["sendMessage: the fields", "listMessages: the problems", "markSeen: the fields", "sync: the answer"],
        )

    def test_documents_have_the_members_that_the_code_serializes(self) -> None:
        self.assertEqual(members("MuteView"), {"muted": True, "mutedUntil": False})
        self.assertEqual(unlike_structs(self.contract), [])

    def test_different_member_is_noticed(self) -> None:
        def change(openapi: Document, _: Document) -> None:
            self.schema("Left")(openapi)["required"] = []
            self.schema("Presence")(openapi)["properties"]["since"] = {"type": "string"}
            del self.schema("ChatSync")(openapi)["properties"]["reset"]
            self.schema("Member")(openapi)["required"] += ["readAt"]
            self.schema("MemberPosition")(openapi)["required"] += ["readAt"]

        self.assertEqual(
            unlike_structs(self.contract.broken(change)),
            [
                "ChatSync: reset is in no form",
                "Left: by is always there",
                "MemberView: readAt is not always there",
                "Presence: since is not serialized",
            ],
        )

    def test_documents_have_exactly_the_problems_of_the_code(self) -> None:
        self.assertGreater(len(code_infos()), 10)
        self.assertEqual(wrong_problems(self.contract), [])

    def test_different_problem_is_noticed(self) -> None:
        def change(openapi: Document, asyncapi: Document) -> None:
            problem = self.schema("Problem")(openapi)
            problem["properties"]["code"]["enum"][-1] = "mistake"
            problem["oneOf"][0]["properties"]["status"]["const"] = 422
            responses = openapi["components"]["responses"]
            responses["Throttled"]["content"] |= responses["NotAnAdmin"]["content"]
            asyncapi["operations"]["ping"]["x-problems"].append("asleep")

        found = wrong_problems(self.contract.broken(change))
        self.assertLessEqual(
            {
                "internal: not in both",
                "mistake: not in both",
                "invalid_request: a form with another status, or retryable or not",
                "GET /me: not_an_admin under 429",
                "ping: asleep",
            },
            set(found),
        )

    def test_documents_have_exactly_the_events_of_the_code(self) -> None:
        self.assertGreater(len(event_names()), 5)
        self.assertEqual(wrong_events(self.contract), [])

    def test_different_event_is_noticed(self) -> None:
        def change(_: Document, asyncapi: Document) -> None:
            asyncapi["operations"]["chatLeft"]["x-event"] = "chat.ended"
            self.schema("TypingEvent")(asyncapi)["properties"]["event"]["const"] = "writing"

        self.assertEqual(
            wrong_events(self.contract.broken(change)),
            [
                "chat.ended: its frame says something else",
                "chat.ended: not in both",
                "chat.left: not in both",
                "typing: its frame says something else",
            ],
        )

    def test_every_action_of_the_code_is_known(self) -> None:
        keys = {key for key, _ in websocket_routes(self.template)} - SILENT_ROUTES - {"$default"}
        self.assertEqual(set(actions()), keys)
        unknown = self.contract.asyncapi["components"]["schemas"]["UnknownFrame"]["properties"]["action"]
        self.assertEqual(unknown["not"]["enum"], actions())

    def test_both_have_the_version_of_the_code(self) -> None:
        version = re.search(r'^version = "([^"]+)"', CARGO.read_text(), re.MULTILINE)
        assert version is not None
        for document in self.contract.documents.values():
            self.assertEqual(document["info"]["version"], version[1])


if __name__ == "__main__":
    unittest.main()
