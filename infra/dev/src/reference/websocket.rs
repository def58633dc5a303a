//! The WebSocket API: the connection, actions with their replies, and events.

use super::documents::{Api, Documents, Place};
use super::{examples, schema, text};
use maud::{Markup, html};

/// An action that a client sends, or an event that it receives.
pub(super) struct Operation<'a> {
    key: &'a str,
    own: Place<'a>,
}

impl<'a> Operation<'a> {
    pub(super) fn id(&self) -> String {
        id(if self.is_action() { "action" } else { "event" }, self.key)
    }

    /// The value of `action` or `event` in a frame.
    pub(super) fn name(&self) -> &'a str {
        let names = ["x-action", "x-event"].into_iter().find_map(|key| self.own.value[key].as_str());
        names.unwrap_or(self.key)
    }

    /// True for an action. The file describes the client's side, so "send" means from the client.
    pub(super) fn is_action(&self) -> bool {
        self.own.text("action") == "send"
    }

    fn messages(&self) -> impl Iterator<Item = Place<'a>> {
        self.own.get("messages").items()
    }

    fn replies(&self) -> impl Iterator<Item = Place<'a>> {
        self.own.get("reply").get("messages").items()
    }
}

/// The id of an article of the page.
fn id(kind: &str, name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    format!("{kind}-{}", name.chars().map(plain).collect::<String>())
}

/// The id of the article of a shared message.
pub(super) fn message_id(key: &str) -> String {
    id("message", key)
}

/// All operations, actions first.
pub(super) fn operations(documents: &Documents) -> Vec<Operation<'_>> {
    let all = documents.root(Api::WebSocket).get("operations").members();
    let mut all: Vec<_> = all.map(|(key, own)| Operation { key, own }).collect();
    all.sort_by_key(|operation| !operation.is_action());
    all
}

/// How to connect.
pub(super) fn connection(documents: &Documents) -> Markup {
    let channels = documents.root(Api::WebSocket).get("channels");
    html! {
        @for (_, channel) in channels.members() {
            h2 { (channel.text("title")) " " code { (channel.text("address")) } }
            (text::blocks(channel.text("description")))
            @for (key, title) in [("headers", "Headers of the handshake"), ("query", "Query of the handshake")] {
                @let place = channel.get("bindings").get("ws").get(key);
                @if place.value.is_object() { h4 { (title) } (schema::fields_of_value(documents, place)) }
            }
        }
    }
}

pub(super) fn operation(documents: &Documents, operation: &Operation<'_>, shared: &[(&str, Place<'_>)]) -> Markup {
    let own = operation.own;
    let problems: Vec<&str> = own.get("x-problems").items().filter_map(|code| code.value.as_str()).collect();
    html! {
        article id=(operation.id()) {
            h3 { code { (operation.name()) } }
            p.summary { (text::inline(own.text("summary"))) }
            (text::blocks(own.text("description")))
            @if let Some(function) = own.value["x-function"].as_str() {
                p.small { "Function: " code { (function) } }
            }
            h4 { @if operation.is_action() { "Request" } @else { "Frame" } }
            @for place in operation.messages() { (message(documents, place, shared)) }
            @if operation.replies().next().is_some() {
                h4 { "Reply" }
                @for place in operation.replies() { (message(documents, place, shared)) }
            }
            @if !problems.is_empty() {
                p { "Codes of a refusal: " @for (at, code) in problems.iter().enumerate() { @if at > 0 { ", " } code { (code) } } }
            }
        }
    }
}

/// The messages that more than one operation uses, by key.
pub(super) fn shared(documents: &Documents) -> Vec<(&str, Place<'_>)> {
    let operations = operations(documents);
    let messages = documents.root(Api::WebSocket).get("components").get("messages").members();
    let uses = |place: Place<'_>| {
        let all = operations.iter().flat_map(|operation| operation.messages().chain(operation.replies()));
        all.filter(|used| std::ptr::eq(documents.resolve(*used).value, place.value)).count()
    };
    messages.filter(|(_, place)| uses(*place) > 1).collect()
}

/// A shared message has only a link here. Its own article describes it.
fn message(documents: &Documents, place: Place<'_>, shared: &[(&str, Place<'_>)]) -> Markup {
    let message = documents.resolve(place);
    let elsewhere = shared.iter().find(|(_, place)| std::ptr::eq(place.value, message.value));
    html! {
        @if let Some((key, _)) = elsewhere {
            p { a href={ "#" (message_id(key)) } { (key) } ": " (text::inline(message.text("title"))) }
        } @else {
            (frame(documents, message))
        }
    }
}

fn frame(documents: &Documents, message: Place<'_>) -> Markup {
    html! {
        (text::blocks(message.text("description")))
        (schema::fields_of_value(documents, message.get("payload")))
        (examples::of(message))
    }
}

/// The articles of the messages that several operations use.
pub(super) fn shared_messages(documents: &Documents, shared: &[(&str, Place<'_>)]) -> Markup {
    html! {
        @for (key, message) in shared {
            article id=(message_id(key)) {
                h3 { (key) }
                p.summary { (text::inline(message.text("title"))) }
                (frame(documents, *message))
            }
        }
    }
}
