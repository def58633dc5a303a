//! Connects, and connects again after a connection is lost.

use super::context::Context;
use super::live::{End, Live};
use super::{ConnectionStatus, Update};
use crate::{Error, error_chain, random};
use futures_util::future::BoxFuture;

/// Keeps a client connected until all of its handles are dropped.
pub(super) async fn run(mut context: Context) {
    let mut failed_tries = 0_u32;
    loop {
        set_status(&context, ConnectionStatus::Connecting);
        let connecting = context.connect();
        let Some(connected) = wait_without_connection(&mut context, connecting).await else { return };
        let error = match connected {
            Ok(connection) => {
                set_status(&context, ConnectionStatus::Online);
                let mut live = Live::new(&mut context, connection);
                let end = live.serve().await;
                if live.has_lasted() {
                    failed_tries = 0;
                }
                let mut data = context.shared.lock();
                data.state.mark_disconnected();
                data.outbox.reset_in_flight();
                drop(data);
                match end {
                    End::AllHandlesDropped => return,
                    End::ConnectionLost(error) => error,
                }
            }
            Err(error) => error,
        };
        failed_tries = failed_tries.saturating_add(1);
        let retry_in = random::back_off(failed_tries, context.options.max_first_wait, context.options.max_wait);
        set_status(
            &context,
            ConnectionStatus::Offline { reason: error_chain(&error), is_token_error: error.is_token_error(), retry_in },
        );
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

fn set_status(context: &Context, status: ConnectionStatus) {
    context.shared.lock().status = status.clone();
    context.shared.report(Update::Connection(status));
}
