//! The environment variables of a function's process: those that Lambda sets, and almost none of the developer's.
//!
//! Source: AWS Lambda Developer Guide, "Defined runtime environment variables".

use std::{collections::BTreeMap, path::Path, sync::Arc};

use tokio::sync::{mpsc, watch};

use super::runtime_api::RuntimeApi;
use crate::{Output, arn, ids, metrics::Metrics, template::Function};

/// State that all processes share.
pub(super) struct Shared {
    pub(super) runtime_api: Arc<RuntimeApi>,
    /// Additional variables of every function. They win over the function's own.
    pub(super) environment: BTreeMap<String, String>,
    pub(super) stopped: watch::Receiver<bool>,
    /// Every running process holds a sender. The channel closes when the last process has ended.
    pub(super) alive: mpsc::WeakSender<()>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) output: Output,
}

/// The credentials of every function. S3 accepts them.
pub(crate) const ACCESS_KEY: &str = "local";
pub(crate) const SECRET_KEY: &str = "local";

/// Variables of the developer's environment that programs need to start.
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
    let lambda_variables = [
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
    variables.extend(lambda_variables.map(|(name, value)| (name.to_owned(), value)));
    // Lambda passes the function's logging configuration in these variables.
    let logging =
        [("AWS_LAMBDA_LOG_FORMAT", &function.logging.format), ("AWS_LAMBDA_LOG_LEVEL", &function.logging.level)];
    variables.extend(logging.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))));
    variables.extend(function.environment.clone());
    variables.extend(shared.environment.clone());
    variables
}
