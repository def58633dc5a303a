//! `start`: the whole system, until Ctrl-C.

use super::args::Start;
use super::{TOPIC, asked_to_stop};
use crate::Error;
use crate::auth_service::USERS;
use crate::cloud::{Cloud, Setup, served_by_this_program, workspace};
use crate::terminal::{Logs, Terminal};
use local_cloud::{DynamoDb, Lambda, S3};

/// What is said of data that is not kept.
const GONE: &str = "gone when this ends";

/// What the functions need of the developer's environment to use a DynamoDB on AWS.
const AWS_VARIABLES: [&str; 4] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"];

pub(crate) async fn serve(start: Start) -> Result<(), Error> {
    let terminal = Terminal::new(Logs::Shown);
    let lambda = match start.lambda_endpoint {
        Some(url) => Lambda::Endpoint(url),
        None => served_by_this_program()?,
    };
    let mut setup = Setup::new(lambda, terminal.output());
    setup.template = start.template;
    setup.ports = start.ports.into();
    // What is published to it is printed.
    setup.parameters = [("NotificationsTopicArn".to_owned(), TOPIC.to_owned())].into();
    setup.parameters.extend(start.parameters);
    let file = if start.data.is_relative() { workspace().join(&start.data) } else { start.data };
    if start.dynamodb_endpoint.is_some() {
        let given = |name: &str| std::env::var(name).ok().map(|value| (name.to_owned(), value));
        setup.environment = AWS_VARIABLES.into_iter().filter_map(given).collect();
    }
    setup.dynamodb = match start.dynamodb_endpoint {
        Some(url) => DynamoDb::Endpoint(url),
        None if start.memory => DynamoDb::Memory,
        None => DynamoDb::File(file.clone()),
    };
    // With tables elsewhere, attachments are kept as if they were here.
    let objects = file.parent().unwrap_or(&file).join("objects");
    setup.s3 = if start.memory { S3::Temporary } else { S3::Directory(objects.clone()) };
    let kept_objects = if start.memory { GONE.to_owned() } else { format!("kept in {}", objects.display()) };
    let kept = match &setup.dynamodb {
        DynamoDb::File(file) => format!("kept in {}", file.display()),
        DynamoDb::Memory => GONE.to_owned(),
        DynamoDb::Endpoint(_) => "elsewhere".to_owned(),
    };
    let cloud = Cloud::start(setup).await?;
    welcome(&cloud, &kept, &kept_objects)?;
    asked_to_stop().await?;
    println!("\nStopping. Ctrl-C again does not wait.");
    tokio::select! {
        () = cloud.shutdown() => Ok(()),
        asked = asked_to_stop() => asked,
    }
}

fn welcome(cloud: &Cloud, kept: &str, kept_objects: &str) -> Result<(), Error> {
    let (http, ws, auth) = (cloud.local.http_url(), cloud.local.websocket_url(), cloud.auth.url());
    println!("lambda-chat is running. Ctrl-C stops it.\n");
    println!("  HTTP API       {http}");
    println!("  WebSocket API  {ws}");
    println!("  Both, to read  {http}{}", crate::reference::PATH);
    println!("  Auth Service   {auth}  (a stand-in: POST /token {{\"userId\"}} makes a token for anybody)");
    println!("  DynamoDB       {}  ({kept})", cloud.local.dynamodb_endpoint());
    println!("  S3             {}  ({kept_objects})", cloud.local.s3_endpoint());
    println!("  Metrics        {}/metrics\n", cloud.local.metrics_url());
    println!("Three users and their tokens, good for 12 hours. Paste them into a second terminal:\n");
    for user in USERS {
        println!("{}={}", user.to_uppercase(), cloud.auth.token(user)?);
    }
    println!("\nThere, alice opens a chat with bob, and writes:\n");
    println!(
        "CHAT=$(curl -s {http}/chats -H \"Authorization: Bearer $ALICE\" \\\n  \
         -d '{{\"participants\":[\"bob\"],\"isGroup\":false}}' | sed 's/.*\"chatId\":\"\\([^\"]*\\)\".*/\\1/')"
    );
    println!(
        "curl -s {http}/chats/$CHAT/messages -H \"Authorization: Bearer $ALICE\" \\\n  \
         -d '{{\"type\":\"text\",\"content\":\"Hello Bob\",\"clientMessageId\":\"m-1\"}}'"
    );
    println!("curl -s {http}/chats/$CHAT/messages -H \"Authorization: Bearer $BOB\"\n");
    println!("In a third, bob listens; a line that he types is sent as a frame:\n");
    println!("cargo run -q -- socket --as bob --ws-url {ws} --auth-url {auth}");
    println!("{{\"action\":\"ping\",\"id\":\"1\"}}\n");
    println!("Any other WebSocket client will do: npx wscat -c {ws} -H \"Authorization: Bearer $BOB\"\n");
    println!("What it does, in numbers, in one more:\n");
    println!("cargo run -q -- top --metrics-url {}\n", cloud.local.metrics_url());
    println!("What the functions log:");
    Ok(())
}
