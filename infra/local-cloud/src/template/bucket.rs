//! `AWS::S3::Bucket`.

use super::{
    error::Issue,
    fields::{Fields, Known},
    model::{Bucket, Cors},
    node::Node,
    scope::Scope,
};

const BUCKET: Known = Known {
    supported: &["BucketName", "CorsConfiguration"],
    without_effect: &[
        "AnalyticsConfigurations",
        "BucketEncryption",
        "IntelligentTieringConfigurations",
        "InventoryConfigurations",
        "LifecycleConfiguration",
        "LoggingConfiguration",
        "MetricsConfigurations",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
    ],
};
const CORS: Known = Known { supported: &["CorsRules"], without_effect: &[] };
const RULE: Known = Known {
    supported: &["AllowedHeaders", "AllowedMethods", "AllowedOrigins", "ExposedHeaders", "MaxAge"],
    without_effect: &["Id"],
};

pub(crate) fn read(
    scope: &Scope,
    logical_id: &str,
    name: String,
    properties: &Node,
    warnings: &mut Vec<String>,
) -> Result<Bucket, Issue> {
    let fields = Fields::read(scope, properties, &BUCKET, logical_id, warnings)?;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if !(3..=63).contains(&name.len()) || !name.chars().all(is_name) || name.starts_with(['-', '.']) {
        let message = format!("{name} is not a valid name of a bucket. Use 3 to 63 of the characters a-z 0-9 - .");
        return Err(Issue::at(fields.line(), message).within("BucketName"));
    }
    let mut cors = Vec::new();
    if let Some(node) = fields.node("CorsConfiguration") {
        let subject = format!("{logical_id}.CorsConfiguration");
        let rules = Fields::read(scope, node, &CORS, &subject, warnings)?;
        for node in rules.items("CorsRules")? {
            let subject = format!("{subject}.CorsRules");
            cors.push(rule(scope, node, &subject, warnings).map_err(|issue| issue.within("CorsConfiguration"))?);
        }
    }
    Ok(Bucket { logical_id: logical_id.to_owned(), name, cors })
}

fn rule(scope: &Scope, node: &Node, subject: &str, warnings: &mut Vec<String>) -> Result<Cors, Issue> {
    let fields = Fields::read(scope, node, &RULE, subject, warnings)?;
    Ok(Cors {
        origins: fields.texts("AllowedOrigins")?.unwrap_or_default(),
        methods: fields.texts("AllowedMethods")?.unwrap_or_default(),
        headers: fields.texts("AllowedHeaders")?.unwrap_or_default(),
        expose: fields.texts("ExposedHeaders")?.unwrap_or_default(),
        credentials: false,
        max_age: fields.number("MaxAge")?,
    })
}
