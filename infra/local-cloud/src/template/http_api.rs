//! `AWS::Serverless::HttpApi`.

use std::{collections::BTreeMap, time::Duration};

use super::{
    error::Issue,
    fields::{Fields, Known},
    function::HttpEvent,
    model::{Cors, Function, HttpApi, HttpAuthorizer, HttpRoute},
    node::{Node, Value},
    scope::Scope,
};
use crate::arn;

/// SAM's implicit API, for events without an `ApiId`.
pub(crate) const IMPLICIT: &str = "ServerlessHttpApi";

const HTTP_API: Known = Known {
    supported: &["Auth", "CorsConfiguration", "StageName", "StageVariables"],
    without_effect: &[
        "AccessLogSettings",
        "DefaultRouteSettings",
        "Description",
        "DisableExecuteApiEndpoint",
        "Domain",
        "FailOnWarnings",
        "Name",
        "PropagateTags",
        "RouteSettings",
        "Tags",
    ],
};
const AUTH: Known = Known { supported: &["Authorizers", "DefaultAuthorizer"], without_effect: &[] };
const AUTHORIZER: Known = Known {
    supported: &[
        "AuthorizerPayloadFormatVersion",
        "EnableSimpleResponses",
        "FunctionArn",
        "Identity",
        "AuthorizerResultTtlInSeconds",
    ],
    without_effect: &["EnableFunctionDefaultPermissions", "FunctionInvokeRole"],
};
const IDENTITY: Known = Known {
    supported: &["Context", "Headers", "QueryStrings", "ReauthorizeEvery", "StageVariables"],
    without_effect: &[],
};
const CORS: Known = Known {
    supported: &["AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders", "MaxAge"],
    without_effect: &[],
};

/// An API without its routes, and the default authorizer of routes.
pub(crate) struct Shell {
    pub(crate) api: HttpApi,
    default_authorizer: Option<String>,
}

pub(crate) fn read(
    scope: &Scope,
    logical_id: &str,
    properties: &Node,
    functions: &BTreeMap<String, Function>,
    warnings: &mut Vec<String>,
) -> Result<Shell, Issue> {
    let fields = Fields::read(scope, properties, &HTTP_API, logical_id, warnings)?;
    let mut shell = Shell {
        api: HttpApi {
            logical_id: logical_id.to_owned(),
            id: arn::api_id(logical_id),
            stage: fields.text("StageName")?.unwrap_or_else(|| "$default".to_owned()),
            stage_variables: fields.map("StageVariables")?,
            routes: Vec::new(),
            authorizers: BTreeMap::new(),
            cors: None,
        },
        default_authorizer: None,
    };
    if let Some(node) = fields.node("CorsConfiguration") {
        let subject = format!("{logical_id}.CorsConfiguration");
        shell.api.cors = cors(scope, node, &subject, warnings).map_err(|issue| issue.within("CorsConfiguration"))?;
    }
    if let Some(node) = fields.node("Auth") {
        let subject = format!("{logical_id}.Auth");
        let auth = Fields::read(scope, node, &AUTH, &subject, warnings)?;
        for (name, node) in auth.node("Authorizers").map_or(&[][..], Node::entries) {
            let subject = format!("{subject}.Authorizers.{name}");
            let authorizer = authorizer(scope, node, functions, &subject, warnings)
                .map_err(|issue| issue.within(name).within("Authorizers").within("Auth"))?;
            shell.api.authorizers.insert(name.clone(), authorizer);
        }
        shell.default_authorizer = auth.text("DefaultAuthorizer")?;
        if let Some(name) = shell.default_authorizer.as_ref().filter(|name| !shell.api.authorizers.contains_key(*name))
        {
            let message = format!("the API has no authorizer {name}");
            return Err(Issue::at(auth.line(), message).within("DefaultAuthorizer").within("Auth"));
        }
    }
    Ok(shell)
}

impl Shell {
    /// Adds the routes in the functions' events.
    pub(crate) fn with_routes(mut self, events: Vec<HttpEvent>) -> Result<HttpApi, Issue> {
        for event in events {
            let authorizer = match event.authorizer.as_deref() {
                Some("NONE") => None,
                Some(name) if self.api.authorizers.contains_key(name) => Some(name.to_owned()),
                Some(name) => {
                    let message = format!("{} has no authorizer {name}", self.api.logical_id);
                    return Err(Issue::at(event.line, message).within(&event.subject));
                }
                None => self.default_authorizer.clone(),
            };
            let is_same_route = |route: &&HttpRoute| route.method == event.method && route.path == event.path;
            if let Some(other) = self.api.routes.iter().find(is_same_route) {
                let message = format!("{} has the same route", other.function);
                return Err(Issue::at(event.line, message).within(&event.subject));
            }
            self.api.routes.push(HttpRoute {
                method: event.method,
                path: event.path,
                function: event.function,
                authorizer,
                timeout: event.timeout,
            });
        }
        Ok(self.api)
    }
}

fn authorizer(
    scope: &Scope,
    node: &Node,
    functions: &BTreeMap<String, Function>,
    subject: &str,
    warnings: &mut Vec<String>,
) -> Result<HttpAuthorizer, Issue> {
    let fields = Fields::read(scope, node, &AUTHORIZER, subject, warnings)?;
    let function = super::function_of(functions, &fields, "FunctionArn")?;
    if fields.text("AuthorizerPayloadFormatVersion")?.is_some_and(|version| version != "2.0")
        || fields.flag("EnableSimpleResponses")? != Some(true)
    {
        return Err(Issue::at(
            node.line,
            "only AuthorizerPayloadFormatVersion: 2.0 with EnableSimpleResponses: true is supported locally",
        ));
    }
    let (mut identity_sources, mut ttl) = (Vec::new(), 0);
    if let Some(node) = fields.node("Identity") {
        let identity = Fields::read(scope, node, &IDENTITY, &format!("{subject}.Identity"), warnings)?;
        let kinds = [
            ("Headers", "$request.header."),
            ("QueryStrings", "$request.querystring."),
            ("StageVariables", "$stageVariables."),
            ("Context", "$context."),
        ];
        for (key, prefix) in kinds {
            let names = identity.texts(key)?.unwrap_or_default();
            identity_sources.extend(names.into_iter().map(|name| format!("{prefix}{name}")));
        }
        ttl = identity.number("ReauthorizeEvery")?.unwrap_or(0);
    }
    let ttl = fields.number("AuthorizerResultTtlInSeconds")?.unwrap_or(ttl);
    Ok(HttpAuthorizer { function, identity_sources, ttl: Duration::from_secs(ttl) })
}

fn cors(scope: &Scope, node: &Node, subject: &str, warnings: &mut Vec<String>) -> Result<Option<Cors>, Issue> {
    match &node.value {
        Value::Text(text) if text == "false" => return Ok(None),
        // SAM's short form: every origin.
        Value::Text(text) if text == "true" => {
            return Ok(Some(Cors { origins: vec!["*".to_owned()], ..Cors::default() }));
        }
        _ => {}
    }
    let fields = Fields::read(scope, node, &CORS, subject, warnings)?;
    let cors = Cors {
        origins: fields.texts("AllowOrigins")?.unwrap_or_default(),
        methods: fields.texts("AllowMethods")?.unwrap_or_default(),
        headers: fields.texts("AllowHeaders")?.unwrap_or_default(),
        expose: fields.texts("ExposeHeaders")?.unwrap_or_default(),
        credentials: fields.flag("AllowCredentials")?.unwrap_or(false),
        max_age: fields.number("MaxAge")?,
    };
    if cors.credentials && cors.origins.iter().any(|origin| origin == "*") {
        return Err(Issue::at(node.line, "AllowCredentials needs explicit origins. Replace the origin *"));
    }
    Ok(Some(cors))
}
