//! What a process of a function finds in its environment: what Lambda would give it, and nothing of the developer's.
//!
//! Source: AWS Lambda Developer Guide, "Defined runtime environment variables".

use std::{collections::BTreeMap, path::Path, sync::Arc};

use tokio::sync::{mpsc, watch};

use super::runtime_api::RuntimeApi;
use crate::{Output, arn, ids, metrics::Metrics, template::Function};

/// What all processes have in common.
pub(super) struct Shared {
    pub(super) runtime_api: Arc<RuntimeApi>,
    /// Variables that every function gets on top of its own.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) stopped: watch::Receiver<bool>,
    /// Taken by every process for as long as it is alive.
    pub(super) alive: mpsc::WeakSender<()>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) output: Output,
}

/// The credentials of every function, which S3 knows too.
pub(crate) const ACCESS_KEY: &str = "local";
pub(crate) const SECRET_KEY: &str = "local";

/// Passed on from the developer's environment, because programs do not start without them.
const INHERITED: &[&str] = &["PATH", "SystemRoot", "TMPDIR", "TEMP", "TMP"];

pub(super) fn variables(
    function: &Function,
    executable: &Path,
    runtime_api: String,
    shared: &Shared,
) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> =
        INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    let instance = ids::uuid().replace('-', "");
    let task_root = executable.parent().map(|path| path.display().to_string()).unwrap_or_default();
    let given = [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_DEFAULT_REGION", arn::REGION.to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", format!("local/[$LATEST]{instance}")),
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_REGION", arn::REGION.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
        ("LAMBDA_TASK_ROOT", task_root),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("RUST_BACKTRACE", "1".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
    ];
    variables.extend(given.map(|(name, value)| (name.to_owned(), value)));
    // Lambda passes the function's logging configuration on in these two.
    let logging =
        [("AWS_LAMBDA_LOG_FORMAT", &function.logging.format), ("AWS_LAMBDA_LOG_LEVEL", &function.logging.level)];
    variables.extend(logging.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))));
    variables.extend(function.environment.clone());
    variables.extend(shared.environment.clone());
    variables
}
