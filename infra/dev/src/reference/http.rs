//! The HTTP API: its operations, and the responses that several operations share.

use super::documents::{Api, Documents, Place};
use super::{examples, schema, text};
use maud::{Markup, html};
use serde_json::Value;

/// The methods in their order on the page.
const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];

/// One method of one path.
pub(super) struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    /// The part that every method of the path shares.
    shared: Place<'a>,
    own: Place<'a>,
}

impl Operation<'_> {
    pub(super) fn id(&self) -> String {
        match self.own.text("operationId") {
            "" => Api::Http.id("route", &format!("{}{}", self.method, self.path)),
            name => Api::Http.id("route", name),
        }
    }

    /// Such as `GET /chats`.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    pub(super) fn summary(&self) -> &str {
        self.own.text("summary")
    }
}

pub(super) fn operations(documents: &Documents) -> Vec<Operation<'_>> {
    let paths = documents.root(Api::Http).get("paths").members();
    paths
        .flat_map(|(path, shared)| {
            let methods = METHODS.into_iter().filter(move |method| shared.value[*method].is_object());
            methods.map(move |method| Operation { path, method, shared, own: shared.get(method) })
        })
        .collect()
}

pub(super) fn operation(documents: &Documents, operation: &Operation<'_>) -> Markup {
    let own = operation.own;
    let parameters: Vec<_> = [operation.shared, own]
        .into_iter()
        .flat_map(|place| place.get("parameters").items())
        .map(|parameter| documents.resolve(parameter))
        .collect();
    let body = documents.resolve(own.get("requestBody"));
    html! {
        article id=(operation.id()) {
            h3 { code.method { (operation.method.to_uppercase()) } " " code { (operation.path) } }
            p.summary { (text::inline(operation.summary())) }
            (text::blocks(own.text("description")))
            p.small {
                "Token: " (security(documents, own))
                @for (key, title) in [("operationId", "Operation"), ("x-function", "Function")] {
                    @if let Some(value) = own.value[key].as_str() { " · " (title) ": " code { (value) } }
                }
            }
            @if !parameters.is_empty() {
                h4 { "Parameters" }
                div.wide { table {
                    thead { tr {
                        th { "Name" } th { "In" } th { "Type" } th { "Required" } th { "Limits" } th { "Description" }
                    } }
                    tbody { @for place in parameters { (parameter(documents, place)) } }
                } }
            }
            @if body.value.is_object() {
                h4 { "Request" }
                (text::blocks(body.text("description")))
                (content(documents, body))
            }
            h4 { "Responses" }
            @for (status, response) in own.get("responses").members() {
                (self::response(documents, status, response))
            }
        }
    }
}

fn parameter(documents: &Documents, parameter: Place<'_>) -> Markup {
    let place = parameter.get("schema");
    html! {
        tr {
            th scope="row" { code { (parameter.text("name")) } }
            td { (parameter.text("in")) }
            (schema::cells(documents, place, Some(parameter.value["required"] == true)))
        }
        @let examples = examples::of(documents, parameter);
        @let description = parameter.text("description");
        @if !description.is_empty() || !examples.0.is_empty() {
            tr.more { td colspan="6" { (text::blocks(description)) (examples) } }
        }
    }
}

/// A shared response has only a link here. Its own section describes it.
fn response(documents: &Documents, status: &str, place: Place<'_>) -> Markup {
    let link = place.reference().and_then(|reference| documents.link(place.api, reference));
    let response = documents.resolve(place);
    html! {
        section.response {
            p {
                strong { code { (status) } } " " (text::inline(response.text("description")))
                @if let Some((name, id)) = &link { " (" a href={ "#" (id) } { (name) } ")" }
            }
            @if link.is_none() { (answer(documents, response)) } @else { (codes(response)) }
        }
    }
}

/// The problem codes, the headers and the content of a response.
fn answer(documents: &Documents, response: Place<'_>) -> Markup {
    html! {
        (codes(response))
        @for (name, header) in response.get("headers").members() {
            @let header = documents.resolve(header);
            p.small {
                "Header " code { (name) } ": " (schema::short_type(documents, header.get("schema")))
                " – " (text::inline(header.text("description")))
            }
        }
        (content(documents, response))
    }
}

fn content(documents: &Documents, place: Place<'_>) -> Markup {
    html! {
        @for (media, place) in place.get("content").members() {
            p { code { (media) } ": " (schema::short_type(documents, place.get("schema"))) }
            @if place.get("schema").reference().is_none() && !only_narrows_codes(place.get("schema")) {
                (schema::block(documents, place.get("schema"), None))
            }
            (examples::of(documents, place))
        }
    }
}

/// The values of a problem's `code`.
fn codes(response: Place<'_>) -> Markup {
    let schemas = response.get("content").members().map(|(_, media)| media.value.get("schema"));
    let codes: Vec<&str> = schemas.flat_map(codes_in).collect();
    html! {
        @if !codes.is_empty() {
            p { "Codes: " @for (at, code) in codes.iter().enumerate() { @if at > 0 { ", " } code { (code) } } }
        }
    }
}

/// Whether a schema only restricts another schema's `code`. The codes are shown separately.
fn only_narrows_codes(schema: Place<'_>) -> bool {
    let is = |value: &Value, key: &str| value.as_object().is_some_and(|all| all.len() == 1 && all.contains_key(key));
    let codes = |part: &Value| is(part, "properties") && is(&part["properties"], "code");
    is(schema.value, "allOf") && schema.get("allOf").items().all(|part| part.reference().is_some() || codes(part.value))
}

fn codes_in(schema: Option<&Value>) -> Vec<&str> {
    let Some(schema) = schema else { return Vec::new() };
    let code = &schema["properties"]["code"];
    let own = code["enum"].as_array().into_iter().flatten().chain(code.get("const")).filter_map(Value::as_str);
    let parts = ["allOf", "oneOf", "anyOf"].into_iter().flat_map(|key| schema[key].as_array().into_iter().flatten());
    own.chain(parts.flat_map(|part| codes_in(Some(part)))).collect()
}

/// The names of the security schemes, or "none".
fn security(documents: &Documents, operation: Place<'_>) -> Markup {
    let own = operation.get("security");
    let security = if own.value.is_array() { own } else { documents.root(Api::Http).get("security") };
    let names: Vec<&str> = security.items().flat_map(|scheme| scheme.members().map(|(name, _)| name)).collect();
    html! { @if names.is_empty() { "none" } @else { code { (names.join(", ")) } } }
}

/// The responses that operations refer to.
pub(super) fn shared_responses(documents: &Documents) -> Markup {
    let responses = documents.root(Api::Http).get("components").get("responses");
    html! {
        @for (name, response) in responses.members() {
            article id=(Api::Http.id("response", name)) {
                h3 { (name) }
                (text::blocks(response.text("description")))
                (answer(documents, documents.resolve(response)))
            }
        }
    }
}
