#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // that is how a test fails

use super::documents::{Api, Documents};
use super::{PATH, layout, pages, swagger, websocket_page};
use crate::auth_service::{AuthService, EXAMPLE_USERS, USERS};
use crate::cloud::workspace;
use axum::http::StatusCode;
use base64::Engine as _;
use local_cloud::{Page, PagePolicy};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn documents() -> Documents {
    Documents::read(&workspace().join("docs")).unwrap()
}

/// All pages of this workspace, as they are now.
async fn all_pages() -> BTreeMap<String, Page> {
    let auth = AuthService::start(0, None).await.unwrap();
    pages(&workspace(), &auth).into_iter().map(|(path, source)| (path, source())).collect()
}

fn text(page: &Page) -> &str {
    std::str::from_utf8(&page.body).unwrap()
}

/// The values of an attribute in the page, decoded.
fn attribute(html: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&")).collect()
}

/// The article with this id.
fn article<'a>(html: &'a str, id: &str) -> &'a str {
    let start = format!("<article id=\"{id}\"");
    html.split(&start).nth(1).unwrap_or_else(|| panic!("no article {id}")).split("</article>").next().unwrap()
}

/// The value that a reference of a file points to, and its file.
fn target<'a>(documents: &'a Documents, api: Api, value: &'a Value) -> (Api, &'a Value) {
    let Some(reference) = value["$ref"].as_str() else { return (api, value) };
    let (file, pointer) = reference.split_once('#').unwrap();
    let api = if file.ends_with(Api::Http.file()) { Api::Http } else { api };
    target(documents, api, documents.root(api).value.pointer(pointer).unwrap())
}

/// The names of all fields of a schema, and of the objects in them.
fn field_names(documents: &Documents, api: Api, schema: &Value, names: &mut BTreeSet<String>) {
    let (api, schema) = target(documents, api, schema);
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        names.insert(name.clone());
        field_names(documents, api, field, names);
    }
    for field in schema["patternProperties"].as_object().into_iter().flat_map(|all| all.values()) {
        field_names(documents, api, field, names);
    }
    let parts = ["oneOf", "anyOf", "allOf"].into_iter().flat_map(|key| schema[key].as_array().into_iter().flatten());
    for part in parts.chain(schema.get("items")) {
        field_names(documents, api, part, names);
    }
}

#[test]
fn every_action_and_event_is_on_the_page_with_all_fields() {
    let documents = documents();
    let html = layout::websocket_page(&documents).into_string();
    let root = documents.root(Api::WebSocket).value;
    let (mut operations, mut fields) = (0, 0);
    for (key, operation) in root["operations"].as_object().unwrap() {
        let (kind, name) = if operation["action"] == "send" { ("action", "x-action") } else { ("event", "x-event") };
        let name = operation[name].as_str().unwrap_or(key);
        assert!(html.contains(&format!("#{kind}-{key}\"><code>{name}</code>")), "{key} in the index");
        let own = article(&html, &format!("{kind}-{key}"));
        assert!(own.contains(&format!("<h3><code>{name}</code>")), "{own}");
        for code in operation["x-problems"].as_array().into_iter().flatten() {
            assert!(own.contains(&format!("<code>{}</code>", code.as_str().unwrap())), "{key}: {code}");
        }
        let messages = [&operation["messages"], &operation["reply"]["messages"]];
        for reference in messages.into_iter().flat_map(|list| list.as_array().into_iter().flatten()) {
            let message = reference["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let shared = format!("message-{message}");
            // The article of a shared frame has its fields.
            let place = if own.contains(&format!("#{shared}\"")) { article(&html, &shared) } else { own };
            let mut names = BTreeSet::new();
            let payload = &root["components"]["messages"][message]["payload"];
            field_names(&documents, Api::WebSocket, payload, &mut names);
            assert!(!names.is_empty(), "{message}");
            for name in &names {
                assert!(place.contains(&format!("<strong><code>{name}</code>")), "{key}, {message}: {name}");
            }
            fields += names.len();
        }
        operations += 1;
    }
    assert!(operations > 20 && fields > 400, "{operations} operations, {fields} fields");
}

#[test]
fn field_is_shown_with_type_limits_and_description() {
    let html = layout::websocket_page(&documents()).into_string();
    let field = |id: &str, name: &str| {
        let start = format!("<strong><code>{name}</code></strong>");
        let rest = article(&html, id).split(&start).nth(1).unwrap().to_owned();
        rest.split("</li>").next().unwrap().to_owned()
    };
    let seq = field("action-markSeen", "seq");
    assert!(seq.contains(">integer<") && seq.contains(">required<"), "{seq}");
    assert!(seq.contains("0 to 9007199254740991") && seq.contains("The caller has read the messages"), "{seq}");
    let mentions = field("action-sendMessage", "mentions");
    assert!(mentions.contains("array of string") && !mentions.contains(">required<"), "{mentions}");
    assert!(mentions.contains("at most 20 items, each 1 to 128 characters"), "{mentions}");
    let deleted_for = field("event-messageCreated", "deletedFor");
    assert!(deleted_for.contains("always empty"), "{deleted_for}");
    assert_eq!(article(&html, "message-refused").matches("Problem details (RFC 9457)").count(), 1);
    // The content of an event is open. Alternatives are named and closed.
    let data = field("event-receiptUpdated", "data");
    assert!(data.contains("<details open><summary>Fields of Receipt</summary>"), "{data}");
    let data = article(&html, "event-messageCreated");
    assert!(data.contains("TextMessage or AttachmentMessage or DeletedMessage"), "{data}");
    assert!(data.contains("<details><summary>Fields of TextMessage</summary>"), "{data}");
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
    let html = layout::websocket_page(&documents).into_string();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The text of the page, without tags and with decoded entities.
    let shown: String = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect();
    let shown = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    let shown = plain(&shown);
    let root = documents.root(Api::WebSocket).value;
    let mut texts_of_key = Vec::new();
    for part in [&root["info"], &root["operations"], &root["channels"], &root["components"]["messages"]] {
        texts(part, "description", &mut texts_of_key);
        texts(part, "summary", &mut texts_of_key);
    }
    texts(&root["components"]["schemas"], "description", &mut texts_of_key);
    assert!(texts_of_key.len() > 30, "{}", texts_of_key.len());
    // Skip lists and tables, because tags split their texts.
    for text in texts_of_key.into_iter().filter(|text| !text.contains("\n|") && !text.contains("\n- ")) {
        let first = plain(text.split("\n\n").next().unwrap()).replace('`', "");
        assert!(shown.contains(&first), "{first}");
    }
}

#[tokio::test]
async fn links_have_targets_and_ids_are_unique() {
    let pages = all_pages().await;
    for path in [PATH.to_owned(), Api::WebSocket.page_path()] {
        let html = text(&pages[&path]);
        let ids = attribute(html, "id");
        let known: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(known.len(), ids.len(), "{path}: an id occurs twice");
        let links = [attribute(html, "href"), attribute(html, "src"), attribute(html, "data-description")].concat();
        for link in links.iter().filter(|link| *link != "data:,") {
            match link.strip_prefix('#') {
                Some(id) => assert!(known.contains(&id.to_owned()), "{path}: {link}"),
                None => assert!(pages.contains_key(link), "{path}: {link}"),
            }
        }
        assert!(links.len() > 5, "{path}: {}", links.len());
        assert!(!html.contains("<code>#/") && !html.contains("<code>./"), "{path}: a reference as it is");
    }
}

#[tokio::test]
async fn files_are_served_with_their_types() {
    let pages = all_pages().await;
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, page) in &pages {
        assert_eq!(page.status, StatusCode::OK, "{path}");
        types.insert(path.strip_prefix(PATH).unwrap(), page.content_type.to_str().unwrap());
    }
    let (html, script) = ("text/html; charset=utf-8", "text/javascript; charset=utf-8");
    let (raw, token) = ("text/plain; charset=utf-8", "application/json");
    let expected = [
        ("", html),
        ("/websocket", html),
        ("/openapi.yaml", raw),
        ("/asyncapi.yaml", raw),
        ("/swagger-ui.css", "text/css; charset=utf-8"),
        ("/swagger-ui-bundle.js", script),
        ("/http.js", script),
        ("/token/alice", token),
        ("/token/bob", token),
        ("/token/carol", token),
    ];
    assert_eq!(types, expected.into());
    for file in ["openapi.yaml", "asyncapi.yaml"] {
        let expected = std::fs::read(workspace().join("docs").join(file)).unwrap();
        assert!(pages[&format!("{PATH}/{file}")].body == expected, "{file} is unchanged");
    }
    let bundle = text(&pages[&swagger::BUNDLE.path()]);
    assert!(bundle.contains("SwaggerUIBundle") && bundle.len() > 1_000_000, "{}", bundle.len());
    assert!(text(&pages[&swagger::STYLE.path()]).contains(".swagger-ui .opblock"));
}

#[tokio::test]
async fn missing_descriptions_are_an_error() {
    let auth = AuthService::start(0, None).await.unwrap();
    let missing = pages(std::path::Path::new("/no/such"), &auth);
    for path in ["/websocket", "/openapi.yaml", "/asyncapi.yaml"] {
        assert_eq!(missing[&format!("{PATH}{path}")]().status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
}

#[tokio::test]
async fn pages_ask_no_other_host() {
    let pages = all_pages().await;
    // Only the HTTP half has scripts. Its policy refuses what other code in Swagger UI might ask.
    for (path, page) in &pages {
        let expected = if *path == Api::WebSocket.page_path() { PagePolicy::Static } else { PagePolicy::OwnOrigin };
        assert_eq!(page.policy, expected, "{path}");
    }
    for path in [PATH.to_owned(), Api::WebSocket.page_path()] {
        let html = text(&pages[&path]);
        let loaded = [attribute(html, "src"), attribute(html, "href"), attribute(html, "data-tokens")].concat();
        for link in loaded {
            assert!(link.starts_with(PATH) || link.starts_with('#') || link == "data:,", "{path}: {link}");
        }
    }
    let script = text(&pages[&swagger::STARTER.path()]);
    assert!(script.contains("validatorUrl: null,"), "otherwise the description is sent to validator.swagger.io");
    assert!(!script.contains("://"), "{script}");
}

#[tokio::test]
async fn page_gets_a_token_of_each_user() {
    let pages = all_pages().await;
    let options = attribute(text(&pages[PATH]), "value");
    assert_eq!(options, [&USERS[..], &[""]].concat());
    for user in USERS {
        let answer: Value = serde_json::from_slice(&pages[&super::token_path(user)].body).unwrap();
        let claims = answer["token"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&answer["userId"], &claims["sub"]), (&json!(user), &json!(user)));
    }
}

#[test]
fn users_of_the_examples_exist() {
    let documents = documents();
    let example = &documents.root(Api::Http).value["paths"]["/chats"]["post"]["requestBody"]["content"];
    let mut users = 0;
    for example in example["application/json"]["examples"].as_object().unwrap().values() {
        for user in example["value"]["participants"].as_array().unwrap() {
            let user = user.as_str().unwrap();
            assert!(USERS.contains(&user) || EXAMPLE_USERS.contains(&user), "{user}");
            users += 1;
        }
    }
    assert!(users > 2, "{users}");
}

/// A description of one event, whose frame has this schema.
fn with_frame(schemas: &Value, frame: &Value) -> Documents {
    let operation = json!({"action": "receive", "summary": "", "messages": [{"payload": frame}]});
    let websocket = json!({"operations": {"e": operation}, "components": {"schemas": schemas}});
    Documents::new(json!({"paths": {}}), websocket)
}

#[test]
fn texts_of_the_file_are_escaped() {
    let evil = "<script>alert(1)</script> \" onload=\"x `<b>` & | <i>";
    let schema = json!({
        "description": evil, "type": "object", "required": [evil], "pattern": evil, "x-other": evil,
        "properties": {evil: {"description": evil, "const": evil}, "enum": {"enum": [evil]}},
        "oneOf": [{"$ref": evil}, {"$ref": format!("#/components/schemas/{evil}")}, {"type": evil, "format": evil}],
        "patternProperties": {evil: {"description": format!("- {evil}\n{evil}\n\n| {evil} |\n| - |\n| {evil} |")}},
    });
    let message = json!({"name": evil, "title": evil, "description": evil,
        "payload": {"properties": {"a": {"$ref": "#/components/schemas/A"}, "b": schema}},
        "examples": [{"name": evil, "summary": evil, "payload": evil}]});
    let websocket = json!({
        "info": {"title": evil, "version": evil, "description": evil},
        "servers": {evil: {"host": evil, "protocol": evil, "pathname": evil}},
        "channels": {evil: {"title": evil, "address": evil, "description": evil, "bindings": {"ws": {"headers": schema}}}},
        "operations": {evil: {"action": "send", "x-action": evil, "summary": evil, "x-problems": [evil],
            "messages": [message], "reply": {"messages": [message]}}},
        "components": {"schemas": {"A": schema}, "securitySchemes": {evil: {"description": evil}}},
    });
    let html = layout::websocket_page(&Documents::new(json!({}), websocket)).into_string();
    let count = html.matches("&lt;script&gt;").count();
    assert!(!html.contains("<script") && count > 50, "{count}");
    assert!(!html.contains("<b>") && !html.contains("<i>") && !html.contains("\" onload=\""));
    assert!(attribute(&html, "id").iter().all(|id| !id.contains(['<', '>', '"', ' '])));
}

#[test]
fn alternatives_limits_and_other_keywords_are_shown() {
    let schemas = json!({
        "A": {"type": "string", "minLength": 1},
        "O": {"type": "object", "required": ["in"], "properties": {"in": {"type": "string"}}},
        "P": {"allOf": [{"$ref": "#/components/schemas/O"}, {"properties": {"in": {"minLength": 3}}}]},
    });
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let frame = json!({"type": "object", "required": ["c", "d"], "properties": {
        "a": {"type": "string", "not": {"enum": ["taboo"]}},
        "b": {"oneOf": [reference("A"), {"type": "integer", "minimum": 2, "maximum": 7}]},
        "c": {"allOf": [reference("A"), {"pattern": "^x"}]},
        "d": {"type": ["string", "null"]},
        "e": {"type": "array", "items": {"oneOf": [reference("O"), reference("P")]}},
        "f": {"type": "object", "additionalProperties": {"type": "integer"}, "patternProperties": {"^k": reference("A")}},
    }, "if": {"required": ["a"]}});
    let html = layout::websocket_page(&with_frame(&schemas, &frame)).into_string();
    let html = article(&html, "event-e");
    let field = |name: &str| {
        let rest = html.split(&format!("<strong><code>{name}</code></strong>")).nth(1).unwrap();
        rest.split("<strong><code>").next().unwrap().to_owned()
    };
    assert!(field("a").contains("taboo"), "{}", field("a"));
    let either = "string or integer";
    assert!(field("b").contains(either) && field("b").contains("string: at least 1 character"), "{}", field("b"));
    assert!(field("b").contains("integer: 2 to 7"), "{}", field("b"));
    assert!(field("c").contains(">string<") && field("c").contains("at least 1 character"), "{}", field("c"));
    assert!(field("c").contains(">required<") && field("c").contains("<code>^x</code>"), "{}", field("c"));
    assert!(field("d").contains("string or null"), "{}", field("d"));
    assert!(field("e").contains("array of O or P"), "{}", field("e"));
    assert!(html.contains("Fields of O<") && html.contains("Fields of P<") && html.contains("In addition:"), "{html}");
    assert!(html.contains("at least 3 characters") && html.contains("every other field"), "{html}");
    assert!(html.contains("each <code>^k</code>") && html.contains("&quot;if&quot;"), "{html}");
    assert!(html.find(">c</code>").unwrap() < html.find(">a</code>").unwrap(), "required fields come first");
}

#[test]
fn cyclic_references_end() {
    let schemas = json!({
        "A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"},
        "C": {"allOf": [{"$ref": "#/components/schemas/C"}]},
        "D": {"properties": {"d": {"$ref": "#/components/schemas/D"}, "a": {"$ref": "#/components/schemas/A"}}},
        "E": {"oneOf": [{"$ref": "#/components/schemas/E"}, {"$ref": "#/components/schemas/D"}]},
        "F": {"items": {"$ref": "#/components/schemas/F"}},
        "G": {"allOf": [{"$ref": "#/components/schemas/G"}, {"properties": {"g": {"$ref": "#/components/schemas/G"}}}]},
    });
    for name in schemas.as_object().unwrap().keys() {
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        let frame = json!({"properties": {"data": reference}});
        let html = layout::websocket_page(&with_frame(&schemas, &frame)).into_string();
        assert!(article(&html, "event-e").contains("<code>data</code>"), "{name}");
        let html = layout::websocket_page(&with_frame(&schemas, &reference)).into_string();
        assert!(html.len() < 100_000, "{name}: {}", html.len());
    }
}

#[test]
fn invalid_file_is_named_with_its_fault() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    let shown = || {
        let page = websocket_page(directory.path());
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
    assert!(html.contains("`operations` is missing") && !html.contains("docs/openapi.yaml</a>"), "{html}");
    // A corrected file is shown at once.
    write("asyncapi.yaml", "operations: {}\n");
    assert_eq!(shown().0, StatusCode::OK);
}
