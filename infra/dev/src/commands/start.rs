//! `start`: runs the whole system until Ctrl-C.

use super::args::Start;
use super::{TOPIC, stop_requested};
use crate::Error;
use crate::auth_service::USERS;
use crate::cloud::{Cloud, Setup, served_by_this_program, workspace};
use crate::terminal::{Logs, Terminal};
use crate::web;
use local_cloud::{DynamoDb, Lambda, S3};

/// Where the tables are kept by default, in the repository.
const DATA_FILE: &str = ".lambda-chat/dynamodb.sqlite";
/// Printed for data that is not stored.
const NOT_KEPT: &str = "deleted when this program ends";

/// The variables of the developer's environment that the functions need to use a DynamoDB on AWS.
const AWS_VARIABLES: [&str; 4] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"];

pub(crate) async fn serve(start: Start) -> Result<(), Error> {
    let terminal = Terminal::new(Logs::Shown);
    let lambda = match start.lambda_endpoint {
        Some(url) => Lambda::Endpoint(url),
        None => served_by_this_program()?,
    };
    let mut setup = Setup::new(lambda, terminal.output());
    if let Some(template) = start.template {
        setup.template = template;
    }
    setup.ports = start.ports.into();
    // The terminal prints what the functions publish to this topic.
    setup.parameters = [("NotificationsTopicArn".to_owned(), TOPIC.to_owned())].into();
    setup.parameters.extend(start.parameters);
    let file = start.data.unwrap_or_else(|| workspace().join(DATA_FILE));
    if start.dynamodb_endpoint.is_some() {
        let variable = |name: &str| std::env::var(name).ok().map(|value| (name.to_owned(), value));
        setup.environment = AWS_VARIABLES.into_iter().filter_map(variable).collect();
    }
    setup.dynamodb = match start.dynamodb_endpoint {
        Some(url) => DynamoDb::Endpoint(url),
        None if start.memory => DynamoDb::Memory,
        None => DynamoDb::File(file.clone()),
    };
    // With --dynamodb-endpoint, attachments are still stored next to the default data file.
    let objects = file.parent().unwrap_or(&file).join("objects");
    setup.s3 = if start.memory { S3::Temporary } else { S3::Directory(objects.clone()) };
    let objects_place = if start.memory { NOT_KEPT.to_owned() } else { format!("stored in {}", objects.display()) };
    let tables_place = match &setup.dynamodb {
        DynamoDb::File(file) => format!("stored in {}", file.display()),
        DynamoDb::Memory => NOT_KEPT.to_owned(),
        DynamoDb::Endpoint(_) => "not started here".to_owned(),
    };
    let cloud = Cloud::start(setup).await?;
    print_welcome(&cloud, &tables_place, &objects_place)?;
    stop_requested().await?;
    print_line!("\nStopping. Press Ctrl-C again to stop at once.");
    tokio::select! {
        () = cloud.shutdown() => Ok(()),
        result = stop_requested() => result,
    }
}

fn print_welcome(cloud: &Cloud, tables_place: &str, objects_place: &str) -> Result<(), Error> {
    let (http, ws, auth) = (cloud.local.http_url(), cloud.local.websocket_url(), cloud.auth.url());
    // One address a line, so that terminals and people can open it.
    let [first, second, ..] = USERS;
    print_line!("lambda-chat is running at {http}/ until you press Ctrl-C. Open two windows, one for each user:\n");
    print_line!("  {}", web::url_as(http, first));
    print_line!("  {}\n", web::url_as(http, second));
    print_line!("  HTTP API       {http}");
    print_line!("  WebSocket API  {ws}");
    print_line!("  API reference  {http}{}", crate::reference::PATH);
    print_line!("  Auth Service   {auth}  (a stand-in: POST /token {{\"userId\"}} issues a token for any user)");
    print_line!("  DynamoDB       {}  ({tables_place})", cloud.local.dynamodb_endpoint());
    print_line!("  S3             {}  ({objects_place})", cloud.local.s3_endpoint());
    print_line!("  Metrics        {}/metrics\n", cloud.local.metrics_url());
    print_line!(
        "Three users and their tokens, valid for 12 hours, until this program ends. Paste these lines into a second terminal:\n"
    );
    for user in USERS {
        print_line!("{}={}", user.to_uppercase(), cloud.auth.token(user)?);
    }
    print_line!("\nIn the same terminal, alice opens a chat with bob and sends a message, and bob reads it:\n");
    print_line!(
        "CHAT=$(curl -s {http}/chats -H \"Authorization: Bearer $ALICE\" \\\n  \
         -d '{{\"participants\":[\"bob\"],\"isGroup\":false}}' | sed 's/.*\"chatId\":\"\\([^\"]*\\)\".*/\\1/')"
    );
    print_line!(
        "curl -s {http}/chats/$CHAT/messages -H \"Authorization: Bearer $ALICE\" \\\n  \
         -d '{{\"type\":\"text\",\"content\":\"Hello Bob\",\"clientMessageId\":\"m-1\"}}'"
    );
    print_line!("curl -s {http}/chats/$CHAT/messages -H \"Authorization: Bearer $BOB\"\n");
    print_line!("In a third terminal, bob receives events. Each line that you type there is sent as a frame:\n");
    print_line!("cargo run -q -- socket --as bob --ws-url {ws} --auth-url {auth}");
    print_line!("{{\"action\":\"ping\",\"id\":\"1\"}}\n");
    print_line!("Any other WebSocket client also works: npx wscat -c {ws} -H \"Authorization: Bearer $BOB\"\n");
    print_line!("In a fourth terminal, watch live numbers of the system:\n");
    print_line!("cargo run -q -- top --metrics-url {}\n", cloud.local.metrics_url());
    print_line!("The functions' log lines follow:");
    Ok(())
}
