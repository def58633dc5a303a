//! What is known of a request afterwards: one line, which is at once the request's log and its metrics, in CloudWatch's
//! embedded metric format. CloudWatch Logs makes metrics of its numbers, and Logs Insights finds its other fields.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use domain::ids::{ChatId, UserId};
use domain::meter;
use domain::ports::Env as _;
use domain::timestamp::Timestamp;
use edge::config::metrics_namespace;
use edge::env::SystemEnv;
use lambda_runtime::Error;
use metrics_cloudwatch_embedded::{Builder, Collector};
use serde_json::Value;

/// Writes the lines. Lambda hands a process one request at a time, so what was counted since the last line is the
/// request's own.
#[derive(Clone, Copy)]
pub struct Log(&'static Collector);

/// What a line says of a request. Never a body, a token or a user's id.
#[derive(Debug, Default)]
pub struct Line<'a> {
    /// `POST /chats`, `createChat` or `$connect`.
    pub route: &'a str,
    /// API Gateway's name for the request.
    pub request_id: &'a str,
    /// Who asked.
    pub user: Option<&'a UserId>,
    /// In which chat.
    pub chat: Option<&'a ChatId>,
    /// How it was answered.
    pub status: u16,
    /// The problem's code, if it was answered with one.
    pub code: Option<&'static str>,
}

/// Sets up logging, in the format and at the level that Lambda was configured with, and what is counted.
///
/// # Errors
/// Somebody has set up counting already.
pub fn start() -> Result<Log, Error> {
    lambda_http::tracing::init_default_subscriber();
    let collector = Builder::new().cloudwatch_namespace(metrics_namespace()).init()?;
    meter::describe();
    Ok(Log(collector))
}

impl Log {
    /// A request begins.
    pub fn begin(self) -> Timestamp {
        meter::begin();
        SystemEnv.now()
    }

    /// The line of a request that began at `started`.
    pub fn end(self, started: Timestamp, line: &Line<'_>) {
        meter::answered(line.status);
        let ms = u64::try_from(SystemEnv.now().since(started).as_millis()).unwrap_or(u64::MAX);
        let text = |text: Option<String>| text.map_or(Value::Null, Value::String);
        let properties = [
            ("route", line.route.into()),
            ("requestId", line.request_id.into()),
            ("user", text(line.user.map(UserId::hashed))),
            ("chatId", text(line.chat.map(ChatId::to_string))),
            ("status", line.status.into()),
            ("code", text(line.code.map(str::to_owned))),
            ("ms", ms.into()),
        ];
        for (name, value) in properties {
            self.0.set_property(name, value);
        }
        if let Err(error) = self.0.flush(std::io::stdout().lock()) {
            tracing::error!(%error, "a request could not be logged");
        }
    }
}
