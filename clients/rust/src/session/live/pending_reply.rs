//! A reply that comes from elsewhere than the socket.

use futures_util::future::BoxFuture;

/// A future that may or may not be running, to be polled by `select!` without being lost.
pub(super) struct PendingReply<T>(Option<BoxFuture<'static, T>>);

impl<T> PendingReply<T> {
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn start(&mut self, future: BoxFuture<'static, T>) {
        self.0 = Some(future);
    }

    /// Takes the future out: the reply is not pending any more.
    pub(super) fn take(&mut self) -> Option<BoxFuture<'static, T>> {
        self.0.take()
    }

    pub(super) fn is_pending(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for the reply; for ever if none is pending. If this future is dropped, the reply stays pending.
    pub(super) async fn wait(&mut self) -> T {
        let Some(future) = &mut self.0 else { return std::future::pending().await };
        let reply = future.await;
        self.0 = None;
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn reply_comes_once_even_if_a_wait_was_dropped() {
        let (send, receive) = oneshot::channel();
        let mut reply = PendingReply::none();
        reply.start(Box::pin(async { receive.await.unwrap() }));
        tokio::select! {
            biased;
            _ = reply.wait() => panic!("nothing was sent"),
            () = std::future::ready(()) => {}
        }
        assert!(reply.is_pending());
        send.send(7).unwrap();
        assert_eq!(reply.wait().await, 7);
        assert!(!reply.is_pending());
    }
}
