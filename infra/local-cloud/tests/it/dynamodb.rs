use std::collections::BTreeMap;

use aws_sdk_dynamodb::{
    Client,
    config::{Credentials, Region},
    types::AttributeValue,
};
use local_cloud::{DynamoDb, Error, Template, dynamodb};

use crate::support::Cloud;

pub(crate) fn client(endpoint: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

fn template() -> Template {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates/tables.yaml");
    Template::load(&path, &BTreeMap::new()).unwrap()
}

async fn put(client: &Client) {
    client
        .put_item()
        .table_name("items")
        .item("pk", AttributeValue::S("a".into()))
        .item("sk", AttributeValue::N("1".into()))
        .send()
        .await
        .unwrap();
}

async fn count(client: &Client) -> i32 {
    client.scan().table_name("items").send().await.unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_template_are_created_in_memory() {
    let running = dynamodb::start_in_memory(&template()).await.unwrap();
    let client = client(running.endpoint());
    put(&client).await;
    assert_eq!(count(&client).await, 1);
    let table = client.describe_table().table_name("items").send().await.unwrap().table.unwrap();
    assert_eq!(table.key_schema().len(), 2);
    assert_eq!(table.global_secondary_indexes()[0].index_name(), Some("bySk"));
    let ttl = client.describe_time_to_live().table_name("items").send().await.unwrap();
    assert_eq!(ttl.time_to_live_description().and_then(|ttl| ttl.attribute_name()), Some("expires"));
    running.shutdown().await;
    assert!(client.list_tables().send().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_works_on_a_single_threaded_runtime() {
    // The engine blocks on SQLite in its own thread, so it does not block a single-threaded runtime.
    let handle = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let running = dynamodb::start_in_memory(&template()).await.unwrap();
            count(&client(running.endpoint())).await
        })
    });
    assert_eq!(handle.join().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_in_a_file_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("new/directory/data.db");
    for expected in [0, 1] {
        let mut cloud =
            Cloud::start_with("tables.yaml", |options| options.dynamodb = DynamoDb::File(file.clone())).await;
        let client = client(cloud.cloud().dynamodb_endpoint());
        assert_eq!(count(&client).await, expected);
        put(&client).await;
        cloud.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_serves_one_system_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("data.db");
    let mut first = Cloud::start_with("tables.yaml", |options| options.dynamodb = DynamoDb::File(file.clone())).await;
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for path in [&file, &link] {
        let refused = start(DynamoDb::File(path.clone()), crate::support::template("tables.yaml")).await.unwrap_err();
        let Error::FileInUse { file: named, process } = &refused else { panic!("{refused}") };
        assert_eq!((named, *process), (path, Some(std::process::id())), "{refused}");
    }
    first.shutdown().await;
    start(DynamoDb::File(file), crate::support::template("tables.yaml")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn port_in_use_is_told_before_anything_is_built() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("data.db");
    let mut options = local_cloud::Options::new(
        crate::support::template("tables.yaml"),
        local_cloud::Ports::bind(0, 0).await.unwrap(),
    );
    let events: std::sync::Arc<std::sync::Mutex<Vec<local_cloud::Event>>> = std::sync::Arc::default();
    let sink = events.clone();
    options.output = std::sync::Arc::new(move |event| sink.lock().unwrap().push(event));
    (options.dynamodb, options.dynamodb_port) = (DynamoDb::File(file.clone()), port);
    let Err(error) = local_cloud::LocalCloud::start(options).await else { panic!("the port is taken") };
    assert!(matches!(error, Error::PortTaken { port: named } if named == port), "{error}");
    assert_eq!(*events.lock().unwrap(), Vec::new(), "nothing is built");
    assert!(!file.exists(), "no file is made");
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_tables_of_another_endpoint_are_kept() {
    let running = dynamodb::start_in_memory(&template()).await.unwrap();
    put(&client(running.endpoint())).await;
    let endpoint = running.endpoint().to_owned();
    let cloud = Cloud::start_with("tables.yaml", |options| options.dynamodb = DynamoDb::Endpoint(endpoint)).await;
    assert_eq!(cloud.cloud().dynamodb_endpoint(), running.endpoint());
    assert_eq!(count(&client(running.endpoint())).await, 1);
}

async fn start(dynamodb: DynamoDb, template: std::path::PathBuf) -> Result<(), Error> {
    let mut options = local_cloud::Options::new(template, local_cloud::Ports::bind(0, 0).await?);
    options.dynamodb = dynamodb;
    local_cloud::LocalCloud::start(options).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn table_with_different_keys_is_an_error() {
    let running = dynamodb::start_in_memory(&template()).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("template.yaml");
    let other = include_str!("../templates/tables.yaml").replace("        - {AttributeName: sk, KeyType: RANGE}\n", "");
    std::fs::write(&path, other).unwrap();
    let error = start(DynamoDb::Endpoint(running.endpoint().to_owned()), path).await.unwrap_err();
    assert!(matches!(error, Error::TableDiffers { .. }), "{error}");
    assert!(error.to_string().contains("key (pk, sk)") && error.to_string().contains("key (pk)"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn error_names_an_endpoint_that_does_not_answer() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates/tables.yaml");
    let error = start(DynamoDb::Endpoint("http://127.0.0.1:1".into()), path).await.unwrap_err();
    assert!(error.to_string().contains("http://127.0.0.1:1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn web_pages_cannot_read_the_tables() {
    let embedded = dynamodb::start_in_memory(&template()).await.unwrap();
    let call = async |headers: &[(&str, &str)]| crate::support::send("POST", embedded.endpoint(), headers, "{}").await;
    let list = ("x-amz-target", "DynamoDB_20120810.ListTables");
    let signed = (
        "authorization",
        "AWS4-HMAC-SHA256 Credential=a/20260101/r/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    );
    let page = ("origin", "https://evil.example");
    for headers in [vec![list, signed, page], vec![list, signed, ("host", "evil.example")]] {
        let answer = call(&headers).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    let preflight = crate::support::send("OPTIONS", embedded.endpoint(), &[page], "").await;
    assert!(!preflight.headers.contains_key("access-control-allow-origin"));
    assert_eq!(client(embedded.endpoint()).list_tables().send().await.unwrap().table_names().len(), 1);
}
