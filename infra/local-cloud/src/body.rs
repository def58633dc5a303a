//! Request bodies up to a limit.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;

/// More than this is not even thrown away: the connection is closed.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;

/// The body, or nothing where it is larger than the limit. The rest is read then as well: a client that is answered
/// while it still sends may see its connection reset in the place of the answer.
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
