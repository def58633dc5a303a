//! A terminal to draw on: taken, and given back however that ends.

use crate::Error;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use ratatui::crossterm::execute;
use ratatui::{DefaultTerminal, Frame};
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the thread that reads keys waits before it looks whether anybody still wants them.
const KEYS: Duration = Duration::from_millis(200);

/// The terminal, until this is dropped.
pub(crate) struct Screen {
    terminal: DefaultTerminal,
    events: mpsc::Receiver<std::io::Result<Event>>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(std::io::stdout(), DisableBracketedPaste);
        // In a panic ratatui's own hook has done so; once more would put the cursor into what the panic says.
        if !std::thread::panicking() {
            ratatui::restore();
        }
    }
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn take() -> Result<Self, Error> {
        if !std::io::stdout().is_terminal() {
            return Err(Error::NoTerminal);
        }
        let terminal = ratatui::try_init().map_err(|source| {
            ratatui::restore();
            broken(source)
        })?;
        // What is pasted comes as one text: its lines are not typed, and run no commands.
        execute!(std::io::stdout(), EnableBracketedPaste).map_err(broken)?;
        Ok(Self { terminal, events: events() })
    }

    /// Draws.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> Result<(), Error> {
        self.terminal.draw(draw).map(drop).map_err(broken)
    }

    /// The next thing that is typed, or another size.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(crate) async fn next(&mut self) -> Result<Event, Error> {
        let gone = || Err(std::io::ErrorKind::UnexpectedEof.into());
        self.events.recv().await.unwrap_or_else(gone).map_err(broken)
    }
}

fn broken(source: std::io::Error) -> Error {
    Error::Io { what: "the terminal".to_owned(), source }
}

/// What comes from the terminal, from a thread of its own: crossterm waits for it.
fn events() -> mpsc::Receiver<std::io::Result<Event>> {
    let (sender, events) = mpsc::channel(64);
    std::thread::spawn(move || {
        while !sender.is_closed() {
            let event = match event::poll(KEYS).and_then(|any| if any { event::read().map(Some) } else { Ok(None) }) {
                Ok(None) => continue,
                Ok(Some(event)) => Ok(event),
                Err(error) => Err(error),
            };
            let is_last = event.is_err();
            if sender.blocking_send(event).is_err() || is_last {
                return;
            }
        }
    });
    events
}
