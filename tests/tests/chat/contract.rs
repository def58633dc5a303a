//! The server refuses what the descriptions of both APIs refuse: each example request with a field missing, with a
//! wrong type, or with an unknown field.

use client::wire::Socket;
use end_to_end::contract::{Description, Sample};
use reqwest::Method;
use serde_json::{Value, json};

/// Copies of the document with one error each: a field removed, a field with another type, or an unknown field.
fn mutants(document: &Value) -> Vec<(String, Value)> {
    let fields = document.as_object().unwrap();
    let mut all = Vec::new();
    let mut more = fields.clone();
    more.insert("nonsense".to_owned(), json!(1));
    all.push(("one too many".to_owned(), Value::Object(more)));
    for (name, value) in fields {
        let mut without = fields.clone();
        without.remove(name);
        all.push((format!("without {name}"), Value::Object(without)));
        let others = [json!("text"), json!(-1.5), json!(true), json!([[]]), json!({"nonsense": {}})];
        let is_other = |other: &&Value| std::mem::discriminant(*other) != std::mem::discriminant(value);
        for other in others.iter().filter(is_other) {
            let mut with = fields.clone();
            with.insert(name.clone(), other.clone());
            all.push((format!("{name}: {other}"), Value::Object(with)));
        }
    }
    all
}

#[test]
fn client_library_types_keep_every_example() {
    let checked = end_to_end::contract::check_examples_round_trip();
    println!("checked {checked} examples");
    assert!(checked > 90, "{checked}");
}

#[tokio::test]
async fn http_api_refuses_what_its_description_refuses() {
    let alice = crate::system().user("alice").await;
    let description = Description::of_http();
    let mut refused = 0;
    for Sample { name, schema, document } in description.requests() {
        assert!(description.accepts(&schema, &document), "{name}: {document}");
        let (method, path) = name.split_once(' ').unwrap();
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        // The server reads the body first, so the ids in the path do not matter.
        let path = path.replace("{chatId}", "no-such-chat").replace("{seq}", "1").replace("{userId}", "nobody");
        for (how, mutant) in mutants(&document) {
            if description.accepts(&schema, &mutant) {
                continue;
            }
            let (status, answer) = alice.http.call(method.clone(), &path, Some(&mutant)).await.unwrap();
            assert_eq!(
                (status, &answer["code"]),
                (400, &json!("invalid_request")),
                "{name}, {how}: {mutant}: {answer}"
            );
            refused += 1;
        }
    }
    println!("the server refused {refused} invalid bodies");
    assert!(refused > 100, "{refused}");
}

#[tokio::test]
async fn websocket_api_refuses_what_its_description_refuses() {
    let alice = crate::system().user("alice").await;
    let mut socket = alice.socket().await;
    let description = Description::of_websocket();
    let mut refused = 0;
    for Sample { name, schema, document } in description.requests() {
        assert!(description.accepts(&schema, &document), "{name}: {document}");
        for (how, mutant) in mutants(&document) {
            if description.accepts(&schema, &mutant) {
                continue;
            }
            let reply = answer(&mut socket, &mutant).await;
            let error = &reply["error"];
            assert_eq!(
                (&reply["ok"], &error["status"]),
                (&json!(false), &json!(400)),
                "{name}, {how}: {mutant}: {reply}"
            );
            refused += 1;
        }
    }
    println!("the server refused {refused} invalid frames");
    assert!(refused > 200, "{refused}");
}

/// Sends a frame and returns the next reply.
async fn answer(socket: &mut Socket, frame: &Value) -> Value {
    socket.send_text(frame.to_string()).await.unwrap();
    loop {
        let came = socket.next().await.unwrap();
        if came.get("event").is_none() {
            return came;
        }
    }
}
