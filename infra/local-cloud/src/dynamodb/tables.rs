//! Creates the template's missing tables, and fails if an existing table has other keys.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, Region},
    error::DisplayErrorContext,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex,
        Projection, ProjectionType, ScalarAttributeType, TableDescription, TableStatus, TimeToLiveSpecification,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::{
    Error, arn,
    template::{Index, Key, Table},
};

/// The wait between two looks at a new table, and the most looks until it is active.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
const MAX_POLLS: usize = 300;

/// A client of one endpoint, and the endpoint's URL for error messages.
pub(crate) struct Access {
    client: Client,
    endpoint: String,
}

impl Access {
    /// `environment` may have credentials and a region. Otherwise, it uses made-up ones, which a local endpoint
    /// accepts.
    pub(crate) fn new(endpoint: &str, environment: &BTreeMap<String, String>) -> Self {
        let variable = |name: &str, default: &str| environment.get(name).map_or(default, String::as_str).to_owned();
        let credentials = Credentials::new(
            variable("AWS_ACCESS_KEY_ID", "local"),
            variable("AWS_SECRET_ACCESS_KEY", "local"),
            environment.get("AWS_SESSION_TOKEN").cloned(),
            None,
            "local-cloud",
        );
        let http = aws_smithy_http_client::Builder::new();
        let http = if endpoint.starts_with("https:") {
            http.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
        } else {
            http.build_http()
        };
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .region(Region::new(variable("AWS_REGION", arn::REGION)))
            .credentials_provider(credentials)
            .endpoint_url(endpoint)
            .http_client(http)
            .build();
        Self { client: Client::from_conf(config), endpoint: endpoint.to_owned() }
    }

    fn failed(&self, what: &str, error: impl std::error::Error) -> Error {
        Error::DynamoDb(format!("{what} at {}: {}", self.endpoint, DisplayErrorContext(error)))
    }
}

/// Creates the missing tables and waits until all are active. Returns warnings about TTLs that the endpoint cannot set.
pub(crate) async fn create_tables(access: &Access, tables: &[Table]) -> Result<Vec<String>, Error> {
    let mut warnings = Vec::new();
    for table in tables {
        match describe(access, &table.name).await? {
            Some(found) => check_keys(table, &found)?,
            None => create(access, table).await?,
        }
    }
    for table in tables {
        wait_until_active(access, &table.name).await?;
        if let Some(attribute) = &table.ttl
            && let Err(error) = set_ttl(access, &table.name, attribute).await
        {
            warnings.push(format!("expired items of table {} are not deleted: {error}", table.name));
        }
    }
    Ok(warnings)
}

async fn describe(access: &Access, name: &str) -> Result<Option<TableDescription>, Error> {
    match access.client.describe_table().table_name(name).send().await {
        Ok(output) => Ok(output.table),
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => Ok(None),
        Err(error) => Err(access.failed(&format!("cannot read the description of table {name}"), error)),
    }
}

async fn wait_until_active(access: &Access, name: &str) -> Result<(), Error> {
    for _ in 0..MAX_POLLS {
        let status = describe(access, name).await?.and_then(|table| table.table_status);
        if status.is_none_or(|status| status == TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Err(Error::DynamoDb(format!("table {name} at {} does not become active within 60 s", access.endpoint)))
}

async fn create(access: &Access, table: &Table) -> Result<(), Error> {
    let invalid = |error| access.failed(&format!("invalid definition of table {}", table.name), error);
    let mut request = access
        .client
        .create_table()
        .table_name(&table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(key_schema(&table.key).map_err(invalid)?));
    for (name, kind) in &table.attributes {
        let kind = ScalarAttributeType::from(kind.as_str());
        let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build();
        request = request.attribute_definitions(definition.map_err(invalid)?);
    }
    for index in &table.global_indexes {
        let index = GlobalSecondaryIndex::builder()
            .index_name(&index.name)
            .set_key_schema(Some(key_schema(&index.key).map_err(invalid)?))
            .projection(projection(index))
            .build();
        request = request.global_secondary_indexes(index.map_err(invalid)?);
    }
    for index in &table.local_indexes {
        let index = LocalSecondaryIndex::builder()
            .index_name(&index.name)
            .set_key_schema(Some(key_schema(&index.key).map_err(invalid)?))
            .projection(projection(index))
            .build();
        request = request.local_secondary_indexes(index.map_err(invalid)?);
    }
    let created = request.send().await;
    created.map_err(|error| access.failed(&format!("cannot create table {}", table.name), error))?;
    Ok(())
}

async fn set_ttl(access: &Access, name: &str, attribute: &str) -> Result<(), Error> {
    let failed = |error| access.failed("cannot set the TTL of a table", error);
    let current = access.client.describe_time_to_live().table_name(name).send().await;
    let current = current.ok().and_then(|output| output.time_to_live_description);
    if current.is_some_and(|current| current.attribute_name.as_deref() == Some(attribute)) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build();
    let specification = specification.map_err(|error| access.failed("cannot set the TTL of a table", error))?;
    let request = access.client.update_time_to_live().table_name(name).time_to_live_specification(specification);
    request.send().await.map_err(failed)?;
    Ok(())
}

fn key_schema(key: &Key) -> Result<Vec<KeySchemaElement>, aws_sdk_dynamodb::error::BuildError> {
    let element = |name: &String, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let partition = std::iter::once(element(&key.partition, KeyType::Hash));
    partition.chain(key.sort.iter().map(|sort| element(sort, KeyType::Range))).collect()
}

fn projection(index: &Index) -> Projection {
    let mut projection = Projection::builder().projection_type(ProjectionType::from(index.projection.as_str()));
    for attribute in &index.included {
        projection = projection.non_key_attributes(attribute);
    }
    projection.build()
}

fn check_keys(table: &Table, found: &TableDescription) -> Result<(), Error> {
    let mut expected = vec![key_text("", &table.key)];
    expected.extend(table.global_indexes.iter().chain(&table.local_indexes).map(|i| key_text(&i.name, &i.key)));
    let mut actual = vec![("", found.key_schema())];
    let globals = found.global_secondary_indexes().iter();
    actual.extend(globals.map(|index| (index.index_name().unwrap_or_default(), index.key_schema())));
    let locals = found.local_secondary_indexes().iter();
    actual.extend(locals.map(|index| (index.index_name().unwrap_or_default(), index.key_schema())));
    let mut actual: Vec<_> = actual.into_iter().map(|(name, schema)| key_text(name, &key_of(schema))).collect();
    expected.sort();
    actual.sort();
    if expected == actual {
        return Ok(());
    }
    Err(Error::TableDiffers { table: table.name.clone(), found: actual.join(", "), expected: expected.join(", ") })
}

fn key_of(schema: &[KeySchemaElement]) -> Key {
    let name = |kind: &KeyType| {
        schema.iter().find(|element| element.key_type() == kind).map(|element| element.attribute_name().to_owned())
    };
    Key { partition: name(&KeyType::Hash).unwrap_or_default(), sort: name(&KeyType::Range) }
}

fn key_text(index: &str, key: &Key) -> String {
    let place = if index.is_empty() { "key".to_owned() } else { format!("index {index}") };
    match &key.sort {
        Some(sort) => format!("{place} ({}, {sort})", key.partition),
        None => format!("{place} ({})", key.partition),
    }
}
