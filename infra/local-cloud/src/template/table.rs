//! `AWS::DynamoDB::Table`.

use std::collections::BTreeMap;

use super::{
    error::Issue,
    fields::{Fields, Known},
    model::{Index, Key, Table},
    node::Node,
    scope::Scope,
};

const TABLE: Known = Known {
    supported: &[
        "TableName",
        "KeySchema",
        "AttributeDefinitions",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "TimeToLiveSpecification",
    ],
    without_effect: &[
        "BillingMode",
        "ContributorInsightsSpecification",
        "DeletionProtectionEnabled",
        "OnDemandThroughput",
        "PointInTimeRecoverySpecification",
        "ProvisionedThroughput",
        "ResourcePolicy",
        "SSESpecification",
        "TableClass",
        "Tags",
        "WarmThroughput",
    ],
};
const INDEX: Known = Known {
    supported: &["IndexName", "KeySchema", "Projection"],
    without_effect: &[
        "ContributorInsightsSpecification",
        "OnDemandThroughput",
        "ProvisionedThroughput",
        "WarmThroughput",
    ],
};
const PROJECTION: Known = Known { supported: &["ProjectionType", "NonKeyAttributes"], without_effect: &[] };
const KEY: Known = Known { supported: &["AttributeName", "KeyType"], without_effect: &[] };
const ATTRIBUTE: Known = Known { supported: &["AttributeName", "AttributeType"], without_effect: &[] };
const TIME_TO_LIVE: Known = Known { supported: &["AttributeName", "Enabled"], without_effect: &[] };

pub(crate) fn read(
    scope: &Scope,
    logical_id: &str,
    name: String,
    properties: &Node,
    warnings: &mut Vec<String>,
) -> Result<Table, Issue> {
    let fields = Fields::read(scope, properties, &TABLE, logical_id, warnings)?;
    let mut attributes = BTreeMap::new();
    for node in fields.items("AttributeDefinitions")? {
        let subject = format!("{logical_id}.AttributeDefinitions");
        let attribute = Fields::read(scope, node, &ATTRIBUTE, &subject, warnings)?;
        attributes.insert(attribute.required("AttributeName")?, attribute.required("AttributeType")?);
    }
    let mut ttl = None;
    if let Some(node) = fields.node("TimeToLiveSpecification") {
        let subject = format!("{logical_id}.TimeToLiveSpecification");
        let specification = Fields::read(scope, node, &TIME_TO_LIVE, &subject, warnings)?;
        if specification.flag("Enabled")? == Some(true) {
            ttl = Some(specification.required("AttributeName")?);
        }
    }
    let mut indexes = |property: &str| -> Result<Vec<Index>, Issue> {
        let subject = format!("{logical_id}.{property}");
        let indexes = fields.items(property)?.iter().map(|node| index(scope, node, &subject, warnings));
        indexes.collect::<Result<_, _>>().map_err(|issue| issue.within(property))
    };
    let global_indexes = indexes("GlobalSecondaryIndexes")?;
    let local_indexes = indexes("LocalSecondaryIndexes")?;
    let table = Table {
        logical_id: logical_id.to_owned(),
        name,
        key: key(scope, &fields, logical_id, warnings)?,
        attributes,
        global_indexes,
        local_indexes,
        ttl,
    };
    let keys = std::iter::once(&table.key);
    let keys = keys.chain(table.global_indexes.iter().chain(&table.local_indexes).map(|index| &index.key));
    for attribute in keys.flat_map(|key| std::iter::once(&key.partition).chain(&key.sort)) {
        if !table.attributes.contains_key(attribute) {
            let message = format!("{attribute} is part of a key, but has no type. Add it to AttributeDefinitions");
            return Err(Issue::at(fields.line(), message).within("AttributeDefinitions"));
        }
    }
    Ok(table)
}

fn key(scope: &Scope, fields: &Fields, subject: &str, warnings: &mut Vec<String>) -> Result<Key, Issue> {
    let (mut partition, mut sort) = (None, None);
    for node in fields.items("KeySchema")? {
        let part = Fields::read(scope, node, &KEY, &format!("{subject}.KeySchema"), warnings)?;
        let name = part.required("AttributeName")?;
        match part.required("KeyType")?.as_str() {
            "HASH" => partition = Some(name),
            "RANGE" => sort = Some(name),
            other => {
                let message = format!("KeyType must be HASH or RANGE, but this is {other}");
                return Err(Issue::at(node.line, message).within("KeySchema"));
            }
        }
    }
    let partition = partition.ok_or_else(|| Issue::at(fields.line(), "the HASH key is missing").within("KeySchema"))?;
    Ok(Key { partition, sort })
}

fn index(scope: &Scope, node: &Node, subject: &str, warnings: &mut Vec<String>) -> Result<Index, Issue> {
    let fields = Fields::read(scope, node, &INDEX, subject, warnings)?;
    let (mut projection, mut included) = ("ALL".to_owned(), Vec::new());
    if let Some(node) = fields.node("Projection") {
        let fields = Fields::read(scope, node, &PROJECTION, &format!("{subject}.Projection"), warnings)?;
        projection = fields.text("ProjectionType")?.unwrap_or(projection);
        included = fields.texts("NonKeyAttributes")?.unwrap_or_default();
    }
    Ok(Index {
        name: fields.required("IndexName")?,
        key: key(scope, &fields, subject, warnings)?,
        projection,
        included: included.into_iter().collect(),
    })
}
