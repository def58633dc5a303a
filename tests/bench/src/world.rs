//! The stand-ins for AWS that one scenario uses, and the functions that set it up.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::future::try_join_all;
use local_cloud::{Template, template::Function};
use serde_json::{Value, json};

use crate::{Connections, DynamoDb, Error, Instance, Programs, Sample, runtime_api::RuntimeApi, tls::Tls};

/// How many people one request adds to a group: the limit of the API.
const MAX_PEOPLE_PER_REQUEST: usize = 89;
/// How many instances of `connect` open connections at the same time.
const CONNECTORS: usize = 2;
/// The budgets of users, as variables of the functions. No scenario is to use one up.
const BUDGETS: [&str; 10] = [
    "SEND_BURST",
    "SEND_PER_SECOND",
    "NEW_MEMBER_BURST",
    "CHANGE_BURST",
    "CHANGE_PER_SECOND",
    "NEW_CHAT_BURST",
    "NEW_CHATS_PER_HOUR",
    "ADDED_PEOPLE_BURST",
    "ADDED_PEOPLE_PER_HOUR",
    "MAX_OPEN_CHATS",
];
const LARGE_BUDGET: &str = "1000000";

/// What all scenarios of a run share.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The repository.
    pub root: PathBuf,
    /// The functions' programs.
    pub programs: Programs,
    /// How long each call to DynamoDB takes.
    pub delay: Duration,
}

/// The stand-ins, with nobody and nothing in them. Calls take no time until [`World::set_delay`].
#[derive(Debug)]
pub struct World {
    setup: Setup,
    template: Template,
    tls: Option<Tls>,
    dynamodb: DynamoDb,
    connections: Connections,
    runtime_api: RuntimeApi,
    instances: AtomicU64,
}

impl World {
    /// Starts the stand-ins.
    ///
    /// # Errors
    ///
    /// The template cannot be read, or a stand-in does not start.
    pub async fn start(setup: &Setup) -> Result<Self, Error> {
        Self::start_with(setup, None).await
    }

    /// Starts the stand-ins for DynamoDB and `@connections` with TLS. The functions trust its root, and no other.
    ///
    /// # Errors
    ///
    /// The template cannot be read, or a stand-in does not start.
    pub async fn start_with_tls(setup: &Setup) -> Result<Self, Error> {
        Self::start_with(setup, Some(Tls::new()?)).await
    }

    async fn start_with(setup: &Setup, tls: Option<Tls>) -> Result<Self, Error> {
        let path = setup.root.join("template.yaml");
        let template = Template::load(&path, &BTreeMap::new()).map_err(|error| Error(error.to_string()))?;
        let dynamodb = DynamoDb::start(&template, tls.as_ref()).await?;
        let (connections, runtime_api) = (Connections::start(tls.as_ref())?, RuntimeApi::start()?);
        let instances = AtomicU64::default();
        Ok(Self { setup: setup.clone(), template, tls, dynamodb, connections, runtime_api, instances })
    }

    /// The stand-in for DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> &DynamoDb {
        &self.dynamodb
    }

    /// The stand-in for `@connections`.
    #[must_use]
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Lets every call to DynamoDB take the run's delay from now on.
    pub fn set_delay(&self) {
        self.dynamodb.set_delay(self.setup.delay);
    }

    /// Starts an instance of a function and waits until it asks for its first event.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub async fn instance(&self, function: &str) -> Result<Instance, Error> {
        let mut instance = self.start_instance(function)?;
        instance.ready().await?;
        Ok(instance)
    }

    /// Starts an instance of a function. Returns without waiting for it.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub fn start_instance(&self, function: &str) -> Result<Instance, Error> {
        let environment = self.environment(function)?;
        self.start_program(function, self.setup.programs.command_line(function), &environment)
    }

    /// Starts an instance of a function as the argument of another program, and waits until it asks for its first event.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub async fn instance_in(&self, tool: &[String], function: &str) -> Result<Instance, Error> {
        let (program, arguments) = self.setup.programs.command_line(function);
        let mut words = tool.iter().cloned().chain([program.display().to_string()]).chain(arguments);
        let tool = words.next().unwrap_or_default();
        let command_line = (tool.into(), words.collect());
        let mut instance = self.start_program(function, command_line, &self.environment(function)?)?;
        instance.ready().await?;
        Ok(instance)
    }

    /// Starts an instance of another program, with the variables that every function has.
    ///
    /// # Errors
    ///
    /// The program cannot be run.
    pub fn start_other(&self, program: &Path) -> Result<Instance, Error> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.start_program(&name, (program.to_owned(), Vec::new()), &lambda_variables(&name, 256))
    }

    /// Starts an instance of another program with variables of its own, besides Lambda's, and waits until it asks for
    /// its first event. `memory` in MB.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub async fn instance_of(
        &self,
        name: &str,
        command_line: (PathBuf, Vec<String>),
        memory: u64,
        variables: BTreeMap<String, String>,
    ) -> Result<Instance, Error> {
        let mut environment = lambda_variables(name, memory);
        environment.extend(variables);
        let mut instance = self.start_program(name, command_line, &environment)?;
        instance.ready().await?;
        Ok(instance)
    }

    /// The memory that the template gives a function, in MB.
    ///
    /// # Errors
    ///
    /// The template has no such function.
    pub fn memory(&self, function: &str) -> Result<u64, Error> {
        self.function(function).map(|function| function.memory)
    }

    fn start_program(
        &self,
        function: &str,
        command_line: (PathBuf, Vec<String>),
        environment: &BTreeMap<String, String>,
    ) -> Result<Instance, Error> {
        let number = self.instances.fetch_add(1, Ordering::Relaxed);
        Instance::start(&self.runtime_api, format!("{function}-{number}"), command_line, environment)
    }

    /// The names of the functions' programs.
    #[must_use]
    pub fn functions(&self) -> Vec<&str> {
        self.template.functions.values().filter_map(|function| function.binary()).collect()
    }

    fn function(&self, name: &str) -> Result<&Function, Error> {
        let mut functions = self.template.functions.values();
        let function = functions.find(|function| function.binary() == Some(name));
        function.ok_or_else(|| Error(format!("template.yaml has no function {name}")))
    }

    /// The variables that the template gives a function, with the stand-ins' addresses.
    fn environment(&self, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let function = self.function(name)?;
        let mut environment = lambda_variables(name, function.memory);
        environment.extend(function.environment.clone());
        for budget in BUDGETS {
            if let Some(value) = environment.get_mut(budget) {
                LARGE_BUDGET.clone_into(value);
            }
        }
        if environment.contains_key("CONNECTIONS_ENDPOINT") {
            environment.insert("CONNECTIONS_ENDPOINT".to_owned(), self.connections.endpoint());
        }
        if environment.contains_key("AUTH_JWKS_URL") {
            environment.insert("AUTH_JWKS_URL".to_owned(), format!("{}/jwks", self.connections.endpoint()));
        }
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), self.dynamodb.endpoint().to_owned());
        if let Some(tls) = &self.tls {
            environment.insert("SSL_CERT_FILE".to_owned(), tls.root_file().display().to_string());
        }
        Ok(environment)
    }

    /// The sample event of a function.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn sample(&self, function: &str) -> Result<Sample, Error> {
        Sample::read(&self.setup.root, function)
    }

    /// Creates the private chat of two users, or finds it. Returns its id.
    ///
    /// # Errors
    ///
    /// The function does not answer 201 or 200.
    pub async fn private_chat(&self, users: [&str; 2]) -> Result<String, Error> {
        self.create_chat(users[0], &json!({ "participants": [users[1]], "isGroup": false })).await
    }

    /// Creates a group of these users, at most 1,000. The first one creates it. Returns its id.
    ///
    /// # Errors
    ///
    /// A function does not answer 201 or 200.
    pub async fn group(&self, users: &[String]) -> Result<String, Error> {
        let Some((creator, others)) = users.split_first() else { return Err(Error("a group of nobody".to_owned())) };
        let (first, more) = others.split_at(others.len().min(MAX_PEOPLE_PER_REQUEST));
        let body = json!({ "participants": first, "isGroup": true, "name": "Bench" });
        let chat = self.create_chat(creator, &body).await?;
        if !more.is_empty() {
            let (mut add, sample) = (self.instance("add-participants").await?, self.sample("add-participants")?);
            for people in more.chunks(MAX_PEOPLE_PER_REQUEST) {
                let event = sample.http(creator, &[("chatId", &chat)], &json!({ "participants": people }));
                let answered = add.invoke(event).await?;
                expect(&answered.payload, answered.status() == 200)?;
            }
            add.stop().await;
        }
        Ok(chat)
    }

    async fn create_chat(&self, creator: &str, body: &Value) -> Result<String, Error> {
        let mut create = self.instance("create-chat").await?;
        let answered = create.invoke(self.sample("create-chat")?.http(creator, &[], body)).await?;
        create.stop().await;
        expect(&answered.payload, matches!(answered.status(), 200 | 201))?;
        let answer = answered.body();
        let id = answer["chat"]["chatId"].as_str().or_else(|| answer["chat"]["id"].as_str());
        id.map(str::to_owned).ok_or_else(|| Error(format!("create-chat answered no id: {answer}")))
    }

    /// Opens one connection for each of these users, through the function `connect`.
    ///
    /// # Errors
    ///
    /// The function does not answer 200.
    pub async fn connect(&self, users: &[String]) -> Result<(), Error> {
        let sample = &self.sample("connect")?;
        let workers = users.chunks(users.len().div_ceil(CONNECTORS).max(1)).map(|users| async move {
            let mut connect = self.instance("connect").await?;
            for user in users {
                let answered = connect.invoke(sample.connect(user, &connection_of(user))).await?;
                expect(&answered.payload, answered.status() == 200)?;
            }
            connect.stop().await;
            Ok::<_, Error>(())
        });
        try_join_all(workers).await.map(drop)
    }
}

/// Users with this name and numbers from 1 to `count`.
#[must_use]
pub fn users(name: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{name}{number}")).collect()
}

/// The id of the connection that [`World::connect`] opens for a user. API Gateway's ids are as long.
pub(crate) fn connection_of(user: &str) -> String {
    format!("{user:x>15}=")
}

fn expect(payload: &Value, is_expected: bool) -> Result<(), Error> {
    if is_expected { Ok(()) } else { Err(Error(format!("a function answered {payload}"))) }
}

/// The variables that Lambda sets. Source: AWS Lambda Developer Guide, "Defined runtime environment variables".
fn lambda_variables(name: &str, memory: u64) -> BTreeMap<String, String> {
    let memory = memory.to_string();
    let variables = [
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_SESSION_TOKEN", "bench"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
