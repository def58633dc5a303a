//! `AWS::Serverless::WebSocketApi` and `AWS::ApiGatewayV2::RouteResponse`.

use std::{collections::BTreeMap, time::Duration};

use super::{
    error::Issue,
    fields::{Fields, Known},
    model::{Function, WebSocketApi, WebSocketAuthorizer, WebSocketRoute},
    node::{Node, Value},
    scope::Scope,
};
use crate::arn;

const WEBSOCKET_API: Known = Known {
    supported: &["Auth", "RouteSelectionExpression", "Routes", "StageName", "StageVariables"],
    without_effect: &[
        "AccessLogSettings",
        "DefaultRouteSettings",
        "Description",
        "DisableExecuteApiEndpoint",
        "DisableSchemaValidation",
        "Domain",
        "FailOnWarnings",
        "IpAddressType",
        "Name",
        "PropagateTags",
        "RouteSettings",
        "Tags",
    ],
};
const AUTH: Known =
    Known { supported: &["AuthArn", "AuthType", "IdentitySource"], without_effect: &["InvokeRole", "Name"] };
const ROUTE: Known = Known {
    supported: &["FunctionArn", "IntegrationTimeout", "RouteResponseSelectionExpression"],
    without_effect: &["OperationName"],
};
const ROUTE_RESPONSE: Known = Known {
    supported: &["ApiId", "RouteId", "RouteResponseKey"],
    without_effect: &["ModelSelectionExpression", "ResponseModels"],
};

/// SAM's logical id of a route: `<Api>`, the capitalized key, `Route`. Python's `capitalize` makes the other letters
/// lower case, so `sendMessage` becomes `Sendmessage` (samtranslator, websocket_api_generator.py).
pub(crate) fn route_id(api: &str, key: &str) -> String {
    let word = key.trim_start_matches('$').to_lowercase();
    let mut letters = word.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{api}{capital}{}Route", letters.as_str())
}

pub(crate) fn read(
    scope: &Scope,
    logical_id: &str,
    properties: &Node,
    functions: &BTreeMap<String, Function>,
    warnings: &mut Vec<String>,
) -> Result<WebSocketApi, Issue> {
    let fields = Fields::read(scope, properties, &WEBSOCKET_API, logical_id, warnings)?;
    let expression = fields.required("RouteSelectionExpression")?;
    let mut routes = BTreeMap::new();
    for (key, node) in fields.node("Routes").map_or(&[][..], Node::entries) {
        let subject = format!("{logical_id}.Routes.{key}");
        let route = read_route(scope, key, node, functions, &subject, warnings)
            .map_err(|issue| issue.within(key).within("Routes"))?;
        routes.insert(key.clone(), route);
    }
    if routes.is_empty() {
        return Err(Issue::at(fields.line(), "a WebSocket API needs at least one route").within("Routes"));
    }
    let authorizer = match fields.node("Auth") {
        Some(node) => read_authorizer(scope, node, functions, &format!("{logical_id}.Auth"), warnings)
            .map_err(|issue| issue.within("Auth"))?,
        None => None,
    };
    let stage = fields.text("StageName")?.unwrap_or_else(|| "default".to_owned());
    if stage == "$default" {
        return Err(Issue::at(fields.line(), "the stage of a WebSocket API cannot be $default").within("StageName"));
    }
    Ok(WebSocketApi {
        logical_id: logical_id.to_owned(),
        id: arn::api_id(logical_id),
        stage,
        stage_variables: fields.map("StageVariables")?,
        selection: selection(&expression).ok_or_else(|| {
            let message = format!("the expression must have the form $request.body.NAME, but this is {expression}");
            Issue::at(fields.line(), message).within("RouteSelectionExpression")
        })?,
        routes,
        authorizer,
    })
}

/// Parses both documented spellings: `$request.body.action` and `${request.body.action}`.
fn selection(expression: &str) -> Option<Vec<String>> {
    let inner = expression.strip_prefix('$')?;
    let inner = inner.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(inner);
    let path: Vec<_> = inner.strip_prefix("request.body.")?.split('.').map(str::to_owned).collect();
    path.iter().all(|name| !name.is_empty()).then_some(path)
}

fn read_route(
    scope: &Scope,
    key: &str,
    node: &Node,
    functions: &BTreeMap<String, Function>,
    subject: &str,
    warnings: &mut Vec<String>,
) -> Result<WebSocketRoute, Issue> {
    let special = ["$connect", "$disconnect", "$default"].contains(&key);
    if !special && (key.is_empty() || !key.chars().all(char::is_alphanumeric)) {
        return Err(Issue::at(node.line, "the key of a route may have only letters and digits (a rule of SAM)"));
    }
    let fields = Fields::read(scope, node, &ROUTE, subject, warnings)?;
    let selection = fields.text("RouteResponseSelectionExpression")?;
    let selects_response = selection.is_some();
    if let Some(expression) = selection.filter(|text| text != "$default") {
        return Err(Issue::at(
            fields.line(),
            format!("RouteResponseSelectionExpression must be $default, but this is {expression}"),
        ));
    }
    Ok(WebSocketRoute {
        function: super::function_of(functions, &fields, "FunctionArn")?,
        timeout: fields.number("IntegrationTimeout")?.map(Duration::from_millis),
        selects_response,
        replies: false,
    })
}

fn read_authorizer(
    scope: &Scope,
    node: &Node,
    functions: &BTreeMap<String, Function>,
    subject: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<WebSocketAuthorizer>, Issue> {
    let fields = Fields::read(scope, node, &AUTH, subject, warnings)?;
    match fields.required("AuthType")?.as_str() {
        "CUSTOM" => Ok(Some(WebSocketAuthorizer {
            function: super::function_of(functions, &fields, "AuthArn")?,
            identity_sources: fields.texts("IdentitySource")?.unwrap_or_default(),
        })),
        "NONE" => Ok(None),
        "AWS_IAM" => {
            warnings.push(format!(
                "line {}: {subject}.AuthType: AWS_IAM is not checked locally: every client may connect",
                fields.line()
            ));
            Ok(None)
        }
        other => {
            Err(Issue::at(fields.line(), format!("AuthType must be AWS_IAM, CUSTOM or NONE, but this is {other}"))
                .within("AuthType"))
        }
    }
}

/// Enables replies on the route that `RouteId` names.
pub(crate) fn route_response(
    scope: &Scope,
    logical_id: &str,
    properties: &Node,
    api: Option<&mut WebSocketApi>,
    warnings: &mut Vec<String>,
) -> Result<(), Issue> {
    let fields = Fields::read(scope, properties, &ROUTE_RESPONSE, logical_id, warnings)?;
    fields.required("ApiId")?;
    let key = fields.required("RouteResponseKey")?;
    if key != "$default" {
        return Err(Issue::at(fields.line(), format!("RouteResponseKey must be $default, but this is {key}"))
            .within("RouteResponseKey"));
    }
    let route = fields.required("RouteId")?;
    let target = api.and_then(|api| {
        let id = api.logical_id.clone();
        api.routes.iter_mut().find(|(key, _)| route_id(&id, key) == route).map(|(_, route)| route)
    });
    match target {
        Some(target) if target.selects_response => target.replies = true,
        Some(_) => warnings.push(format!(
            "line {}: {logical_id}: {route} has no RouteResponseSelectionExpression, so it sends no reply",
            fields.line()
        )),
        None => {
            return Err(
                Issue::at(fields.line(), format!("{route} is not a route of the WebSocket API")).within("RouteId")
            );
        }
    }
    Ok(())
}

/// The keys of an API's routes, for SAM's logical ids of the routes. Used before the routes are read.
pub(crate) fn route_keys(properties: &Node) -> Vec<&str> {
    match properties.get("Routes").map(|routes| &routes.value) {
        Some(Value::Map(entries)) => entries.iter().map(|(key, _)| key.as_str()).collect(),
        _ => Vec::new(),
    }
}
