//! Events for the functions: the sample events in `events/`, with other values.

use std::{path::Path, time::SystemTime};

use axum::body::Bytes;
use serde_json::{Value, json};

use crate::Error;

/// An event as API Gateway sends it to a function.
#[derive(Clone, Debug)]
pub struct Sample(Value);

impl Sample {
    /// Reads the sample event of a function from the repository at `root`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not JSON.
    pub fn read(root: &Path, function: &str) -> Result<Self, Error> {
        let path = root.join("events").join(format!("{function}.json"));
        let text = std::fs::read(&path).map_err(Error::io(format!("read {}", path.display())))?;
        serde_json::from_slice(&text).map(Self).map_err(|error| Error(format!("{}: {error}", path.display())))
    }

    /// An event of the HTTP API: a request of `user` with these path parameters and this body.
    #[must_use]
    pub fn http(&self, user: &str, parameters: &[(&str, &str)], body: &Value) -> Bytes {
        let mut event = self.0.clone();
        let mut path =
            event["routeKey"].as_str().and_then(|key| key.split_once(' ')).map_or("", |(_, path)| path).to_owned();
        for (name, value) in parameters {
            path = path.replace(&format!("{{{name}}}"), value);
            event["pathParameters"][name] = json!(value);
        }
        event["requestContext"]["http"]["path"] = json!(path);
        event["rawPath"] = json!(path);
        event["requestContext"]["authorizer"]["lambda"]["userId"] = json!(user);
        event["body"] = json!(body.to_string());
        Bytes::from(event.to_string())
    }

    /// A `$connect` event: `user` opens this connection now.
    #[must_use]
    pub fn connect(&self, user: &str, connection: &str) -> Bytes {
        let mut event = self.0.clone();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or_default();
        let context = &mut event["requestContext"];
        context["authorizer"]["userId"] = json!(user);
        context["authorizer"]["principalId"] = json!(user);
        context["connectionId"] = json!(connection);
        context["connectedAt"] = json!(now);
        context["requestTimeEpoch"] = json!(now);
        Bytes::from(event.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    #[test]
    fn values_are_set_where_a_function_reads_them() {
        let sample = Sample::read(root(), "edit-message").unwrap();
        let event = sample.http("u1", &[("chatId", "c1"), ("seq", "7")], &json!({ "content": "new" }));
        let event: Value = serde_json::from_slice(&event).unwrap();
        assert_eq!(event["rawPath"], "/chats/c1/messages/7");
        assert_eq!(event["pathParameters"], json!({ "chatId": "c1", "seq": "7" }));
        assert_eq!(event["requestContext"]["authorizer"]["lambda"]["userId"], "u1");
        assert_eq!(event["body"], r#"{"content":"new"}"#);
        let event = Sample::read(root(), "connect").unwrap().connect("u1", "k1");
        let event: Value = serde_json::from_slice(&event).unwrap();
        assert_eq!(
            (&event["requestContext"]["connectionId"], &event["requestContext"]["routeKey"]),
            (&json!("k1"), &json!("$connect"))
        );
    }
}
