//! Events parse into commands: the sample events of this repository, and those published with the crate
//! aws_lambda_events.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // that is how a test fails

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest;
use domain::attachment::{AttachmentLimits, Media};
use domain::chat_user::UserChange;
use domain::content::Content;
use domain::custom::Custom;
use domain::event::TypingState;
use domain::ids::{ChatId, ClientChatId, Rev, Seq, UserId};
use domain::member_settings::SettingsChange;
use domain::names::Nickname;
use domain::patch::Patch;
use domain::timestamp::Timestamp;
use domain::use_cases::{Cursor, DeleteFor, NamedUsers, PageLimit, PageStart};
use edge::authorizer::AuthorizeRequest;
use edge::commands::{self, OwnViewCommand, ProfileCommand};
use edge::problem::{Code, Problem};
use edge::request::{Api, Origin, Request, parse_request};
use edge::socket;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A moment before the sample tokens expire.
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn read(folder: &str, name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(folder).join(format!("{name}.json"))).unwrap()
}

fn sample(name: &str) -> String {
    read("../../events", name)
}

fn published(name: &str) -> String {
    read("tests/fixtures", name)
}

fn parse(event: &str) -> (Origin, Result<Request, Problem>) {
    parse_request(&lambda_http::request::from_str(event).unwrap(), NOW)
}

fn request(event: &str) -> Request {
    parse(event).1.unwrap()
}

/// The event of a frame with this action and these fields.
fn frame(action: &str, fields: Value) -> String {
    let mut event: Value = serde_json::from_str(&sample("default-route")).unwrap();
    let mut body = fields;
    body["action"] = json!(action);
    body["id"] = json!("f-1");
    event["requestContext"]["routeKey"] = json!(action);
    event["body"] = json!(body.to_string());
    event.to_string()
}

fn private_chat() -> ChatId {
    ChatId::private(&UserId::parse("alice").unwrap(), &UserId::parse("bob").unwrap())
}

/// The fields in path, query string and body of an HTTP sample, as the fields of a frame.
fn fields(name: &str) -> Value {
    let event: Value = serde_json::from_str(&sample(name)).unwrap();
    let mut fields: Value = serde_json::from_str(event["body"].as_str().unwrap_or("{}")).unwrap();
    for text in ["pathParameters", "queryStringParameters"] {
        for (name, value) in event[text].as_object().into_iter().flatten() {
            let number = value.as_str().and_then(|text| text.parse::<u64>().ok());
            fields[name] = number.map_or_else(|| value.clone(), |number| json!(number));
        }
    }
    fields
}

/// The same request over HTTP and over WebSocket.
fn both(name: &str, action: &str) -> [Request; 2] {
    [request(&sample(name)), request(&frame(action, fields(name)))]
}

#[test]
fn route_and_action_parse_into_the_same_command() {
    let chat = private_chat();
    let [http, over_socket] = both("create-chat", "createChat").map(|each| commands::create_chat(each).unwrap());
    assert_eq!((http.chat, http.caller.user), (over_socket.chat, over_socket.caller.user));
    assert_eq!(over_socket.caller.connection.unwrap().as_str(), "XfGLwddVliACJfA=");
    assert_eq!(http.caller.connection, None);

    for send in both("send-message", "sendMessage").map(|each| commands::send_message(each).unwrap()) {
        assert_eq!((send.chat, send.content.as_str(), send.caller.user.as_str()), (chat.clone(), "Hello Bob", "alice"));
        assert_eq!(send.client_message_id.unwrap().as_str(), "m-1");
        assert!(send.reply_to.is_none() && send.mentions.is_empty());
    }
    let list = commands::list_messages(request(&sample("list-messages"))).unwrap();
    assert_eq!((list.chat, list.start), (chat.clone(), PageStart::Latest));
    assert_eq!(list.limit, PageLimit::new(50).unwrap());
    let list =
        commands::list_messages(request(&frame("listMessages", json!({"chatId": chat.as_str(), "after": 7})))).unwrap();
    assert_eq!((list.start, list.limit), (PageStart::After(Seq(7)), PageLimit::default()));
    for mark in both("mark-seen", "markSeen").map(|each| commands::mark_seen(each).unwrap()) {
        assert_eq!((mark.chat, mark.seq), (chat.clone(), Seq(1)));
    }
    for edit in both("edit-message", "editMessage").map(|each| commands::edit_message(each).unwrap()) {
        assert_eq!((edit.chat, edit.seq, edit.content.unwrap().as_str()), (chat.clone(), Seq(1), "Hello again"));
        assert_eq!((edit.mentions, edit.custom), (None, None));
    }
    for delete in both("delete-message", "deleteMessage").map(|each| commands::delete_message(each).unwrap()) {
        assert_eq!((delete.chat, delete.seq, delete.for_whom), (chat.clone(), Seq(1), DeleteFor::Me));
    }
    for react in both("react-to-message", "reactToMessage").map(|each| commands::react_to_message(each).unwrap()) {
        assert_eq!((react.chat, react.seq, react.emojis.len()), (chat.clone(), Seq(1), 1));
    }
    for sync in both("sync", "sync").map(|each| commands::sync(each).unwrap()) {
        assert_eq!(sync.cursors, BTreeMap::from([(chat.clone(), Cursor { seq: Seq(0), rev: Rev(0) })]));
        assert_eq!(sync.open, BTreeSet::from([chat.clone()]));
    }
    let typing = commands::typing(request(&sample("typing"))).unwrap();
    assert_eq!((typing.chat, typing.state), (chat.clone(), TypingState::Start));
    assert_eq!(commands::get_chat(request(&sample("get-chat"))).unwrap().1, chat);
    assert!(commands::ping(request(&sample("default-route"))).is_ok());
    assert!(lambda_http::request::from_str(&sample("health")).is_ok());
}

#[test]
fn routes_without_an_action_parse() {
    let client = ClientChatId::parse("sample").unwrap();
    let group = ChatId::of_request(&user("alice"), &client);
    let add = commands::add_participants(request(&sample("add-participants"))).unwrap();
    assert_eq!((add.chat, add.users), (group.clone(), BTreeSet::from([user("carol")])));
    let remove = commands::remove_participant(request(&sample("remove-participant"))).unwrap();
    assert_eq!((remove.chat, remove.user), (group.clone(), user("carol")));
    let set = commands::set_admin(request(&sample("set-admin"))).unwrap();
    assert_eq!((set.chat, set.user, set.is_admin), (group.clone(), user("bob"), true));
    let unset = commands::set_admin(request(&with_method("set-admin", "DELETE"))).unwrap();
    assert!(!unset.is_admin);
    let rename = commands::update_chat(request(&sample("update-chat"))).unwrap();
    assert_eq!((rename.chat, rename.name.unwrap().as_str()), (group.clone(), "Sample renamed"));
    assert_eq!((rename.topic, rename.custom), (None, None));
    assert_eq!(commands::clear_chat(request(&sample("clear-chat"))).unwrap().1, group);
    let end = Some(Timestamp::from_seconds(4_070_908_800));
    let OwnViewCommand::Update(view) = own_view(&sample("update-member")).unwrap() else { panic!("not PATCH") };
    let change = SettingsChange { pinned: Some(true), ..SettingsChange::mute(end) };
    assert_eq!((view.chat, view.change), (group.clone(), change));
    for (method, body, change) in [
        ("PUT", Some(r#"{"until":"2099-01-01T00:00:00Z"}"#), SettingsChange::mute(end)),
        ("PUT", None, SettingsChange::mute(None)),
        ("DELETE", None, SettingsChange::unmute()),
    ] {
        let OwnViewCommand::Mute(mute) = own_view(&mute_event(method, body)).unwrap() else { panic!("{method}") };
        assert_eq!((mute.chat, mute.change), (group.clone(), change), "{method}");
    }
    let create = commands::create_attachment(request(&sample("create-attachment")), &AttachmentLimits::default());
    let create = create.unwrap();
    assert_eq!((create.chat, create.file_name.as_str(), create.size_bytes), (private_chat(), "harbour.png", 183_204));
    assert!(matches!(create.media, Media::Image { width: 1280, height: 720, .. }));
    assert_eq!(
        commands::get_attachment(request(&sample("get-attachment"))).unwrap(),
        (user("alice"), private_chat(), Seq(1))
    );
    let inbox = commands::list_chats(request(&sample("list-chats"))).unwrap();
    assert_eq!((inbox.limit, inbox.after), (PageLimit::new(20).unwrap(), None));
    let members = commands::list_members(request(&sample("list-members"))).unwrap();
    assert_eq!((members.chat, members.after), (private_chat(), None));
    let users = commands::list_users(request(&sample("list-users"))).unwrap();
    assert_eq!(users.chat, private_chat());
    assert_eq!(users.users, NamedUsers::new(vec![user("bob"), user("alice")]).unwrap());
    assert_eq!(parse(&sample("list-users")).0.chat, Some(private_chat()), "the log names the chat");
    assert!(matches!(commands::profile(request(&sample("profile"))).unwrap(), ProfileCommand::Me(_)));
    let mut event: Value = serde_json::from_str(&with_method("profile", "PATCH")).unwrap();
    event["body"] = json!(r#"{"nickname":" Ali "}"#);
    let patched = commands::profile(request(&event.to_string())).unwrap();
    let ProfileCommand::Update(update) = patched else { panic!("not an update") };
    assert_eq!(update.change.nickname, Some(Patch::Set(Nickname::parse("Ali").unwrap())));
    event["body"] = json!(r#"{"nickname":null}"#);
    let patched = commands::profile(request(&event.to_string())).unwrap();
    let ProfileCommand::Update(update) = patched else { panic!("not an update") };
    assert_eq!(update.change, UserChange { nickname: Some(Patch::Remove), ..UserChange::default() });
    event["body"] = json!(r#"{"custom":{"a":1}}"#);
    let patched = commands::profile(request(&event.to_string())).unwrap();
    let ProfileCommand::Update(update) = patched else { panic!("not an update") };
    let custom = Some(Patch::Set(Custom::from_json(r#"{"a":1}"#).unwrap()));
    assert_eq!(update.change, UserChange { custom, ..UserChange::default() });
    let text = "x".repeat(Custom::MAX_USER_BYTES - r#"{"a":""}"#.len());
    event["body"] = json!(json!({"custom": {"a": text}}).to_string());
    assert!(commands::profile(request(&event.to_string())).is_ok());
    event["body"] = json!(json!({"custom": {"a": format!("{text}x")}}).to_string());
    let problem = commands::profile(request(&event.to_string())).unwrap_err();
    assert_eq!((problem.code, problem.limit), (Code::ContentTooLarge, Some(512)));
    event["body"] = json!(r#"{"notifyOnMention":null}"#);
    assert_refused(commands::profile(request(&event.to_string())), "nickname", "required");
    let mut event: Value = serde_json::from_str(&sample("profile")).unwrap();
    event["pathParameters"] = json!({"userId": "auth0|bob"});
    assert_refused(commands::profile(request(&event.to_string())), "userId", "is not a field");
    event["requestContext"]["routeKey"] = json!("GET /users/{userId}");
    let other = commands::profile(request(&event.to_string())).unwrap();
    assert!(matches!(other, ProfileCommand::User(_, who) if who.as_str() == "auth0|bob"));
    for (event, is_block) in [(sample("block-user"), true), (with_method("block-user", "DELETE"), false)] {
        let block = commands::block_user(request(&event)).unwrap();
        assert_eq!((block.caller.user, block.user, block.block), (user("alice"), user("dave"), is_block));
    }
    assert_eq!(commands::list_blocks(request(&sample("list-blocks"))).unwrap().user, user("alice"));
}

#[test]
fn custom_data_is_kept_replaced_or_removed() {
    let send = |custom: Value| {
        let fields = json!({"chatId": private_chat().as_str(), "type": "text", "content": "x", "custom": custom});
        commands::send_message(request(&frame("sendMessage", fields))).map(|send| send.custom)
    };
    let stored = Custom::from_json(r#"{"a":1}"#).unwrap();
    assert_eq!(send(json!({"a": 1.0})).unwrap(), Some(stored.clone()));
    assert_eq!(send(json!(null)).unwrap(), None);
    assert_eq!(send(json!({})).unwrap(), None);
    let edit = |fields: Value| {
        let mut all = json!({"chatId": private_chat().as_str(), "seq": 1});
        all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        commands::edit_message(request(&frame("editMessage", all)))
    };
    for (fields, custom) in [
        (json!({"custom": {"a": 1}}), Some(Patch::Set(stored))),
        (json!({"custom": null}), Some(Patch::Remove)),
        (json!({"custom": {}}), Some(Patch::Remove)),
        (json!({"mentions": []}), None),
    ] {
        let edit = edit(fields).unwrap();
        assert_eq!((edit.content, edit.custom), (None, custom));
    }
    assert_refused(edit(json!({})), "content", "is required if mentions and custom are absent");
    assert_refused(edit(json!({"custom": 7})), "custom", "must be a JSON object");
    assert_refused(send(json!([])), "custom", "must be a JSON object");
    assert_refused(send(json!({"a": [[[[[[[[1]]]]]]]]})), "custom", "at most 8 objects and lists");
    assert_refused(send(json!({"a": 9_007_199_254_740_992_u64})), "custom", "numbers from -9007199254740991");
    let text = "x".repeat(Custom::MAX_BYTES - r#"{"a":""}"#.len());
    assert!(send(json!({"a": text})).is_ok());
    let problem = send(json!({"a": format!("{text}x")})).unwrap_err();
    assert_eq!((problem.code, problem.limit), (Code::ContentTooLarge, Some(2048)));
    assert_eq!(problem.errors[0].field, "custom");
    // Together with the text.
    let full = "x".repeat(Content::MAX_JSON_BYTES - 2);
    let fields = json!({"chatId": private_chat().as_str(), "type": "text", "content": full, "custom": {"a": 1}});
    let problem = commands::send_message(request(&frame("sendMessage", fields))).unwrap_err();
    assert_eq!((problem.code, problem.errors[0].field.as_str()), (Code::ContentTooLarge, "custom"));
}

/// A sample with another HTTP method.
fn with_method(name: &str, method: &str) -> String {
    let mut event: Value = serde_json::from_str(&sample(name)).unwrap();
    let route = event["requestContext"]["routeKey"].as_str().unwrap();
    let (_, path) = route.split_once(' ').unwrap();
    event["requestContext"]["routeKey"] = json!(format!("{method} {path}"));
    event.to_string()
}

/// The event of a route of mutes.
fn mute_event(method: &str, body: Option<&str>) -> String {
    let mut event: Value = serde_json::from_str(&sample("update-member")).unwrap();
    event["requestContext"]["routeKey"] = json!(format!("{method} /chats/{{chatId}}/mute"));
    event["body"] = json!(body);
    event.to_string()
}

fn own_view(event: &str) -> Result<OwnViewCommand, Problem> {
    commands::own_view(request(event), NOW)
}

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(parsed: Result<T, Problem>, field: &str, reason: &str) {
    let problem = parsed.unwrap_err();
    let named = |error: &edge::problem::FieldError| error.field == field && error.reason.contains(reason);
    assert!(problem.errors.iter().any(named), "{field}: {reason}: {problem:?}");
}

#[test]
fn error_names_the_wrong_field() {
    let chat = private_chat();
    let at = |fields: Value| {
        let mut fields = fields;
        fields["chatId"] = json!(chat.as_str());
        request(&frame("x", fields))
    };
    let text = |more: Value| {
        let mut fields = json!({"type": "text", "content": "Hello"});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        commands::send_message(at(fields))
    };
    let many = |count: usize| (0..count).map(|n| format!("u{n}")).collect::<Vec<_>>();
    assert_refused(text(json!({"replyTo": -1})), "replyTo", "whole number");
    assert_refused(text(json!({"mentions": ["ok", "not ok"]})), "mentions[1]", "1 to 128");
    assert_refused(text(json!({"mentions": many(21)})), "mentions", "at most 20");
    assert_eq!(text(json!({"mentions": many(20), "replyTo": 3})).unwrap().reply_to, Some(Seq(3)));
    let large = text(json!({"content": "x".repeat(24 * 1024 - 1)})).unwrap_err();
    assert_eq!((large.code, large.limit), (Code::ContentTooLarge, Some(24 * 1024)));
    assert!(text(json!({"content": "x".repeat(24 * 1024 - 2)})).is_ok());
    let image = |more: Value| {
        let mut fields = json!({"type": "image", "attachmentId": "a-1"});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        commands::send_message(at(fields))
    };
    assert!(image(json!({})).unwrap().content.is_empty());
    assert_eq!(image(json!({"content": "The sea"})).unwrap().content.as_str(), "The sea");
    assert_refused(image(json!({"attachmentId": null})), "attachmentId", "required");
    assert_refused(image(json!({"attachmentId": "NO"})), "attachmentId", "a-z");
    assert_refused(image(json!({"type": "video"})), "type", "text, image, file or audio");
    assert_refused(commands::edit_message(at(json!({"content": "x"}))), "seq", "required");
    assert_refused(commands::edit_message(at(json!({"seq": "1", "content": "x"}))), "seq", "whole number");
    assert_refused(commands::delete_message(at(json!({"seq": 1, "for": "all"}))), "for", "me or everyone");
    assert_refused(commands::delete_message(at(json!({"seq": 1}))), "for", "required");
    assert_refused(commands::typing(at(json!({"state": "typing"}))), "state", "start or stop");
    assert_refused(
        commands::react_to_message(at(json!({"seq": 1, "emojis": ["\u{1F44D}", "x"]}))),
        "emojis[1]",
        "one emoji",
    );
    assert_refused(commands::react_to_message(at(json!({"seq": 1}))), "emojis", "required");
    assert_refused(commands::update_chat(at(json!({"name": " "}))), "name", "blank");
    assert_refused(commands::update_chat(at(json!({}))), "name", "is required if topic, custom and avatar are absent");
    assert_refused(commands::update_chat(at(json!({"topic": "x".repeat(501)}))), "topic", "1 to 500 characters");
    assert_refused(commands::update_chat(at(json!({"custom": []}))), "custom", "must be a JSON object");
    let cleared = commands::update_chat(at(json!({"topic": null, "custom": {}}))).unwrap();
    assert_eq!((cleared.name, cleared.topic, cleared.custom), (None, Some(Patch::Remove), Some(Patch::Remove)));
    assert_refused(commands::add_participants(at(json!({"participants": []}))), "participants", "at least one");
    let too_many = commands::add_participants(at(json!({"participants": many(91)}))).unwrap_err();
    assert_eq!((too_many.code, too_many.limit), (Code::TooManyParticipants, Some(90)));
    assert!(commands::add_participants(at(json!({"participants": many(90)}))).is_ok());
    assert_refused(own_view(&mute_event("PUT", Some(r#"{"until":"tomorrow"}"#))), "until", "RFC 3339");
    let view = |fields: Value| commands::own_view(at(fields), NOW);
    let past = "2001-01-01T00:00:00Z";
    assert_refused(view(json!({})), "notify", "required");
    assert_refused(view(json!({"notify": "some"})), "notify", "all, mentions or none");
    assert_refused(view(json!({"notify": "none", "muteUntil": "tomorrow"})), "muteUntil", "RFC 3339");
    assert_refused(view(json!({"notify": "none", "muteUntil": past})), "muteUntil", "in the future");
    let later = "2099-01-01T00:00:00Z";
    for notify in [json!("all"), json!("mentions"), Value::Null] {
        let with_end = json!({"notify": notify, "muteUntil": later, "pinned": true});
        assert_refused(view(with_end), "muteUntil", "together with notify: none");
    }
    for flag in ["pinned", "archived", "markedUnread"] {
        assert_refused(view(json!({flag: "yes"})), flag, "boolean");
        assert!(view(json!({flag: false})).is_ok());
    }
    let plain = |fields: Value| request(&frame("x", fields));
    assert_refused(commands::list_chats(plain(json!({"cursor": "??"}))), "cursor", "earlier page");
    assert_refused(commands::list_chats(plain(json!({"limit": 101}))), "limit", "1 to 100");
    assert_refused(commands::list_chats(plain(json!({"archived": "yes"}))), "archived", "true, false or any");
    assert_refused(commands::list_chats(plain(json!({"pinned": "any"}))), "pinned", "true or false");
    assert_refused(commands::sync(plain(json!({}))), "cursors", "required");
    assert_refused(commands::sync(plain(json!({"cursors": {"A!": {"seq": 0, "rev": 0}}}))), "cursors.A!", "a-z");
    assert_refused(commands::sync(plain(json!({"cursors": {"c": {"seq": 0}}}))), "cursors.c", "rev");
    assert_refused(
        commands::sync(plain(json!({"cursors": {"c": {"seq": 0, "rev": 0, "x": 1}}}))),
        "cursors.c.x",
        "unknown",
    );
    assert_refused(commands::sync(plain(json!({"cursors": {}, "open": ["c"]}))), "open", "not among the cursors");
    let cursors: serde_json::Map<_, _> = many(101).into_iter().map(|id| (id, json!({"seq": 0, "rev": 0}))).collect();
    assert_refused(commands::sync(plain(json!({"cursors": cursors}))), "cursors", "at most 100");
    let open = many(6);
    let cursors: serde_json::Map<_, _> = open.iter().map(|id| (id.clone(), json!({"seq": 0, "rev": 0}))).collect();
    assert_refused(commands::sync(plain(json!({"cursors": cursors, "open": open}))), "open", "at most 5");
    assert_refused(commands::profile(request(&with_method("profile", "PATCH"))), "nickname", "required");
    assert_refused(commands::list_members(at(json!({"cursor": "??"}))), "cursor", "earlier page");
    let users = |query: &str| {
        let mut event: Value = serde_json::from_str(&sample("list-users")).unwrap();
        event["rawQueryString"] = json!(query);
        commands::list_users(request(&event.to_string()))
    };
    let of = |ids: &[String]| users(&format!("chat=c&ids={}", ids.join(",")));
    assert!(of(&many(50)).is_ok() && users("chat=c&ids=auth0%7Cbob%2Calice").is_ok());
    assert_refused(of(&many(51)), "ids", "1 to 50");
    for (query, field, reason) in [
        ("chat=c&ids=bob,alice,bob", "ids", "bob twice"),
        ("chat=c&ids=alice&ids=bob", "ids", "given twice"),
        ("chat=c&ids=bob,", "ids[1]", "1 to 128"),
        ("chat=c&ids=bob,not%20ok", "ids[1]", "1 to 128"),
        ("chat=c&ids=bob,gone:1", "ids[1]", "reserved"),
        ("chat=c&ids=", "ids", "1 to 50"),
        ("chat=c", "ids", "required"),
        ("ids=bob", "chat", "required"),
        ("chat=C&ids=bob", "chat", "a-z"),
        ("chat=c&ids=bob&limit=5", "limit", "not a field"),
    ] {
        assert_refused(users(query), field, reason);
    }
}

#[test]
fn connect_and_disconnect_events_parse() {
    let event: ApiGatewayWebsocketProxyRequest = serde_json::from_str(&sample("connect")).unwrap();
    let opening = socket::parse(&event).unwrap();
    assert_eq!((opening.user.as_str(), opening.connection.exp.seconds()), ("alice", 4_102_444_800));
    assert!(opening.connection.is_live(NOW) && opening.speaks_subprotocol);
    assert_eq!(socket::accept(&opening)["headers"], json!({"Sec-WebSocket-Protocol": "chat.v1"}));
    let event: ApiGatewayWebsocketProxyRequest = serde_json::from_str(&sample("disconnect")).unwrap();
    let closed = socket::parse(&event).unwrap();
    assert_eq!(closed.connection.id, opening.connection.id);
    assert!(!closed.speaks_subprotocol);
}

#[test]
fn authorizer_event_contains_a_token() {
    let request = AuthorizeRequest::parse(serde_json::from_str(&sample("authorize")).unwrap()).unwrap();
    assert!(request.token.is_some_and(|token| token.split('.').count() == 3));
}

#[test]
fn published_aws_events_parse_without_an_identity() {
    // Their authorizers send no userId, so they contain no identity.
    for (name, connection) in [
        ("example-apigw-websocket-request", true),
        ("example-apigw-websocket-request-without-method", true),
        ("example-apigw-v2-request-lambda-authorizer", false),
    ] {
        let (origin, request) = parse(&published(name));
        assert_eq!(matches!(origin.api, Api::WebSocket { connection: Some(_), .. }), connection, "{name}");
        assert!(!origin.route.is_empty() && !origin.request_id.is_empty(), "{name}");
        assert_eq!(request.unwrap_err().code, Code::Unauthenticated, "{name}");
    }
    let event = serde_json::from_str(&published("example-apigw-websocket-request-disconnect-route")).unwrap();
    assert_eq!(socket::parse(&event).unwrap_err().code, Code::Unauthenticated);
    for name in
        ["example-apigw-v2-custom-authorizer-v2-request", "example-apigw-v2-custom-authorizer-websocket-request"]
    {
        let event = serde_json::from_str(&published(name)).unwrap();
        assert!(AuthorizeRequest::parse(event).is_ok(), "{name}");
    }
}

#[test]
fn identity_comes_only_from_the_authorizer() {
    let mut event: Value = serde_json::from_str(&sample("get-chat")).unwrap();
    event["requestContext"].as_object_mut().unwrap().remove("authorizer");
    event["queryStringParameters"] = json!({"userId": "alice", "exp": "4102444800"});
    event["headers"]["x-user-id"] = json!("alice");
    assert_eq!(parse(&event.to_string()).1.unwrap_err().code, Code::Unauthenticated);
    // API Gateway sends a context as strings. A number is not accepted.
    let mut event: Value = serde_json::from_str(&sample("get-chat")).unwrap();
    for exp in [json!(4_102_444_800_i64), json!("soon"), json!(null)] {
        event["requestContext"]["authorizer"]["lambda"]["exp"] = exp;
        assert_eq!(parse(&event.to_string()).1.unwrap_err().code, Code::Unauthenticated);
    }
}

#[test]
fn expired_token_is_refused_after_the_authorizer_allowed_it() {
    for name in ["get-chat", "default-route"] {
        let event = lambda_http::request::from_str(&sample(name)).unwrap();
        let (_, request) = parse_request(&event, Timestamp::from_seconds(4_102_444_800));
        assert_eq!(request.unwrap_err().code, Code::TokenExpired, "{name}");
    }
}

#[test]
fn base64_body_is_decoded() {
    let mut event: Value = serde_json::from_str(&sample("send-message")).unwrap();
    event["body"] = json!("eyJ0eXBlIjoidGV4dCIsImNvbnRlbnQiOiJIZWxsbyBCb2IifQ==");
    event["isBase64Encoded"] = json!(true);
    assert_eq!(commands::send_message(request(&event.to_string())).unwrap().content.as_str(), "Hello Bob");
}

#[test]
fn oversized_body_is_not_parsed() {
    let mut event: Value = serde_json::from_str(&sample("send-message")).unwrap();
    event["body"] = json!(format!("{{\"content\":\"{}\"}}", "x".repeat(300_000)));
    let problem = parse(&event.to_string()).1.unwrap_err();
    assert_eq!(problem.errors[0].field, "body");
}

/// The fields that the problem names.
fn named<T: std::fmt::Debug>(parsed: Result<T, Problem>) -> (Code, Vec<String>) {
    let problem = parsed.unwrap_err();
    (problem.code, problem.errors.into_iter().map(|error| error.field).collect())
}

#[test]
fn wrong_fields_are_named_at_once() {
    let chat = private_chat();
    let at = |fields: Value| {
        let mut fields = fields;
        fields["chatId"] = json!(chat.as_str());
        request(&frame("x", fields))
    };
    let large = "x".repeat(25_000);
    let limits = AttachmentLimits::default();
    let image = json!({"type": "image", "fileName": "a/b", "contentType": "image/svg+xml", "sizeBytes": 1_000_000_000,
        "sha256": "0".repeat(64), "width": 1, "height": 1});
    let attachment = named(commands::create_attachment(at(image), &limits));
    assert_eq!(attachment.1, ["fileName", "contentType", "sizeBytes", "blurHash"].map(str::to_owned));
    // Which fields an attachment has depends on its type.
    for kind in [json!("imagex"), Value::Null] {
        let unknown = json!({"type": kind, "fileName": "a.png", "contentType": "image/png", "sizeBytes": 5,
            "sha256": "0".repeat(64), "width": 1, "height": 1, "blurHash": "00I}XR"});
        assert_eq!(named(commands::create_attachment(at(unknown), &limits)).1, ["type".to_owned()]);
    }
    for (fields, expected) in [
        (json!({"type": "text", "content": large, "replyTo": -1}), vec!["content", "replyTo"]),
        (
            json!({"type": "text", "content": "\u{200b}", "mentions": ["not ok"], "x": 1}),
            vec!["mentions[0]", "content", "x"],
        ),
        (json!({"type": "text", "content": "", "attachmentId": "a"}), vec!["attachmentId"]),
        (json!({"type": "image", "content": large, "attachmentId": "A"}), vec!["attachmentId", "content"]),
    ] {
        assert_eq!(
            named(commands::send_message(at(fields))),
            (Code::InvalidRequest, expected.into_iter().map(str::to_owned).collect())
        );
    }
    let edit = named(commands::edit_message(at(json!({"seq": "1", "content": large}))));
    assert_eq!(edit.1, ["seq", "content"].map(str::to_owned));
    let many: Vec<_> = (0..91).map(|n| format!("u{n}")).collect();
    let create = |participants: Value| {
        let fields = json!({"participants": participants, "isGroup": true, "name": "\u{200b}"});
        named(commands::create_chat(request(&frame("x", fields))))
    };
    for participants in [json!(many), json!(["bob"]), json!(["bob", "bob", "carol"])] {
        let (code, mut fields) = create(participants);
        fields.sort();
        assert_eq!((code, fields), (Code::InvalidRequest, vec!["name".to_owned(), "participants".to_owned()]));
    }
    let add = named(commands::add_participants(at(json!({"participants": many, "x": 1}))));
    assert_eq!(add, (Code::InvalidRequest, vec!["participants".to_owned(), "x".to_owned()]));
    let mute = named(own_view(&mute_event("PUT", Some(r#"{"until":"2001-01-01T00:00:00Z","x":1}"#))));
    assert_eq!(mute.1, ["until", "x"].map(str::to_owned));
    let view = at(json!({"notify": "all", "muteUntil": "2001-01-01T00:00:00Z", "pinned": 1, "x": 1}));
    let view = named(commands::own_view(view, NOW));
    assert_eq!(view.1, ["muteUntil", "pinned", "x"].map(str::to_owned));
}
