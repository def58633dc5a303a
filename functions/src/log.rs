//! One log line per request, in CloudWatch's embedded metric format. CloudWatch Logs turns its numbers into metrics,
//! and Logs Insights can search its other fields.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use domain::ids::{ChatId, UserId};
use domain::meter;
use domain::ports::Env as _;
use domain::timestamp::Timestamp;
use edge::config::metrics_namespace;
use edge::env::SystemEnv;
use edge::problem::Code;
use lambda_runtime::Error;
use metrics_cloudwatch_embedded::{Builder, Collector};
use serde_json::Value;
use tracing_subscriber::filter::LevelFilter;

/// Writes the lines. Lambda hands a process one request at a time, so all counts since the last line belong to the
/// current request.
#[derive(Clone, Copy)]
pub(crate) struct Log(&'static Collector);

/// The fields of a request's line. It never contains a body, a token or a user's id.
#[derive(Debug, Default)]
pub(crate) struct LogRecord<'a> {
    /// For example `POST /chats`, `createChat` or `$connect`.
    pub(crate) route: &'a str,
    /// API Gateway's id of the request.
    pub(crate) request_id: &'a str,
    /// Lambda's id of the invocation. All other log lines of the invocation contain it too.
    pub(crate) invocation: &'a str,
    /// The caller; the line contains a hash of the id.
    pub(crate) user: Option<&'a UserId>,
    /// The chat that the request is about, if any.
    pub(crate) chat: Option<&'a ChatId>,
    /// The HTTP status of the response.
    pub(crate) status: u16,
    /// The code of the problem; None if the request succeeded.
    pub(crate) code: Option<&'static str>,
}

/// Sets up logging and the metrics.
///
/// # Errors
/// They are already set up.
pub(crate) fn init_logging() -> Result<Log, Error> {
    init_subscriber()?;
    let collector = Builder::new().cloudwatch_namespace(metrics_namespace()).init()?;
    meter::describe();
    Ok(Log(collector))
}

/// Sets up the log on stdout, in the format and at the level that Lambda's logging controls name in variables. Outside of
/// Lambda, RUST_LOG can name the level. Without a level it is INFO.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
#[allow(clippy::disallowed_methods)] // variables of Lambda, not of this system's configuration
fn init_subscriber() -> Result<(), Error> {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| std::env::var("RUST_LOG")).ok();
    let subscriber = tracing_subscriber::fmt().with_target(false).without_time().with_max_level(parse_level(level));
    if std::env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json")) {
        subscriber.json().try_init()
    } else {
        subscriber.try_init()
    }
}

/// INFO for a name that this log does not know, such as Lambda's FATAL.
fn parse_level(name: Option<String>) -> LevelFilter {
    name.and_then(|name| name.parse().ok()).unwrap_or(LevelFilter::INFO)
}

/// A request that is not logged yet. If it is dropped before [`RequestLog::finish`], for example by a panic, it is
/// logged with status 500. So its counts do not go to the next request.
pub(crate) struct RequestLog {
    log: Log,
    started: Timestamp,
    has_line: bool,
}

impl Log {
    /// Starts the log of a request and resets the counts.
    pub(crate) fn start(self) -> RequestLog {
        meter::reset_capacity();
        RequestLog { log: self, started: SystemEnv.now(), has_line: false }
    }

    fn write(self, started: Timestamp, line: &LogRecord<'_>, to: impl std::io::Write) {
        meter::count_request(line.status);
        let ms = u64::try_from(SystemEnv.now().since(started).as_millis()).unwrap_or(u64::MAX);
        let text = |text: Option<String>| text.map_or(Value::Null, Value::String);
        let properties = [
            ("route", line.route.into()),
            ("requestId", line.request_id.into()),
            ("invocation", line.invocation.into()),
            ("user", text(line.user.map(UserId::hashed))),
            ("chatId", text(line.chat.map(ChatId::to_string))),
            ("status", line.status.into()),
            ("code", text(line.code.map(str::to_owned))),
            ("ms", ms.into()),
        ];
        for (name, value) in properties {
            self.0.set_property(name, value);
        }
        if let Err(error) = self.0.flush(to) {
            tracing::error!(%error, "the log line of a request could not be written");
        }
    }
}

impl RequestLog {
    /// When the request started.
    pub(crate) fn started(&self) -> Timestamp {
        self.started
    }

    /// Writes the line.
    pub(crate) fn finish(mut self, line: &LogRecord<'_>) {
        self.has_line = true;
        self.log.write(self.started, line, std::io::stdout().lock());
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        if !self.has_line {
            let line = LogRecord { status: 500, code: Some(Code::Internal.as_str()), ..LogRecord::default() };
            self.log.write(self.started, &line, std::io::stdout().lock());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn level_is_info_unless_a_known_one_is_named() {
        for (name, level) in [
            (Some("TRACE"), LevelFilter::TRACE),
            (Some("debug"), LevelFilter::DEBUG),
            (Some("WARN"), LevelFilter::WARN),
            (Some("FATAL"), LevelFilter::INFO),
            (Some("store=debug"), LevelFilter::INFO),
            (None, LevelFilter::INFO),
        ] {
            assert_eq!(parse_level(name.map(str::to_owned)), level, "{name:?}");
        }
    }

    #[test]
    fn line_has_metrics_and_next_line_starts_from_zero() {
        let log = Log(Builder::new().cloudwatch_namespace("test").init().unwrap());
        meter::describe();
        let write_line = |line: &LogRecord<'_>| -> Value {
            let mut bytes = Vec::new();
            log.write(SystemEnv.now(), line, &mut bytes);
            assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
            serde_json::from_slice(&bytes).unwrap()
        };
        let alice = UserId::parse("alice").unwrap();
        let request_log = log.start();
        meter::add_capacity(3.5, 0.0);
        meter::add_capacity(0.5, 8.0);
        meter::count_missed_users(2);
        let first =
            write_line(&LogRecord { route: "sendMessage", user: Some(&alice), status: 503, ..LogRecord::default() });
        let metrics = &first["_aws"]["CloudWatchMetrics"];
        assert_eq!((&metrics[0]["Namespace"], &metrics[0]["Dimensions"]), (&json!("test"), &json!([[]])));
        let unit = json!("Count");
        let all = metrics[0]["Metrics"].as_array().unwrap();
        assert!(all.len() == 5 && all.iter().all(|metric| metric["Unit"] == unit), "{first}");
        for (name, value) in [("Requests", 1.0), ("ServerErrors", 1.0), ("PushesMissed", 2.0)] {
            assert_eq!(first[name].as_f64(), Some(value), "{first}");
        }
        assert_eq!((&first["ReadUnits"], &first["WriteUnits"]), (&json!(4.0), &json!(8.0)));
        let fields = (&first["route"], &first["user"], &first["status"], &first["code"]);
        assert_eq!(fields, (&json!("sendMessage"), &json!("2bd806c97f0e00af"), &json!(503), &Value::Null));
        assert!(first["_aws"]["Timestamp"].is_u64() && first["ms"].is_u64());

        request_log.finish(&LogRecord::default());
        // A request that is dropped without a line does not pass its counts on to the next one.
        let unfinished = log.start();
        meter::count_missed_users(7);
        drop(unfinished);
        let second = write_line(&LogRecord { status: 200, ..LogRecord::default() });
        assert_eq!((&second["ReadUnits"], &second["user"]), (&json!(0.0), &Value::Null), "{second}");
        for name in ["ServerErrors", "RateLimited", "PushesMissed"] {
            assert!(second.get(name).is_none(), "{name}: {second}");
        }
        let refused = write_line(&LogRecord { status: 429, ..LogRecord::default() });
        assert_eq!((refused["RateLimited"].as_f64(), refused.get("ServerErrors")), (Some(1.0), None), "{refused}");
    }
}
