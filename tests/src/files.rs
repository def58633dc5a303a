//! Files for attachments: their bytes, their declarations, and the upload to the bucket.

use client::draft::NewAttachment;
use client::sha256;
use reqwest::{Client, Response};
use serde_json::{Value, json};

/// A picture of one pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\xdac\xfc\xcf\xc0P\x0f\0\x04\x85\x01\x80\x84\xa9\x8c!\0\0\0\0IEND\xaeB`\x82";
const BLUR_HASH: &str = "LEHV6nWB2yk8pyo0adR*.7kCMdnj";

/// For each type of attachment, an example: the type, its declaration and its bytes.
pub fn kinds() -> [(&'static str, Value, Vec<u8>); 3] {
    let recording = [b"ID3\x04".to_vec(), vec![7; 70_000]].concat();
    [
        (
            "image",
            json!({"fileName": "pixel.png", "contentType": "image/png", "width": 1, "height": 1, "blurHash": BLUR_HASH}),
            PNG.to_vec(),
        ),
        ("audio", json!({"fileName": "memo.mp3", "contentType": "audio/mpeg", "durationMs": 6200}), recording),
        (
            "file",
            json!({"fileName": "\u{fc}ber uns.html", "contentType": "text/plain"}),
            b"<script>1</script>".to_vec(),
        ),
    ]
}

/// The picture, for the client library.
pub fn new_picture() -> NewAttachment {
    NewAttachment::image("pixel.png", "image/png", [1, 1], BLUR_HASH)
}

/// The request body that declares these bytes.
pub fn announcement(chat: &str, kind: &str, about: &Value, bytes: &[u8]) -> Value {
    let mut body = about.clone();
    body["chatId"] = json!(chat);
    body["type"] = json!(kind);
    body["sizeBytes"] = json!(bytes.len());
    body["sha256"] = json!(sha256(bytes));
    body
}

/// Uploads bytes with the URL and the headers of the answer.
pub async fn put(announced: &Value, bytes: &[u8]) -> Response {
    put_with(announced, bytes, &[]).await
}

/// Like [`put`], with other values of some headers.
pub async fn put_with(announced: &Value, bytes: &[u8], otherwise: &[(&str, &str)]) -> Response {
    let upload = &announced["upload"];
    let mut request = Client::new().put(upload["url"].as_str().unwrap()).body(bytes.to_vec());
    for (name, value) in upload["headers"].as_object().unwrap() {
        let other = otherwise.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
        request = request.header(name, other.unwrap_or(value.as_str().unwrap()));
    }
    request.send().await.unwrap()
}
