//! The error response of a service.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_xml::decode::{Document, ScopedDecoder, try_data};
use serde_json::Value;

/// An error response: HTTP status, code and message. Code and message may be absent: a response to HEAD has no body, so
/// no code.
#[derive(Debug, thiserror::Error)]
#[error("HTTP status {status}, {meta}")]
pub struct Refusal {
    status: u16,
    meta: ErrorMetadata,
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Parses the response: XML of S3 and SNS, JSON of Secrets Manager.
    pub(crate) fn of(response: &HttpResponse) -> Self {
        let body = response.body().bytes().unwrap_or_default();
        let (code, message) = in_json(body).or_else(|| in_xml(body)).unwrap_or_default();
        let mut meta = ErrorMetadata::builder();
        if let Some(code) = code {
            meta = meta.code(code);
        }
        if let Some(message) = message {
            meta = meta.message(message);
        }
        Self { status: response.status().as_u16(), meta: meta.build() }
    }
}

impl ProvideErrorMetadata for Refusal {
    fn meta(&self) -> &ErrorMetadata {
        &self.meta
    }
}

type CodeAndMessage = (Option<String>, Option<String>);

/// `{"__type": "namespace#Code", "message": "..."}`.
/// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization>
fn in_json(body: &[u8]) -> Option<CodeAndMessage> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let code = text("__type")
        .map(|code| code.rsplit('#').next().and_then(|code| code.split(':').next()).unwrap_or_default().to_owned());
    Some((code, text("message").or_else(|| text("Message"))))
}

/// `<Error><Code>...</Code><Message>...</Message></Error>`. SNS wraps it in `<ErrorResponse>`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses>
fn in_xml(body: &[u8]) -> Option<CodeAndMessage> {
    let mut document = Document::new(std::str::from_utf8(body).ok()?);
    let mut root = document.root_element().ok()?;
    if root.start_el().matches("Error") {
        return Some(in_error(&mut root));
    }
    while let Some(mut element) = root.next_tag() {
        if element.start_el().matches("Error") {
            return Some(in_error(&mut element));
        }
    }
    None
}

fn in_error(error: &mut ScopedDecoder<'_, '_>) -> CodeAndMessage {
    let mut code_and_message = CodeAndMessage::default();
    while let Some(mut element) = error.next_tag() {
        let target = match element.start_el().local() {
            "Code" => &mut code_and_message.0,
            "Message" => &mut code_and_message.1,
            _ => continue,
        };
        *target = try_data(&mut element).ok().map(|text| text.into_owned());
    }
    code_and_message
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    #[test]
    fn code_and_message_are_parsed_in_every_protocol() {
        for body in [
            r#"<?xml version="1.0"?><Error><RequestId>1</RequestId><Code>NoSuchKey</Code><Message>a &amp; b</Message></Error>"#,
            r#"<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>NoSuchKey</Code><Message>a &amp; b</Message></Error></ErrorResponse>"#,
            r#"{"__type": "com.amazonaws#NoSuchKey:http://internal.amazon.com/", "message": "a & b"}"#,
            r#"{"__type": "NoSuchKey", "Message": "a & b"}"#,
        ] {
            let refusal = refusal(body);
            assert_eq!((refusal.code(), refusal.message(), refusal.status()), (Some("NoSuchKey"), Some("a & b"), 404));
        }
    }

    #[test]
    fn unknown_body_has_no_code() {
        for body in ["", "<html>Bad gateway</html>", "[]", "\u{0}"] {
            assert_eq!(refusal(body).code(), None, "{body}");
        }
    }

    fn refusal(body: &str) -> Refusal {
        Refusal::of(&HttpResponse::new(404.try_into().unwrap(), SdkBody::from(body)))
    }
}
