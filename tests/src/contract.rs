//! Validates every answer and every frame of the tests' clients against docs/openapi.yaml and docs/asyncapi.yaml.

use crate::typed;
use client::wire::ServerOutput;
use jsonschema::{Registry, Validator};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

const HTTP: &str = "file:///openapi.yaml";
/// Paths of the stand-in Auth Service, which the descriptions do not have.
const AUTH_SERVICE: [&str; 2] = ["/token", "/.well-known/jwks.json"];
const WEBSOCKET: &str = "file:///asyncapi.yaml";

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::read);

/// Fails the test if an answer or a frame does not match the descriptions.
pub(crate) fn check(output: &ServerOutput<'_>) {
    CONTRACT.check(output);
}

struct Contract {
    http: Value,
    websocket: Value,
    registry: Registry<'static>,
    /// The validators by schema, created when they are first needed.
    validators: Mutex<BTreeMap<String, Validator>>,
}

/// An example request of a description.
#[derive(Debug)]
pub struct Sample {
    /// Such as `post /chats`, or an action.
    pub name: String,
    /// The schema of the body or frame.
    pub schema: Value,
    /// The example body or frame.
    pub document: Value,
}

/// Fails if a type of the client library loses a part of an example answer or frame. Returns the number of examples.
pub fn check_examples_round_trip() -> usize {
    CONTRACT.check_examples()
}

/// The description of one API.
#[derive(Debug, Clone, Copy)]
pub struct Description {
    is_http: bool,
}

impl Description {
    /// docs/openapi.yaml.
    pub fn of_http() -> Self {
        Self { is_http: true }
    }

    /// docs/asyncapi.yaml.
    pub fn of_websocket() -> Self {
        Self { is_http: false }
    }

    /// The example requests: bodies or frames.
    pub fn requests(self) -> Vec<Sample> {
        if self.is_http { CONTRACT.bodies() } else { CONTRACT.frames() }
    }

    /// Whether a document matches a schema of the description.
    pub fn accepts(self, schema: &Value, document: &Value) -> bool {
        CONTRACT.errors(schema, document).is_empty()
    }
}

impl Contract {
    fn read() -> Self {
        let read = |name: &str| -> Value {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
            serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let (http, websocket) = (read("openapi.yaml"), read("asyncapi.yaml"));
        let registry = Registry::new().add(HTTP, http.clone()).unwrap().add(WEBSOCKET, websocket.clone()).unwrap();
        Self { registry: registry.prepare().unwrap(), http, websocket, validators: Mutex::default() }
    }

    fn bodies(&self) -> Vec<Sample> {
        let mut all = Vec::new();
        for (path, item) in self.http["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let content = "/requestBody/content/application~1json";
                let examples = operation.pointer(&format!("{content}/examples")).and_then(Value::as_object);
                let pointer = format!("/paths/{}/{method}{content}/schema", escape(path));
                for example in examples.into_iter().flat_map(|examples| examples.values()) {
                    all.push(Sample {
                        name: format!("{method} {path}"),
                        schema: json!({"$ref": reference(HTTP, &pointer)}),
                        document: example["value"].clone(),
                    });
                }
            }
        }
        all
    }

    fn check_examples(&self) -> usize {
        let mut checked = 0;
        for (path, item) in self.http["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().into_iter().flatten() {
                    let contents = response.get("content").and_then(Value::as_object);
                    let examples = contents.into_iter().flat_map(|contents| contents.values());
                    let examples = examples.filter_map(|content| content["examples"].as_object());
                    for example in examples.flat_map(|examples| examples.values()) {
                        let target = example.get("$ref").and_then(Value::as_str);
                        let example = target.map_or(example, |target| self.http.pointer(&target[1..]).unwrap());
                        typed::check_body(method, path, status.parse().unwrap(), &example["value"]);
                        checked += 1;
                    }
                }
            }
        }
        for operation in self.websocket["operations"].as_object().unwrap().values() {
            let action = operation.get("x-action").and_then(Value::as_str);
            let told = if action.is_some() { &operation["reply"]["messages"] } else { &operation["messages"] };
            for message in told.as_array().into_iter().flatten() {
                let name = message["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
                let examples = self.websocket["components"]["messages"][name]["examples"].as_array();
                for example in examples.into_iter().flatten() {
                    typed::check_frame(action, &example["payload"]);
                    checked += 1;
                }
            }
        }
        checked
    }

    fn frames(&self) -> Vec<Sample> {
        let mut all = Vec::new();
        for operation in self.websocket["operations"].as_object().unwrap().values() {
            let Some(action) = operation.get("x-action").and_then(Value::as_str) else { continue };
            let message = operation["messages"][0]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let pointer = format!("/components/messages/{message}/payload");
            for example in self.websocket["components"]["messages"][message]["examples"].as_array().unwrap() {
                all.push(Sample {
                    name: action.to_owned(),
                    schema: json!({"$ref": reference(WEBSOCKET, &pointer)}),
                    document: example["payload"].clone(),
                });
            }
        }
        all
    }

    fn check(&self, output: &ServerOutput<'_>) {
        match *output {
            ServerOutput::Answer { path, .. } if AUTH_SERVICE.contains(&path) => {}
            // The demo asks the stand-in Auth Service, which has no chats, for its users.
            ServerOutput::Answer { path: "/users", query, status: 200, .. } if query.starts_with("ids=") => {}
            ServerOutput::Answer { method, path, status, content_type, body, .. } => {
                let method = method.as_str().to_lowercase();
                let what = format!("{method} {path}: {status} {content_type}");
                let Some((route, item)) = self.route(&method, path) else {
                    // API Gateway's own answer to an unknown route.
                    assert_eq!((status, body), (404, &json!({"message": "Not Found"})), "{what}");
                    return;
                };
                let at = format!("/paths/{}/{method}/responses/{status}", escape(route));
                let response = item.pointer(&format!("/{method}/responses/{status}"));
                let response = response.unwrap_or_else(|| panic!("the description has no response {what}: {body}"));
                let at = response.get("$ref").and_then(Value::as_str).map_or(at, |target| target[1..].to_owned());
                let media = content_type.split(';').next().unwrap_or_default();
                let schema = format!("{at}/content/{}/schema", escape(media));
                assert!(self.http.pointer(&schema).is_some(), "the description has no response {what}: {body}");
                self.validate(json!({"$ref": reference(HTTP, &schema)}), body, &what);
                typed::check_body(&method, route, status, body);
            }
            ServerOutput::Frame { action, frame } => {
                let schema = match (frame.get("event").and_then(Value::as_str), frame.get("ok"), action) {
                    (Some(event), _, _) => self.schema_of("x-event", event),
                    (None, Some(Value::Bool(true)), Some(action)) => self.schema_of("x-action", action),
                    // A reply to a raw frame of a test: it must match one of the replies.
                    (None, Some(Value::Bool(true)), None) => self.any_reply(),
                    (None, Some(_), _) => frame_schema("RefusedReply"),
                    (None, None, _) => frame_schema("GatewayFrame"),
                };
                self.validate(schema, frame, &format!("a frame, {action:?}"));
                typed::check_frame(action, frame);
            }
        }
    }

    /// The route of a path. A route without parameters comes before one with parameters.
    fn route(&self, method: &str, path: &str) -> Option<(&str, &Value)> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |route: &str| {
            let names: Vec<&str> = route.split('/').collect();
            let fits = |(name, part): (&&str, &&str)| name == part || (name.starts_with('{') && !part.is_empty());
            names.len() == parts.len() && names.iter().zip(&parts).all(fits)
        };
        let routes = self.http["paths"].as_object().unwrap().iter();
        let matching = routes.filter(|(route, item)| fits(route) && item.get(method).is_some());
        matching.min_by_key(|(route, _)| route.matches('{').count()).map(|(route, item)| (route.as_str(), item))
    }

    /// The schema of an event or of the reply to an action: of the operation whose `mark` is `name`.
    fn schema_of(&self, mark: &str, name: &str) -> Value {
        let operations = self.websocket["operations"].as_object().unwrap().values();
        let operation = operations.into_iter().find(|operation| operation[mark] == name);
        let operation = operation.unwrap_or_else(|| panic!("the description has no {name}"));
        let messages = if mark == "x-event" { &operation["messages"] } else { &operation["reply"]["messages"] };
        let message = messages[0]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
        let payload = &self.websocket["components"]["messages"][message]["payload"]["$ref"];
        frame_schema(payload.as_str().unwrap().rsplit('/').next().unwrap())
    }

    fn any_reply(&self) -> Value {
        let operations = self.websocket["operations"].as_object().unwrap().values();
        let actions = operations.filter_map(|operation| operation.get("x-action").and_then(Value::as_str));
        json!({"anyOf": actions.map(|action| self.schema_of("x-action", action)).collect::<Vec<_>>()})
    }

    fn validate(&self, schema: Value, value: &Value, what: &str) {
        let errors = self.errors(&schema, value);
        assert!(errors.is_empty(), "{what} is not as {schema} describes it: {errors:?}: {value}");
    }

    fn errors(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let options = jsonschema::options().should_validate_formats(true).with_registry(&self.registry);
            options.build(schema).unwrap()
        });
        validator.iter_errors(value).map(|error| error.to_string()).collect()
    }
}

fn frame_schema(name: &str) -> Value {
    json!({"$ref": format!("{WEBSOCKET}#/components/schemas/{name}")})
}

/// Escapes a name for a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The URI of a JSON pointer in a document.
fn reference(document: &str, pointer: &str) -> String {
    format!("{document}#{}", pointer.replace('{', "%7B").replace('}', "%7D"))
}
