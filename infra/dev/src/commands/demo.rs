//! `demo`: plays on a running system, or on one that it starts itself.

use super::TOPIC;
use super::args::{Addresses, Demo};
use crate::Error;
use crate::auth_service::USERS;
use crate::chat::StandIn;
use crate::cloud::{Cloud, Setup, served_by_this_program};
use crate::demo::{Actor, Cast, Notifications, Stage, play};
use crate::terminal::{Logs, Terminal};
use local_cloud::{Event, Output};
use serde_json::{Map, Value};
use std::sync::Arc;

pub(crate) async fn run(demo: Demo) -> Result<(), Error> {
    if let Some(Addresses { http_url, ws_url, auth_url }) = demo.addresses() {
        let actors = match demo.tokens {
            Some(tokens) => tokens.iter().map(|pair| parse_actor(pair)).collect::<Result<_, _>>()?,
            None => stand_in_actors(&auth_url, demo.full).await?,
        };
        let cast = Cast::new(demo.full, actors)?;
        print_line!("{} use the system at {http_url} and {ws_url}:\n", cast.names());
        return play(&Stage { http_url, ws_url, auth_url: None, notifications: None }, &cast).await;
    }
    let terminal = Terminal::new(Logs::Kept);
    let (print_event, notifications) = (terminal.output(), Notifications::default());
    let published = notifications.clone();
    let output: Output = Arc::new(move |event| {
        if let Event::Published { attributes, message, .. } = &event
            && let Ok(mut published) = published.lock()
        {
            let mut notification: Map<String, Value> = serde_json::from_str(message).unwrap_or_default();
            notification.extend(attributes.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
            published.push(notification.into());
        }
        print_event(event);
    });
    let mut setup = Setup::new(served_by_this_program()?, output);
    setup.parameters.insert("NotificationsTopicArn".to_owned(), TOPIC.to_owned());
    let cloud = Cloud::start(setup).await?;
    let stage = Stage {
        http_url: cloud.local.http_url().to_owned(),
        ws_url: cloud.local.websocket_url().to_owned(),
        auth_url: Some(cloud.auth.url()),
        notifications: Some(notifications),
    };
    let cast = Cast::new(demo.full, stand_in_actors(&cloud.auth.url(), demo.full).await?)?;
    print_line!("{} use a local cloud with the real functions:\n", cast.names());
    let result = play(&stage, &cast).await;
    cloud.shutdown().await;
    if result.is_err() {
        terminal.print_kept();
    }
    result
}

/// Parses USER=TOKEN.
fn parse_actor(pair: &str) -> Result<Actor, Error> {
    let parts = pair.split_once('=').filter(|(user, token)| !user.is_empty() && !token.is_empty());
    let (user, token) = parts.ok_or(Error::Token)?;
    Ok(Actor { user: user.to_owned(), token: token.to_owned() })
}

/// The first users of the stand-in Auth Service, each with a token: three for the full demo, otherwise two.
async fn stand_in_actors(auth_url: &str, full: bool) -> Result<Vec<Actor>, Error> {
    let mut actors = Vec::new();
    for user in USERS.into_iter().take(if full { 3 } else { 2 }) {
        let stand_in = StandIn { auth_url: auth_url.to_owned(), user: user.to_owned() };
        actors.push(Actor { token: stand_in.request_token().await?, user: stand_in.user });
    }
    Ok(actors)
}
