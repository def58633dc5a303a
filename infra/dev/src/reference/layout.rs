//! The layout of the page: head, index, and sections.

use super::documents::{Api, Documents, Fault, Place};
use super::{PATH, http, schema, text, websocket};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// The page of both APIs.
pub(super) fn api_page(documents: &Documents) -> Markup {
    let routes = http::operations(documents);
    let operations = websocket::operations(documents);
    let (actions, events): (Vec<_>, Vec<_>) = operations.iter().partition(|operation| operation.is_action());
    let kinds = [("actions", "Actions", actions), ("events", "Events", events)];
    let body = html! {
        header {
            h1 { "lambda-chat: both APIs" }
            p {
                "Generated from " a href=(Api::Http.raw_path()) { (Api::Http.file()) } " and "
                a href=(Api::WebSocket.raw_path()) { (Api::WebSocket.file()) } " each time this page is loaded."
            }
        }
        nav id="index" aria-label="Index" {
            h2 { "Index" }
            p { a href="#http" { "The HTTP API" } " · " a href="#websocket" { "The WebSocket API" } }
            h3 { "Routes" }
            ul { @for route in &routes { (entry(&route.id(), &route.name(), route.summary())) } }
            @for (_, title, operations) in &kinds {
                h3 { (title) }
                ul { @for operation in operations { (entry(&operation.id(), operation.name(), operation.summary())) } }
            }
            @for (api, title) in [(Api::Http, "Schemas of the HTTP API"), (Api::WebSocket, "Schemas of frames")] {
                h3 { (title) }
                p.names {
                    @for (name, _) in schemas(documents, api) { a href={ "#" (api.id("schema", name)) } { (name) } " " }
                }
            }
        }
        main {
            section id="http" { (about(documents.root(Api::Http))) }
            section id="routes" {
                h2 { "Routes" }
                @for route in &routes { (http::operation(documents, route)) }
            }
            section id="responses" { h2 { "Shared responses" } (http::shared_responses(documents)) }
            section id="schemas" { h2 { "Schemas of the HTTP API" } (all_schemas(documents, Api::Http)) }
            section id="websocket" {
                (about(documents.root(Api::WebSocket)))
                (websocket::connection(documents))
            }
            @for (id, title, operations) in &kinds {
                section id=(id) {
                    h2 { (title) }
                    @for operation in operations { (websocket::operation(documents, operation)) }
                }
            }
            section id="messages" { h2 { "Shared frames" } (websocket::shared_messages(documents)) }
            section id="frames" { h2 { "Schemas of frames" } (all_schemas(documents, Api::WebSocket)) }
        }
        footer { a href="#index" { "Index" } }
    };
    document("lambda-chat: both APIs", &body)
}

/// The page that names the faults of the files.
pub(super) fn fault_page(faults: &[Fault]) -> Markup {
    let body = html! {
        header { h1 { "The descriptions of the APIs cannot be read" } }
        main {
            @for fault in faults {
                h2 { a href={ (PATH) "/" (fault.file) } { "docs/" (fault.file) } }
                pre { code { (fault.reason) } }
            }
            p { "The APIs themselves are running. Correct the file and reload this page." }
        }
    };
    document("lambda-chat: an API description cannot be read", &body)
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    }
}

fn entry(id: &str, name: &str, summary: &str) -> Markup {
    html! { li { a href={ "#" (id) } { code { (name) } } " " (text::inline(summary)) } }
}

/// The general part of an API: title, description, servers, tokens.
fn about(root: Place<'_>) -> Markup {
    let info = root.get("info");
    let listed = root.get("servers").items().map(|server| (server, server.text("url").to_owned()));
    let named = root.get("servers").members().map(|(_, server)| {
        let part = |key| server.text(key);
        (server, format!("{}://{}{}", part("protocol"), part("host"), part("pathname")))
    });
    html! {
        h2 { (info.text("title")) " " small { (info.text("version")) } }
        @if let Some(summary) = info.value["summary"].as_str() { p.summary { (text::inline(summary)) } }
        (text::blocks(info.text("description")))
        h3 { "Servers" }
        ul {
            @for (server, url) in listed.chain(named) {
                li { code { (url) } " – " (text::inline(server.text("description"))) }
            }
        }
        h3 { "Tokens" }
        ul {
            @for (name, scheme) in root.get("components").get("securitySchemes").members() {
                li { code { (name) } " – " (text::inline(scheme.text("description"))) }
            }
        }
    }
}

fn schemas(documents: &Documents, api: Api) -> impl Iterator<Item = (&str, Place<'_>)> {
    documents.root(api).get("components").get("schemas").members()
}

fn all_schemas(documents: &Documents, api: Api) -> Markup {
    html! {
        @for (name, place) in schemas(documents, api) {
            article id=(api.id("schema", name)) {
                h3 { (name) }
                (schema::block(documents, place, Some(name)))
            }
        }
    }
}
