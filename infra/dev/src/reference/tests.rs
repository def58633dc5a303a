#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // that is how a test fails

use super::documents::{Api, Documents};
use super::{PATH, layout, page, pages};
use crate::cloud::workspace;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn documents() -> Documents {
    Documents::read(&workspace().join("docs")).unwrap()
}

/// The values of an attribute in the page, decoded.
fn attribute(html: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect()
}

/// Whether the page has an element with this id.
fn has(html: &str, id: &str) -> bool {
    html.contains(&format!(" id=\"{id}\""))
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}

#[test]
fn every_route_action_event_and_schema_is_on_the_page() {
    let documents = documents();
    let html = layout::api_page(&documents).into_string();
    let (http, websocket) = (documents.root(Api::Http).value, documents.root(Api::WebSocket).value);
    let mut routes = 0;
    for (path, methods) in http["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            let id = operation["operationId"].as_str().unwrap();
            assert!(has(&html, &format!("http-route-{id}")), "{id}");
            let (upper, title) = (method.to_uppercase(), path.replace('&', "&amp;"));
            assert!(html.contains(&format!("<code class=\"method\">{upper}</code> <code>{title}</code>")), "{id}");
            assert!(html.contains(&format!("#http-route-{id}\"><code>{upper} {title}</code>")), "{id} in the index");
            routes += 1;
        }
    }
    assert!(routes > 20, "{routes}");
    for (key, operation) in websocket["operations"].as_object().unwrap() {
        let (kind, name) = if operation["action"] == "send" { ("action", "x-action") } else { ("event", "x-event") };
        assert!(has(&html, &format!("ws-{kind}-{key}")), "{key}");
        let name = operation[name].as_str().unwrap_or(key);
        assert!(html.contains(&format!("#ws-{kind}-{key}\"><code>{name}</code>")), "{key} in the index");
    }
    for (prefix, document) in [("http", http), ("ws", websocket)] {
        for name in keys(&document["components"]["schemas"]) {
            assert!(has(&html, &format!("{prefix}-schema-{name}")), "{name}");
            assert!(html.contains(&format!("href=\"#{prefix}-schema-{name}\"")), "{name} in the index");
        }
    }
    for name in keys(&http["components"]["responses"]) {
        assert!(has(&html, &format!("http-response-{name}")), "{name}");
    }
}

/// Collects every text with this key, except in examples.
fn texts<'a>(value: &'a Value, key: &str, texts_of_key: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter().filter(|(name, _)| !["examples", "example"].contains(&name.as_str())) {
                texts_of_key.extend(value.as_str().filter(|_| name == key));
                texts(value, key, texts_of_key);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, texts_of_key)),
        _ => {}
    }
}

#[test]
fn every_description_is_on_the_page() {
    let documents = documents();
    let html = layout::api_page(&documents).into_string();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The text of the page, without tags and with decoded entities.
    let shown: String = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    let shown = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let shown = plain(&shown);
    for api in [Api::Http, Api::WebSocket] {
        let root = documents.root(api).value;
        let mut texts_of_key = Vec::new();
        for part in ["paths", "operations", "channels"] {
            texts(&root[part], "description", &mut texts_of_key);
            texts(&root[part], "summary", &mut texts_of_key);
        }
        for part in ["schemas", "responses", "messages", "parameters"] {
            texts(&root["components"][part], "description", &mut texts_of_key);
            texts(&root["components"][part], "pattern", &mut texts_of_key);
        }
        assert!(texts_of_key.len() > 20);
        // Skip lists and tables, because tags split their texts.
        for text in texts_of_key.into_iter().filter(|text| !text.contains("\n|") && !text.contains("\n- ")) {
            let first = plain(text.split("\n\n").next().unwrap()).replace('`', "");
            assert!(shown.contains(&first), "{first}");
        }
    }
}

#[test]
fn links_have_targets_and_ids_are_unique() {
    let html = layout::api_page(&documents()).into_string();
    let ids = attribute(&html, "id");
    let known: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(known.len(), ids.len(), "an id occurs twice");
    let files = pages(&workspace());
    let links = attribute(&html, "href");
    assert!(links.len() > 500, "{}", links.len());
    for link in links {
        match link.strip_prefix('#') {
            Some(id) => assert!(known.contains(&id.to_owned()), "{link}"),
            None => assert!(files.contains_key(&link), "{link}"),
        }
    }
    assert!(html.contains("href=\"#http-schema-NewGroup.participants\""), "a member that the other file references");
    assert!(!html.contains("<code>#/") && !html.contains("<code>./"), "a reference without a link");
}

#[test]
fn texts_of_the_files_are_escaped() {
    let evil = "<script>alert(1)</script> \" onload=\"x `<b>` & | <i>";
    let schema = json!({
        "description": evil, "type": "object", "required": [evil], "pattern": evil, "x-other": evil,
        "properties": {evil: {"description": evil, "const": evil}, "enum": {"enum": [evil]}},
        "oneOf": [{"$ref": evil}, {"$ref": format!("#/components/schemas/{evil}")}, {"type": evil, "format": evil}],
        "patternProperties": {evil: {"description": format!("- {evil}\n{evil}\n\n| {evil} |\n| - |\n| {evil} |")}},
    });
    let examples = json!({evil: {"summary": evil, "value": {evil: evil}}});
    let content = json!({evil: {"schema": schema, "examples": examples}});
    let http = json!({
        "info": {"title": evil, "version": evil, "summary": evil, "description": evil},
        "servers": [{"url": evil, "description": evil}],
        "security": [{evil: []}],
        "paths": {evil: {"get": {
            "operationId": evil, "x-function": evil, "summary": evil, "description": evil,
            "parameters": [{"name": evil, "in": evil, "description": evil, "schema": schema, "examples": examples}],
            "requestBody": {"description": evil, "content": content},
            "responses": {evil: {"description": evil, "headers": {evil: {"description": evil}}, "content": content}},
        }}},
        "components": {"schemas": {evil: schema}, "securitySchemes": {evil: {"description": evil}}},
    });
    let message = json!({"name": evil, "title": evil, "description": evil, "payload": schema,
        "examples": [{"name": evil, "summary": evil, "payload": evil}]});
    let websocket = json!({
        "info": {"title": evil, "version": evil, "description": evil},
        "servers": {evil: {"host": evil, "protocol": evil, "pathname": evil}},
        "channels": {evil: {"title": evil, "address": evil, "description": evil, "bindings": {"ws": {"headers": schema}}}},
        "operations": {evil: {"action": "send", "x-action": evil, "summary": evil, "x-problems": [evil],
            "messages": [message], "reply": {"messages": [message]}}},
        "components": {"schemas": {evil: schema}},
    });
    let html = layout::api_page(&Documents::new(http, websocket)).into_string();
    assert!(!html.contains("<script") && html.matches("&lt;script&gt;").count() > 50);
    assert!(!html.contains("<b>") && !html.contains("<i>") && !html.contains("\" onload=\""));
    assert!(attribute(&html, "id").iter().all(|id| !id.contains(['<', '>', '"', ' '])));
}

#[test]
fn alternatives_limits_and_other_keywords_are_shown() {
    let schemas = json!({
        "A": {"type": "string", "minLength": 1},
        "B": {"type": "object", "required": ["c"], "properties": {
            "a": {"type": "string", "not": {"enum": ["taboo"]}},
            "b": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "integer", "minimum": 2, "maximum": 7}]},
            "c": {"allOf": [{"$ref": "#/components/schemas/A"}, {"pattern": "^x"}]},
        }},
        "C": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]},
    });
    let document = json!({"paths": {}, "operations": {}, "components": {"schemas": schemas}});
    let html = layout::api_page(&Documents::new(document, json!({}))).into_string();
    let member = |name: &str| {
        let row = html.split(&format!("id=\"http-schema-B.{name}\"")).nth(1).unwrap();
        row.split("</tr>").next().unwrap().to_owned()
    };
    assert!(member("a").contains("taboo"), "{}", member("a"));
    assert!(member("b").contains("#http-schema-A") && member("b").contains("2 to 7"), "{}", member("b"));
    assert!(member("c").contains("<td>yes</td>") && member("c").contains("^x"), "{}", member("c"));
    assert!(html.contains("at least 1 character<"), "{html}");
    let schema_c = html.split("id=\"http-schema-C\"").nth(1).unwrap().split("</article>").next().unwrap();
    assert!(schema_c.contains("Exactly one of:") && schema_c.matches("<li><a href=").count() == 2, "{schema_c}");
    assert!(html.find("schema-B.c\"").unwrap() < html.find("schema-B.a\"").unwrap(), "required members come first");
}

#[test]
fn cyclic_references_end() {
    let schemas = json!({
        "A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"},
        "C": {"allOf": [{"$ref": "#/components/schemas/C"}]},
        "D": {"properties": {"d": {"$ref": "#/components/schemas/D"}, "a": {"$ref": "#/components/schemas/A"}}},
    });
    let document = json!({"paths": {}, "operations": {}, "components": {"schemas": schemas}});
    let html = layout::api_page(&Documents::new(document.clone(), document)).into_string();
    assert!(has(&html, "http-schema-D.d"));
}

#[test]
fn invalid_file_is_named_with_its_fault() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let shown = || {
        let page = page(directory.path());
        (page.status, String::from_utf8(page.body.to_vec()).unwrap())
    };
    write("openapi.yaml", "paths:\n  /a: {}\n b: [<script>\n");
    let (status, html) = shown();
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(html.contains("docs/openapi.yaml") && html.contains("line 3"), "{html}");
    assert!(html.contains("docs/asyncapi.yaml") && !html.contains("<script>"), "{html}");
    write("openapi.yaml", "paths: {}\n");
    write("asyncapi.yaml", "operations: 1\n");
    let (_, html) = shown();
    assert!(html.contains("`operations` is missing") && !html.contains("openapi.yaml"), "{html}");
    // A corrected file is shown at once.
    write("asyncapi.yaml", "operations: {}\n");
    assert_eq!(shown().0, StatusCode::OK);
}

#[test]
fn raw_files_are_served_unchanged() {
    let pages = pages(&workspace());
    assert_eq!(pages.len(), 3);
    for file in ["openapi.yaml", "asyncapi.yaml"] {
        let page = pages[&format!("{PATH}/{file}")]();
        let expected = std::fs::read(workspace().join("docs").join(file)).unwrap();
        assert_eq!((page.status, page.body.as_ref()), (StatusCode::OK, expected.as_slice()));
        assert_eq!(page.content_type, "text/plain; charset=utf-8");
    }
    let missing = super::pages(std::path::Path::new("/no/such"));
    assert!(missing.values().all(|page| page().status == StatusCode::INTERNAL_SERVER_ERROR));
}
