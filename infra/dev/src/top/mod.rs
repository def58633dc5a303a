//! `cargo run -- top`: shows the numbers of a running local cloud in a terminal.

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

/// The width of the frame that [`once`] prints, in columns. It fits on a page of documentation.
const WIDTH: u16 = 100;

/// Takes two samples, to have rates, and returns one frame as text.
///
/// # Errors
/// A sample cannot be read.
pub async fn once(source: &Source, interval: Duration) -> Result<String, Error> {
    let mut history = History::new(source.read().await?);
    tokio::time::sleep(interval).await;
    history.push(source.read().await?);
    let view = history.view(source.url(), None);
    Ok(view.text(WIDTH, view.height()))
}
