//! The commands of `cargo run`.

mod args;
mod demo;
mod socket;
mod start;

pub(crate) use args::{Cli, Command, Tool};

use crate::auth_service::AuthService;
use crate::chat;
use crate::cloud::watch_environment;
use crate::{Error, top};
use args::{AuthArgs, ChatArgs, TopArgs};
use client::{Options, StaticToken, TokenSource};
use std::io::{ErrorKind, Write as _};
use std::sync::Arc;

/// The ARN of the local topic for push notifications.
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:notifications";

pub(crate) async fn run(tool: Tool) -> Result<(), Error> {
    match tool {
        Tool::Start(start) => start::serve(start).await,
        Tool::Demo(demo) => demo::run(demo).await,
        Tool::Chat(args) => run_chat(args).await,
        Tool::Socket(socket) => socket::run(socket).await,
        Tool::Top(args) => run_top(args).await,
        Tool::Auth(args) => run_auth(args).await,
        Tool::WatchEnv(ports) => watch_environment(ports.into()).map(|variables| {
            variables.iter().for_each(|(name, value)| print_line!("{name}={value}"));
        }),
    }
}

/// Completes at Ctrl-C or SIGTERM.
async fn stop_requested() -> Result<(), Error> {
    let failed = |source| Error::Io { what: "cannot wait for Ctrl-C".to_owned(), source };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result.map_err(failed),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(failed)
}

async fn run_chat(args: ChatArgs) -> Result<(), Error> {
    let (http_url, ws_url) = (args.http_url(), args.identity.ws_url());
    let tokens: Arc<dyn TokenSource> = match args.identity.token {
        Some(token) => Arc::new(StaticToken(token)),
        None => {
            let stand_in = args.identity.stand_in();
            // The client reports an Auth Service that does not answer like a refused token.
            stand_in.request_token().await?;
            Arc::new(stand_in)
        }
    };
    let (client, updates) = chat::start(Options::new(&http_url, &ws_url), tokens).await?;
    if args.json {
        return chat::run_lines(client, updates, tokio::io::stdin(), std::io::stdout(), stop_requested()).await;
    }
    chat::run_terminal(client, updates, stop_requested()).await
}

async fn run_top(args: TopArgs) -> Result<(), Error> {
    let source = top::Source::new(&args.metrics_url())?;
    if !args.once {
        return top::watch(source, args.interval, stop_requested()).await;
    }
    let frame = top::once(&source, args.interval).await?;
    match std::io::stdout().write_all(frame.as_bytes()) {
        // A reader that closes the pipe early, such as `head`, is not an error.
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Io { what: "cannot write to the standard output".to_owned(), source })
        }
        _ => Ok(()),
    }
}

async fn run_auth(args: AuthArgs) -> Result<(), Error> {
    let unreadable = |source| Error::Io { what: "cannot read the file of --credential-file".to_owned(), source };
    let credential = args.credential_file.as_ref().map(std::fs::read_to_string).transpose().map_err(unreadable)?;
    let auth = AuthService::start(args.port(), credential.map(|text| text.trim().to_owned())).await?;
    print_line!("The stand-in Auth Service is at {}, its keys are at {}", auth.url(), auth.jwks_url());
    stop_requested().await
}
