//! The layout of the pages: head, the bar with both halves, index, and sections.

use super::documents::{Api, Documents, Fault, Place};
use super::swagger::{BUNDLE, STARTER, STYLE};
use super::{PATH, text, websocket};
use crate::auth_service::USERS;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const OWN_STYLE: &str = include_str!("style.css");

/// The page that starts Swagger UI.
pub(super) fn http_page() -> Markup {
    let head = html! {
        link rel="stylesheet" href=(STYLE.path());
        // Without it, the browser asks the API for /favicon.ico.
        link rel="icon" href="data:,";
    };
    let controls = html! {
        label {
            "Send requests as "
            select id="user" {
                @for user in USERS { option value=(user) { (user) } }
                option value="" { "nobody" }
            }
        }
        output id="token-state" {}
    };
    let body = html! {
        main id="swagger-ui" {}
        noscript { p { "This page needs JavaScript. What it shows is in " a href=(Api::Http.raw_path()) { (Api::Http.file()) } "." } }
        script src=(BUNDLE.path()) {}
        script src=(STARTER.path()) data-description=(Api::Http.raw_path()) data-tokens={ (PATH) "/token" } {}
    };
    document("lambda-chat: HTTP API", Some(Api::Http), &head, &controls, &body)
}

/// The page of the WebSocket API.
pub(super) fn websocket_page(documents: &Documents) -> Markup {
    let operations = websocket::operations(documents);
    let shared = websocket::shared(documents);
    let (actions, events): (Vec<_>, Vec<_>) = operations.iter().partition(|operation| operation.is_action());
    let kinds = [("actions", "Actions", actions), ("events", "Events", events)];
    let body = html! {
        div.page {
            nav id="index" aria-label="Index" {
                p { a href="#connection" { "The connection" } }
                @for (id, title, operations) in &kinds {
                    h2 { a href={ "#" (id) } { (title) } }
                    ul { @for operation in operations { (entry(&operation.id(), operation.name())) } }
                }
                h2 { a href="#messages" { "Shared frames" } }
                ul { @for (key, _) in &shared { (entry(&websocket::message_id(key), key)) } }
            }
            main {
                section id="connection" {
                    (about(documents.root(Api::WebSocket)))
                    (websocket::connection(documents))
                }
                @for (id, title, operations) in &kinds {
                    section id=(id) {
                        h2 { (title) }
                        @for operation in operations { (websocket::operation(documents, operation, &shared)) }
                    }
                }
                section id="messages" { h2 { "Shared frames" } (websocket::shared_messages(documents, &shared)) }
            }
            footer { a href="#index" { "Index" } }
        }
    };
    document("lambda-chat: WebSocket API", Some(Api::WebSocket), &html! {}, &html! {}, &body)
}

/// The page that names the faults of the files.
pub(super) fn fault_page(faults: &[Fault]) -> Markup {
    let body = html! {
        main.page {
            h1 { "The descriptions of the APIs cannot be read" }
            @for fault in faults {
                h2 { a href={ (PATH) "/" (fault.file) } { "docs/" (fault.file) } }
                pre { code { (fault.reason) } }
            }
            p { "The APIs themselves are running. Correct the file and reload this page." }
        }
    };
    document("lambda-chat: an API description cannot be read", None, &html! {}, &html! {}, &body)
}

/// A page with the bar at its top. `current` is the half that the page shows.
fn document(title: &str, current: Option<Api>, head: &Markup, controls: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                (head)
                style { (PreEscaped(OWN_STYLE)) }
            }
            body {
                header.bar {
                    strong { "lambda-chat" }
                    nav aria-label="Pages" {
                        @for (api, name) in [(Api::Http, "HTTP API"), (Api::WebSocket, "WebSocket API")] {
                            a href=(api.page_path()) aria-current=[(current == Some(api)).then_some("page")] { (name) }
                        }
                        @for api in [Api::Http, Api::WebSocket] { a href=(api.raw_path()) { (api.file()) } }
                    }
                    (controls)
                }
                (body)
            }
        }
    }
}

fn entry(id: &str, name: &str) -> Markup {
    html! { li { a href={ "#" (id) } { code { (name) } } } }
}

/// The general part of the API: title, description, servers, tokens.
fn about(root: Place<'_>) -> Markup {
    let info = root.get("info");
    let servers = root.get("servers").members().map(|(_, server)| {
        let part = |key| server.text(key);
        (server, format!("{}://{}{}", part("protocol"), part("host"), part("pathname")))
    });
    html! {
        h1 { (info.text("title")) " " small { (info.text("version")) } }
        (text::blocks(info.text("description")))
        h3 { "Servers" }
        ul { @for (server, url) in servers { li { code { (url) } " – " (text::inline(server.text("description"))) } } }
        h3 { "Tokens" }
        ul {
            @for (name, scheme) in root.get("components").get("securitySchemes").members() {
                li { code { (name) } " – " (text::inline(scheme.text("description"))) }
            }
        }
    }
}
