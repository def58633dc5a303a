//! A DynamoDB engine with the tables of template.yaml, and a client that records the request and cost of every call.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};
use local_cloud::Template;
use local_cloud::dynamodb::{Embedded, start_in_memory};
use realtime::RedisConnections;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use store::{DynamoStore, TableNames};
use testkit::{RedisServer, TestEnv};
use tokio::sync::OnceCell;

type Engine = OnceCell<(Embedded, TableNames)>;

/// The engine of most tests in this binary.
static ENGINE: Engine = OnceCell::const_new();
/// The engine for stores with connections in Redis. The contract's cases run on both kinds of store and use the same
/// ids, so each needs its own tables.
static ENGINE_WITH_REDIS: Engine = OnceCell::const_new();

/// Starts the engine with the tables of template.yaml, once.
async fn running(engine: &'static Engine) -> &'static (Embedded, TableNames) {
    engine.get_or_init(new_engine).await
}

/// Starts an engine with the tables of template.yaml.
async fn new_engine() -> (Embedded, TableNames) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let template = Template::load(&path, &BTreeMap::new()).unwrap();
    let engine = start_in_memory(&template).await.unwrap();
    let table_name = |id: &str| template.tables.iter().find(|table| table.logical_id == id).unwrap().name.clone();
    let tables = TableNames {
        chats: table_name("ChatsTable"),
        messages: table_name("MessagesTable"),
        chat_members: table_name("ChatMembersTable"),
        sends: table_name("SendsTable"),
        uploads: table_name("UploadsTable"),
        chat_users: table_name("ChatUsersTable"),
        user_limits: table_name("UserLimitsTable"),
        user_items: table_name("UserItemsTable"),
    };
    (engine, tables)
}

/// The tables of an engine that no other test uses.
pub(crate) struct OwnTables {
    _engine: Embedded,
    pub(crate) tables: TableNames,
    /// A client whose calls are not recorded, so that it may scan.
    pub(crate) client: Client,
}

impl OwnTables {
    pub(crate) async fn new() -> Self {
        let (engine, tables) = new_engine().await;
        let client = Client::from_conf(config(&engine).build());
        Self { _engine: engine, tables, client }
    }

    pub(crate) fn store(&self) -> DynamoStore<TestEnv> {
        DynamoStore::with_client(self.client.clone(), self.tables.clone(), TestEnv::default())
    }

    /// The tables, each under the name that documents use.
    pub(crate) fn named(&self) -> [(&'static str, &str); 8] {
        let TableNames { chats, messages, chat_members, sends, uploads, chat_users, user_limits, user_items } =
            &self.tables;
        [
            ("Chats", chats),
            ("Messages", messages),
            ("ChatMembers", chat_members),
            ("Sends", sends),
            ("Uploads", uploads),
            ("ChatUsers", chat_users),
            ("UserLimits", user_limits),
            ("UserItems", user_items),
        ]
    }

    /// All items of a table.
    pub(crate) async fn items(&self, table: &str) -> Vec<Item> {
        self.client.scan().table_name(table).send().await.unwrap().items.unwrap_or_default()
    }
}

/// An item with its attributes.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A store on [`ENGINE`], and the calls that go through it.
pub(crate) async fn store() -> (DynamoStore<TestEnv>, Calls) {
    let (client, tables, calls) = client().await;
    (DynamoStore::with_client(client, tables, TestEnv::default()), calls)
}

/// A store with live connections in Redis, with its own key prefix, and its DynamoDB calls.
pub(crate) async fn store_with_redis() -> (DynamoStore<TestEnv, RedisConnections>, Calls) {
    static REDIS: LazyLock<RedisServer> = LazyLock::new(RedisServer::start);
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (client, tables, calls) = client_of(&ENGINE_WITH_REDIS).await;
    let store = DynamoStore::with_client(client, tables, TestEnv::default());
    let prefix = format!("test-{}:", NEXT.fetch_add(1, Ordering::Relaxed));
    let connections = RedisConnections::new(realtime::parse_url(&REDIS.url()).unwrap(), (), &prefix);
    (store.with_connections_in(connections), calls)
}

/// The same as [`client`], of [`ENGINE_WITH_REDIS`].
pub(crate) async fn client_with_redis() -> (Client, TableNames, Calls) {
    client_of(&ENGINE_WITH_REDIS).await
}

/// A client of [`ENGINE`], the tables, and the calls that go through it.
pub(crate) async fn client() -> (Client, TableNames, Calls) {
    client_of(&ENGINE).await
}

/// A client of [`ENGINE`] whose calls are not recorded, and the tables.
pub(crate) async fn unrecorded_client() -> (Client, TableNames) {
    let (engine, tables) = running(&ENGINE).await;
    (Client::from_conf(config(engine).build()), tables.clone())
}

async fn client_of(engine: &'static Engine) -> (Client, TableNames, Calls) {
    let (engine, tables) = running(engine).await;
    let calls = Calls::default();
    let config = config(engine).interceptor(calls.clone()).build();
    (Client::from_conf(config), tables.clone(), calls)
}

fn config(engine: &Embedded) -> Builder {
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(engine.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
}

/// One call: its request and its cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Call {
    pub(crate) operation: &'static str,
    /// The tables that the call read strongly.
    pub(crate) strong: Vec<String>,
    /// The tables that the call read eventually consistently.
    pub(crate) eventual: Vec<String>,
    /// Whether the call asked for its capacity, indexes included.
    pub(crate) asks_capacity: bool,
    pub(crate) read_units: f64,
    pub(crate) write_units: f64,
}

/// The calls of one client, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<Call>>>);

impl Calls {
    /// The calls since the last time, in order.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        let input = context.input();
        let asks = |requested: Option<&ReturnConsumedCapacity>| requested == Some(&ReturnConsumedCapacity::Indexes);
        let mut call = Call::default();
        if let Some(input) = input.downcast_ref::<BatchGetItemInput>() {
            call = Call { operation: "BatchGetItem", asks_capacity: asks(input.return_consumed_capacity()), ..call };
            for (table, keys) in input.request_items().unwrap() {
                let read = if keys.consistent_read() == Some(true) { &mut call.strong } else { &mut call.eventual };
                read.push(table.clone());
            }
        } else if let Some(input) = input.downcast_ref::<GetItemInput>() {
            call = Call { operation: "GetItem", asks_capacity: asks(input.return_consumed_capacity()), ..call };
            let read = if input.consistent_read() == Some(true) { &mut call.strong } else { &mut call.eventual };
            read.push(input.table_name().unwrap().to_owned());
        } else if let Some(input) = input.downcast_ref::<QueryInput>() {
            call = Call { operation: "Query", asks_capacity: asks(input.return_consumed_capacity()), ..call };
            let read = if input.consistent_read() == Some(true) { &mut call.strong } else { &mut call.eventual };
            read.push(input.table_name().unwrap().to_owned());
        } else if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
            call = Call { operation: "UpdateItem", asks_capacity: asks(input.return_consumed_capacity()), ..call };
        } else if let Some(input) = input.downcast_ref::<PutItemInput>() {
            call = Call { operation: "PutItem", asks_capacity: asks(input.return_consumed_capacity()), ..call };
        } else if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
            call =
                Call { operation: "TransactWriteItems", asks_capacity: asks(input.return_consumed_capacity()), ..call };
        } else {
            panic!("this call has no budget; add its operation here: {input:?}");
        }
        call.strong.sort();
        call.eventual.sort();
        self.0.lock().unwrap().push(call);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), aws_sdk_dynamodb::error::BoxError> {
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let sum = |all: &[ConsumedCapacity]| all.iter().filter_map(ConsumedCapacity::capacity_units).sum::<f64>();
        let one = |capacity: Option<&ConsumedCapacity>| capacity.and_then(ConsumedCapacity::capacity_units).unwrap();
        let (operation, read, written) = if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            ("BatchGetItem", sum(output.consumed_capacity()), 0.0)
        } else if let Some(output) = output.downcast_ref::<GetItemOutput>() {
            ("GetItem", one(output.consumed_capacity()), 0.0)
        } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
            ("Query", one(output.consumed_capacity()), 0.0)
        } else if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
            ("UpdateItem", 0.0, one(output.consumed_capacity()))
        } else if let Some(output) = output.downcast_ref::<PutItemOutput>() {
            ("PutItem", 0.0, one(output.consumed_capacity()))
        } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            ("TransactWriteItems", 0.0, sum(output.consumed_capacity()))
        } else {
            panic!("the output of an unknown operation");
        };
        // Concurrent calls end in any order. This takes the first call of this operation without a cost.
        let mut calls = self.0.lock().unwrap();
        let open =
            calls.iter_mut().find(|call| call.operation == operation && call.read_units + call.write_units == 0.0);
        let call = open.unwrap();
        (call.read_units, call.write_units) = (read, written);
        Ok(())
    }
}
