//! Reads a SAM template the way CloudFormation and SAM do, as far as it matters on one machine.
//!
//! Sources: the AWS SAM specification, the CloudFormation template reference and, for the names of generated
//! resources, the SAM translator.

mod bucket;
mod error;
mod fields;
mod function;
mod http_api;
mod model;
mod node;
mod parameters;
mod scope;
mod table;
mod websocket_api;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

pub use error::TemplateError;
pub use model::{
    Bucket, Build, Cors, Function, HttpApi, HttpAuthorizer, HttpRoute, Index, Key, Logging, Table, Template,
    WebSocketApi, WebSocketAuthorizer, WebSocketRoute,
};

use crate::arn;
use error::Issue;
use fields::Fields;
use node::{Node, Value};
use scope::{Reference, Scope};

const FUNCTION: &str = "AWS::Serverless::Function";
const HTTP_API: &str = "AWS::Serverless::HttpApi";
const WEBSOCKET_API: &str = "AWS::Serverless::WebSocketApi";
const ROUTE_RESPONSE: &str = "AWS::ApiGatewayV2::RouteResponse";
const TABLE: &str = "AWS::DynamoDB::Table";
const BUCKET: &str = "AWS::S3::Bucket";

/// Types of resources that have no effect on one machine: permissions, monitoring, names, protection, copies of files near
/// to users.
const WITHOUT_EFFECT: &[&str] = &[
    "AWS::ApiGateway::Account",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApplicationInsights::Application",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpoint",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::ResourcePolicy",
    "AWS::ResourceGroups::Group",
    "AWS::Route53::RecordSet",
    "AWS::Route53::RecordSetGroup",
    "AWS::S3::BucketPolicy",
];

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const ATTRIBUTES: &[&str] = &[
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

impl Template {
    /// Reads the template at `path`. `parameters` override the defaults of its parameters.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a supported part of it is invalid.
    pub fn load(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let fault = |line, subject, message| TemplateError { file: path.to_owned(), line, subject, message };
        let source = std::fs::read_to_string(path).map_err(|error| fault(None, String::new(), error.to_string()))?;
        let root = Node::parse(&source).map_err(|error| fault(error.line, String::new(), error.message))?;
        // The parent of a path without a directory is empty.
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        read(&root, directory, parameters).map_err(|issue| fault(issue.line, issue.subject, issue.message))
    }
}

/// A resource without a condition, or with a true one.
struct Resource<'a> {
    logical_id: &'a str,
    kind: &'a str,
    properties: Node,
    metadata: Option<&'a Node>,
}

fn read(root: &Node, directory: &Path, overrides: &BTreeMap<String, String>) -> Result<Template, Issue> {
    let mut warnings = Vec::new();
    for (section, node) in root.entries() {
        if !SECTIONS.contains(&section.as_str()) {
            warnings.push(format!("line {}: the section {section} is not supported locally", node.line));
        }
    }
    let mut scope = Scope {
        conditions: root.get("Conditions").map_or(&[][..], Node::entries).iter().cloned().collect(),
        mappings: root.get("Mappings").cloned(),
        ..Scope::default()
    };
    let declared = root.get("Parameters").map_or(&[][..], Node::entries);
    scope.parameters =
        parameters::read(declared, overrides, &mut warnings).map_err(|issue| issue.within("Parameters"))?;

    let resources = existing(root, &mut scope, &mut warnings)?;
    let implicit_api = implicit_http_api(root);
    let has_http_api = resources.iter().any(|resource| resource.kind == HTTP_API);
    for resource in resources.iter().chain((!has_http_api).then_some(&implicit_api)) {
        register(&mut scope, resource).map_err(|issue| issue.within(resource.logical_id))?;
    }
    let violations = parameters::violations(&scope, root.get("Rules")).map_err(|issue| issue.within("Rules"))?;
    let template = Template { directory: directory.to_owned(), violations, ..Template::default() };
    assemble(&scope, &resources, &implicit_api, template, warnings)
}

fn existing<'a>(root: &'a Node, scope: &mut Scope, warnings: &mut Vec<String>) -> Result<Vec<Resource<'a>>, Issue> {
    let Some(section) = root.get("Resources") else {
        return Err(Issue::at(root.line, "the section Resources is missing"));
    };
    let mut resources = Vec::new();
    for (logical_id, node) in section.entries() {
        let fault = |issue: Issue| issue.within(logical_id);
        let Some(kind) = node.get("Type").and_then(Node::text) else {
            return Err(fault(Issue::at(node.line, "the resource has no Type")));
        };
        if let Some(condition) = node.get("Condition") {
            let name = condition
                .text()
                .ok_or_else(|| fault(Issue::at(condition.line, "Condition needs the name of a condition")))?;
            if !scope.holds(name, condition.line).map_err(fault)? {
                scope.absent.insert(logical_id.clone());
                continue;
            }
        }
        for (attribute, value) in node.entries() {
            if !ATTRIBUTES.contains(&attribute.as_str()) {
                warnings.push(format!("line {}: {logical_id}.{attribute} is not supported locally", value.line));
            }
        }
        let own = node.get("Properties").cloned().unwrap_or(Node { line: node.line, value: Value::Map(Vec::new()) });
        let properties = match global(root, kind) {
            Some(global) => parameters::merge(global, own),
            None => own,
        };
        resources.push(Resource { logical_id, kind, properties, metadata: node.get("Metadata") });
    }
    Ok(resources)
}

/// The properties in `Globals` for resources of this type.
fn global<'a>(root: &'a Node, kind: &str) -> Option<&'a Node> {
    let section = match kind {
        FUNCTION => "Function",
        HTTP_API => "HttpApi",
        WEBSOCKET_API => "WebSocketApi",
        _ => return None,
    };
    root.get("Globals")?.get(section)
}

/// The API that SAM adds for events without an `ApiId`. It has the properties in `Globals`, such as its authorizers.
fn implicit_http_api(root: &Node) -> Resource<'static> {
    let empty = || Node { line: root.line, value: Value::Map(Vec::new()) };
    let properties = global(root, HTTP_API).cloned().unwrap_or_else(empty);
    Resource { logical_id: http_api::IMPLICIT, kind: HTTP_API, properties, metadata: None }
}

/// Registers a resource for `Ref` and `GetAtt`.
fn register(scope: &mut Scope, resource: &Resource<'_>) -> Result<(), Issue> {
    let id = resource.logical_id;
    let property_text = |scope: &Scope, key: &str| -> Result<Option<String>, Issue> {
        let Some(node) = resource.properties.get(key) else { return Ok(None) };
        let name = scope.resolve(node).map_err(|issue| issue.within(key))?;
        Ok(name.as_ref().and_then(Node::text).map(str::to_owned))
    };
    // CloudFormation names a resource without a name after the stack and the logical id.
    let generated = || format!("{}-{id}", arn::STACK);
    let reference = match resource.kind {
        FUNCTION => {
            let name = property_text(scope, "FunctionName")?.unwrap_or_else(generated);
            let attributes = BTreeMap::from([("Arn", arn::function(&name))]);
            Reference { name, attributes }
        }
        TABLE => {
            let name = property_text(scope, "TableName")?.unwrap_or_else(generated);
            let arn = arn::table(&name);
            let attributes = BTreeMap::from([("StreamArn", format!("{arn}/stream/local")), ("Arn", arn)]);
            Reference { name, attributes }
        }
        BUCKET => {
            // The name of a bucket must be in lower case.
            let name = property_text(scope, "BucketName")?.unwrap_or_else(|| generated().to_ascii_lowercase());
            let attributes = BTreeMap::from([("Arn", arn::bucket(&name))]);
            Reference { name, attributes }
        }
        HTTP_API | WEBSOCKET_API => {
            let api = arn::api_id(id);
            let scheme = if resource.kind == HTTP_API { "https" } else { "wss" };
            let endpoint = format!("{scheme}://{api}.execute-api.{}.{}", arn::REGION, arn::URL_SUFFIX);
            let attributes = BTreeMap::from([("ApiId", api.clone()), ("ApiEndpoint", endpoint)]);
            for key in websocket_api::route_keys(&resource.properties) {
                let route = websocket_api::route_id(id, key);
                scope.references.insert(route.clone(), Reference { name: route, ..Reference::default() });
            }
            let stage = property_text(scope, "StageName")?.unwrap_or_else(|| "$default".to_owned());
            for generated in [format!("{id}.Stage"), format!("{id}Stage"), format!("{id}{stage}Stage")] {
                scope.references.insert(generated, Reference { name: stage.clone(), ..Reference::default() });
            }
            Reference { name: api, attributes }
        }
        "AWS::IAM::Role" => {
            let arn = format!("arn:{}:iam::{}:role/{id}", arn::PARTITION, arn::ACCOUNT);
            Reference { name: id.to_owned(), attributes: BTreeMap::from([("Arn", arn)]) }
        }
        _ => Reference { name: id.to_owned(), ..Reference::default() },
    };
    scope.references.insert(id.to_owned(), reference);
    Ok(())
}

fn assemble(
    scope: &Scope,
    resources: &[Resource<'_>],
    implicit_api: &Resource<'_>,
    mut template: Template,
    mut warnings: Vec<String>,
) -> Result<Template, Issue> {
    let of = |kind: &'static str| resources.iter().filter(move |resource| resource.kind == kind);
    let name_of = |id: &str| scope.references.get(id).map_or_else(|| id.to_owned(), |reference| reference.name.clone());
    let mut events = Vec::new();
    for resource in of(FUNCTION) {
        let id = resource.logical_id;
        let sources = function::Sources {
            directory: &template.directory,
            properties: &resource.properties,
            metadata: resource.metadata,
        };
        let (function, own_events) =
            function::read(scope, id, name_of(id), &sources, &mut warnings).map_err(|issue| issue.within(id))?;
        template.functions.insert(id.to_owned(), function);
        events.extend(own_events);
    }
    for resource in of(TABLE) {
        let id = resource.logical_id;
        template.tables.push(
            table::read(scope, id, name_of(id), &resource.properties, &mut warnings)
                .map_err(|issue| issue.within(id))?,
        );
    }
    for resource in of(BUCKET) {
        let id = resource.logical_id;
        template.buckets.push(
            bucket::read(scope, id, name_of(id), &resource.properties, &mut warnings)
                .map_err(|issue| issue.within(id))?,
        );
    }
    template.http_api = read_http_api(scope, of(HTTP_API), implicit_api, &template.functions, events, &mut warnings)?;
    for resource in of(WEBSOCKET_API) {
        let id = resource.logical_id;
        if template.websocket_api.is_some() {
            warnings.push(format!("{id} is not served: the local cloud serves only one WebSocket API"));
            continue;
        }
        let api = websocket_api::read(scope, id, &resource.properties, &template.functions, &mut warnings)
            .map_err(|issue| issue.within(id))?;
        template.websocket_api = Some(api);
    }
    for resource in of(ROUTE_RESPONSE) {
        let id = resource.logical_id;
        let api = template.websocket_api.as_mut();
        websocket_api::route_response(scope, id, &resource.properties, api, &mut warnings)
            .map_err(|issue| issue.within(id))?;
    }
    let served = [FUNCTION, HTTP_API, WEBSOCKET_API, ROUTE_RESPONSE, TABLE, BUCKET];
    for resource in resources {
        if !served.contains(&resource.kind) && !WITHOUT_EFFECT.contains(&resource.kind) {
            warnings.push(format!(
                "line {}: {} is of type {}, which is not supported locally and has no effect",
                resource.properties.line, resource.logical_id, resource.kind
            ));
        }
    }
    // A property of Globals causes a warning for each resource. Keep one of them.
    let mut seen = BTreeSet::new();
    warnings.retain(|warning| seen.insert(warning.clone()));
    template.warnings = warnings;
    Ok(template)
}

fn read_http_api<'a>(
    scope: &Scope,
    mut resources: impl Iterator<Item = &'a Resource<'a>>,
    implicit_api: &Resource<'_>,
    functions: &BTreeMap<String, Function>,
    events: Vec<function::HttpEvent>,
    warnings: &mut Vec<String>,
) -> Result<Option<HttpApi>, Issue> {
    let first = resources.next();
    if first.is_none() && events.is_empty() {
        return Ok(None);
    }
    let resource = first.unwrap_or(implicit_api);
    let shell = http_api::read(scope, resource.logical_id, &resource.properties, functions, warnings)
        .map_err(|issue| issue.within(resource.logical_id))?;
    for resource in resources {
        warnings.push(format!("{} is not served: the local cloud serves only one HTTP API", resource.logical_id));
    }
    let (own, others): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| match &event.api {
        Some(api) => *api == shell.api.id,
        None => first.is_none(),
    });
    for event in others {
        warnings.push(format!("line {}: {} belongs to an API that is not served", event.line, event.subject));
    }
    shell.with_routes(own).map(Some)
}

/// The logical id of the function whose ARN is the value of the property.
fn function_of(functions: &BTreeMap<String, Function>, fields: &Fields, key: &str) -> Result<String, Issue> {
    let arn = fields.required(key)?;
    let function = functions.values().find(|function| arn::function(&function.name) == arn);
    function.map(|function| function.logical_id.clone()).ok_or_else(|| {
        let line = fields.node(key).map_or(fields.line(), |node| node.line);
        Issue::at(line, format!("the template has no function with the ARN {arn}")).within(key)
    })
}
