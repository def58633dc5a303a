//! Reads request bodies up to a limit.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;

/// After this many bytes, the rest of a body is not read and discarded any more: the connection is closed.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// Reads the body. None if it is larger than the limit. It then reads and discards the rest, because a client that is
/// answered while it still sends may see a connection reset instead of the answer.
pub(crate) async fn read(body: Body, limit: usize) -> Option<Bytes> {
    let mut stream = body.into_data_stream();
    let (mut content, mut total) = (Vec::new(), 0);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.ok()?;
        total += chunk.len();
        if total > MAX_DISCARDED_BYTES {
            return None;
        }
        if total <= limit {
            content.extend_from_slice(&chunk);
        }
    }
    (total <= limit).then(|| content.into())
}
