//! Connects, and connects again after a connection is lost.

use super::context::Context;
use super::live::{End, Live};
use super::{Link, Update};
use crate::{Error, error_chain, random};
use futures_util::future::BoxFuture;

/// Keeps a client connected until all of its handles are dropped.
pub(super) async fn run(mut context: Context) {
    let mut failed_tries = 0_u32;
    loop {
        set_link(&context, Link::Connecting);
        let connecting = context.connect();
        let Some(connected) = wait_without_connection(&mut context, connecting).await else { return };
        let error = match connected {
            Ok(connection) => {
                set_link(&context, Link::Online);
                let mut live = Live::new(&mut context, connection);
                let end = live.serve().await;
                if live.has_lasted() {
                    failed_tries = 0;
                }
                let mut held = context.shared.lock();
                held.state.disconnected();
                held.outbox.disconnected();
                drop(held);
                match end {
                    End::AllHandlesDropped => return,
                    End::ConnectionLost(error) => error,
                }
            }
            Err(error) => error,
        };
        failed_tries = failed_tries.saturating_add(1);
        let retry_in = random::back_off(failed_tries, context.options.first_wait, context.options.longest_wait);
        set_link(&context, Link::Offline { reason: error_chain(&error), is_of_token: error.is_of_token(), retry_in });
        let sleep = Box::pin(tokio::time::sleep(retry_in));
        if wait_without_connection(&mut context, sleep).await.is_none() {
            return;
        }
    }
}

/// Waits for `future`. Meanwhile every request of a handle fails with [`Error::NotConnected`]. None if all handles were
/// dropped.
async fn wait_without_connection<T>(context: &mut Context, mut future: BoxFuture<'static, T>) -> Option<T> {
    loop {
        tokio::select! {
            output = &mut future => return Some(output),
            request = context.socket_requests.recv() => {
                let _ = request?.reply.send(Err(Error::NotConnected));
            }
        }
    }
}

fn set_link(context: &Context, link: Link) {
    context.shared.lock().link = link.clone();
    context.shared.say(Update::Connection(link));
}
