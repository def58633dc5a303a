//! A terminal to draw on. It is restored however the program ends.

use crate::Error;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use ratatui::crossterm::execute;
use ratatui::{DefaultTerminal, Frame};
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the thread that reads keys waits before it checks whether its receiver still exists.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Takes over the terminal. Dropping it restores the terminal.
pub(crate) struct Screen {
    terminal: DefaultTerminal,
    events: mpsc::Receiver<std::io::Result<Event>>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(std::io::stdout(), DisableBracketedPaste);
        // In a panic, ratatui's own hook has restored it. A second time would move the cursor into the panic message.
        if !std::thread::panicking() {
            ratatui::restore();
        }
    }
}

impl Screen {
    /// # Errors
    /// The standard output is not a terminal, or the terminal cannot be set up.
    pub(crate) fn take() -> Result<Self, Error> {
        if !std::io::stdout().is_terminal() {
            return Err(Error::NoTerminal);
        }
        let terminal = ratatui::try_init().map_err(|source| {
            ratatui::restore();
            terminal_error(source)
        })?;
        // Pasted text arrives as one event. So its lines are not taken as typed, and run no commands.
        execute!(std::io::stdout(), EnableBracketedPaste).map_err(terminal_error)?;
        Ok(Self { terminal, events: spawn_reader() })
    }

    /// # Errors
    /// The terminal is gone.
    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> Result<(), Error> {
        self.terminal.draw(draw).map(drop).map_err(terminal_error)
    }

    /// The next key, paste or change of size.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(crate) async fn next(&mut self) -> Result<Event, Error> {
        let gone = || Err(std::io::ErrorKind::UnexpectedEof.into());
        self.events.recv().await.unwrap_or_else(gone).map_err(terminal_error)
    }
}

fn terminal_error(source: std::io::Error) -> Error {
    Error::Io { what: "cannot use the terminal".to_owned(), source }
}

/// Reads the terminal's events in a thread of its own, because crossterm blocks.
fn spawn_reader() -> mpsc::Receiver<std::io::Result<Event>> {
    let (sender, events) = mpsc::channel(64);
    std::thread::spawn(move || {
        while !sender.is_closed() {
            let event = match event::poll(POLL_INTERVAL)
                .and_then(|is_ready| if is_ready { event::read().map(Some) } else { Ok(None) })
            {
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
