//! `AWS::Serverless::Function` and its `HttpApi` events.

use std::{path::Path, time::Duration};

use super::{
    error::Issue,
    fields::{Fields, Known},
    model::{Build, Function, Logging},
    node::Node,
    scope::Scope,
};

const FUNCTION: Known = Known {
    supported: &[
        "CodeUri",
        "Environment",
        "Events",
        "FunctionName",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "ReservedConcurrentExecutions",
        "Runtime",
        "Timeout",
    ],
    // Permissions, monitoring and deployment.
    without_effect: &[
        "Architectures",
        "AutoPublishAlias",
        "AutoPublishAliasAllProperties",
        "DeploymentPreference",
        "Description",
        "EphemeralStorage",
        "Handler",
        "KmsKeyArn",
        "PermissionsBoundary",
        "Policies",
        "PropagateTags",
        "ProvisionedConcurrencyConfig",
        "RecursiveLoop",
        "Role",
        "RolePath",
        "RuntimeManagementConfig",
        "SnapStart",
        "SourceKMSKeyArn",
        "Tags",
        "Tracing",
        "VersionDescription",
        "VpcConfig",
    ],
};
const ENVIRONMENT: Known = Known { supported: &["Variables"], without_effect: &[] };
const LOGGING: Known =
    Known { supported: &["ApplicationLogLevel", "LogFormat"], without_effect: &["LogGroup", "SystemLogLevel"] };
const METADATA: Known =
    Known { supported: &["BuildMethod", "BuildProperties"], without_effect: &["cfn-lint", "SamResourceId", "guard"] };
const BUILD_PROPERTIES: Known = Known { supported: &["Binary"], without_effect: &[] };
const EVENT: Known = Known { supported: &["Type", "Properties"], without_effect: &[] };
const HTTP_EVENT: Known = Known {
    supported: &["ApiId", "Auth", "Method", "Path", "PayloadFormatVersion", "TimeoutInMillis"],
    without_effect: &["RouteSettings"],
};
const EVENT_AUTH: Known = Known { supported: &["Authorizer"], without_effect: &[] };

/// A route in a function's events. Its API is looked up after all resources are read.
#[derive(Debug)]
pub(crate) struct HttpEvent {
    pub(crate) line: usize,
    pub(crate) subject: String,
    /// The resolved `ApiId`. None means the implicit API of SAM.
    pub(crate) api: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) function: String,
    /// The authorizer's name, or `NONE`. None means the API's default.
    pub(crate) authorizer: Option<String>,
    pub(crate) timeout: Duration,
}

pub(crate) struct Sources<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) properties: &'a Node,
    pub(crate) metadata: Option<&'a Node>,
}

pub(crate) fn read(
    scope: &Scope,
    logical_id: &str,
    name: String,
    sources: &Sources<'_>,
    warnings: &mut Vec<String>,
) -> Result<(Function, Vec<HttpEvent>), Issue> {
    let fields = Fields::read(scope, sources.properties, &FUNCTION, logical_id, warnings)?;
    let environment = match fields.node("Environment") {
        Some(node) => Fields::read(scope, node, &ENVIRONMENT, &format!("{logical_id}.Environment"), warnings)?
            .map("Variables")
            .map_err(|issue| issue.within("Environment"))?,
        None => Default::default(),
    };
    let mut logging = Logging::default();
    if let Some(node) = fields.node("LoggingConfig") {
        let config = Fields::read(scope, node, &LOGGING, &format!("{logical_id}.LoggingConfig"), warnings)?;
        logging = Logging { format: config.text("LogFormat")?, level: config.text("ApplicationLogLevel")? };
    }
    let mut events = Vec::new();
    for (event_name, node) in fields.node("Events").map_or(&[][..], Node::entries) {
        let subject = format!("{logical_id}.Events.{event_name}");
        let event = Fields::read(scope, node, &EVENT, &subject, warnings)
            .and_then(|event| http_event(scope, logical_id, &subject, &event, warnings))
            .map_err(|issue| issue.within(event_name).within("Events"))?;
        events.extend(event);
    }
    let build = build(scope, logical_id, &fields, sources.metadata, warnings)?;
    let code = match build {
        Build::Cargo { .. } => fields.text("CodeUri")?,
        // Such code may be in a bucket or in an image. It is not used.
        Build::Other(_) => None,
    };
    let function = Function {
        logical_id: logical_id.to_owned(),
        name,
        package: sources.directory.join(code.unwrap_or_else(|| ".".to_owned())),
        build,
        environment,
        logging,
        memory: fields.number("MemorySize")?.unwrap_or(128),
        timeout: Duration::from_secs(fields.number("Timeout")?.unwrap_or(3)),
        concurrency: fields.number("ReservedConcurrentExecutions")?.and_then(|number| number.try_into().ok()),
    };
    Ok((function, events))
}

fn build(
    scope: &Scope,
    logical_id: &str,
    fields: &Fields,
    metadata: Option<&Node>,
    warnings: &mut Vec<String>,
) -> Result<Build, Issue> {
    if let Some(runtime) = fields.text("Runtime")?.filter(|runtime| !runtime.starts_with("provided")) {
        return Ok(Build::Other(format!("Runtime is {runtime}")));
    }
    if let Some(package_type) = fields.text("PackageType")?.filter(|package_type| package_type != "Zip") {
        return Ok(Build::Other(format!("PackageType is {package_type}")));
    }
    let Some(metadata) = metadata else { return Ok(Build::Other("it has no Metadata".to_owned())) };
    let subject = format!("{logical_id}.Metadata");
    let metadata = Fields::read(scope, metadata, &METADATA, &subject, warnings)?;
    match metadata.text("BuildMethod")?.as_deref() {
        Some("rust-cargolambda") => {}
        Some(other) => return Ok(Build::Other(format!("BuildMethod is {other}"))),
        None => return Ok(Build::Other("it has no BuildMethod".to_owned())),
    }
    let binary = match metadata.node("BuildProperties") {
        Some(node) => Fields::read(scope, node, &BUILD_PROPERTIES, &format!("{subject}.BuildProperties"), warnings)?
            .text("Binary")?,
        None => None,
    };
    Ok(Build::Cargo { binary })
}

fn http_event(
    scope: &Scope,
    function: &str,
    subject: &str,
    event: &Fields,
    warnings: &mut Vec<String>,
) -> Result<Option<HttpEvent>, Issue> {
    let kind = event.required("Type")?;
    if kind != "HttpApi" {
        warnings.push(format!(
            "line {}: {subject}: events of type {kind} are not supported locally: this event never invokes the function",
            event.line()
        ));
        return Ok(None);
    }
    let empty = Node { line: event.line(), value: super::node::Value::Null };
    let fields = Fields::read(scope, event.node("Properties").unwrap_or(&empty), &HTTP_EVENT, subject, warnings)?;
    if let Some(version) = fields.text("PayloadFormatVersion")?.filter(|version| version != "2.0") {
        warnings.push(format!(
            "line {}: {subject}.PayloadFormatVersion: {version} is not supported locally: the function gets version 2.0",
            fields.line()
        ));
    }
    let authorizer = match fields.node("Auth") {
        Some(node) => Fields::read(scope, node, &EVENT_AUTH, &format!("{subject}.Auth"), warnings)?
            .text("Authorizer")
            .map_err(|issue| issue.within("Auth"))?,
        None => None,
    };
    let (method, path) = match (fields.text("Method")?, fields.text("Path")?) {
        (Some(method), Some(path)) => match method.to_ascii_uppercase().as_str() {
            "ANY" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => (Some("ANY".to_owned()), Some(path)),
            method => (Some(method.to_owned()), Some(path)),
        },
        (None, None) => (None, None),
        (Some(_), None) => return Err(Issue::at(fields.line(), "Method needs a Path")),
        (None, Some(path)) if path == "$default" => (None, None),
        (None, Some(_)) => return Err(Issue::at(fields.line(), "Path needs a Method")),
    };
    if let Some(path) = path.as_deref().filter(|path| !path.starts_with('/')) {
        return Err(Issue::at(fields.line(), format!("a path must start with /, but this is {path}")).within("Path"));
    }
    Ok(Some(HttpEvent {
        line: fields.line(),
        subject: subject.to_owned(),
        api: fields.text("ApiId")?,
        method,
        path,
        function: function.to_owned(),
        authorizer,
        timeout: Duration::from_millis(fields.number("TimeoutInMillis")?.unwrap_or(30_000)),
    }))
}
