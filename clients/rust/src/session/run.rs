//! Connects, and connects again after a connection is lost.

use super::context::Context;
use super::live::{End, Live};
use super::{ConnectionStatus, Options, Update};
use crate::events::ClosingCode;
use crate::{Error, error_chain, random};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// Keeps a client connected until all of its handles are dropped.
pub(super) async fn run(mut context: Context) {
    let mut failed_tries = 0_u32;
    // The next connection, if it was being opened when the last one was closed.
    let mut renewal = None;
    loop {
        set_status(&context, ConnectionStatus::Connecting);
        let connecting = renewal.take().unwrap_or_else(|| context.connect());
        let Some(connected) = wait_without_connection(&mut context, connecting).await else { return };
        let error = match connected {
            Ok(connection) => {
                set_status(&context, ConnectionStatus::Online);
                let mut live = Live::new(&mut context, connection);
                let end = live.serve().await;
                if live.has_lasted() {
                    failed_tries = 0;
                }
                let connecting = live.take_connecting();
                let mut data = context.shared.lock();
                data.state.mark_disconnected();
                data.outbox.reset_in_flight();
                drop(data);
                match end {
                    End::AllHandlesDropped => return,
                    // To open the next connection may be what closed this one: the user's oldest of too many.
                    End::ConnectionLost(error) if connecting.is_some() && error.closing_code().is_some() => {
                        renewal = connecting;
                        continue;
                    }
                    End::ConnectionLost(error) => error,
                }
            }
            Err(error) => error,
        };
        failed_tries = failed_tries.saturating_add(1);
        let retry_in = wait_before_next_try(&error, failed_tries, &context.options);
        let status = ConnectionStatus::Offline {
            reason: error_chain(&error),
            is_token_error: error.is_token_error(),
            closing: error.closing_code(),
            retry_in,
        };
        set_status(&context, status);
        let sleep = Box::pin(tokio::time::sleep(retry_in));
        if wait_without_connection(&mut context, sleep).await.is_none() {
            return;
        }
    }
}

/// How long to wait before connecting again. If the system closed the connection for another reason than its token, then
/// at least as long as it asks, and a part of the longest wait: the user's other devices may do the same, and each
/// connection that is opened closes another one.
fn wait_before_next_try(error: &Error, failed_tries: u32, options: &Options) -> Duration {
    match error {
        Error::Closing(closing) if closing.code != ClosingCode::TokenExpired => {
            Duration::from_millis(closing.retry_after_ms.unwrap_or_default()) + random::up_to(options.max_wait)
        }
        _ => random::back_off(failed_tries, options.max_first_wait, options.max_wait),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Closing;

    fn closing(code: ClosingCode, retry_after_ms: Option<u64>) -> Error {
        Error::Closing(Box::new(Closing { code, retryable: true, retry_after_ms, detail: String::new() }))
    }

    /// The shortest and the longest of many waits after the first failed try, in milliseconds.
    fn waits(error: &Error) -> (u128, u128) {
        let (max_first_wait, max_wait) = (Duration::from_millis(500), Duration::from_secs(30));
        let options = Options { max_first_wait, max_wait, ..Options::new("http://host", "ws://host") };
        let waits: Vec<u128> = (0..200).map(|_| wait_before_next_try(error, 1, &options).as_millis()).collect();
        (*waits.iter().min().unwrap(), *waits.iter().max().unwrap())
    }

    #[test]
    fn client_that_was_one_too_many_waits_long_and_the_others_do_not() {
        for code in [ClosingCode::TooManyConnections, ClosingCode::Other("later".to_owned())] {
            let (shortest, longest) = waits(&closing(code, Some(30_000)));
            assert!(shortest >= 30_000 && longest > 45_000 && longest <= 60_000, "{shortest} to {longest}");
        }
        assert!(waits(&closing(ClosingCode::Other("later".to_owned()), None)).1 > 15_000);
        for error in [closing(ClosingCode::TokenExpired, None), Error::NoAnswer] {
            assert!(waits(&error).1 <= 500, "{error}");
        }
    }
}
