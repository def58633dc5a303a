//! `cargo run -- top`: what a running local cloud does, in a terminal.

mod draw;
mod figures;
mod history;
mod screen;
mod source;
mod table;

use crate::Error;
use history::History;
pub use history::View;
pub use screen::watch;
pub use source::Source;
use std::time::Duration;

/// How wide the frame of [`once`] is: what a page of documentation takes.
const WIDTH: u16 = 100;

/// One frame as text, once there are two samples to tell rates from.
///
/// # Errors
/// Nothing answers, or something else than a local cloud.
pub async fn once(source: &Source, interval: Duration) -> Result<String, Error> {
    let mut history = History::new(source.read().await?);
    tokio::time::sleep(interval).await;
    history.push(source.read().await?);
    let view = history.view(source.url(), None);
    Ok(view.text(WIDTH, view.height()))
}
