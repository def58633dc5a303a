//! The terminal while it is watched: taken, drawn on, and given back however that ends.

use super::history::{History, View};
use super::source::Source;
use crate::{Error, in_full};
use local_cloud::metrics::Snapshot;
use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::io::IsTerminal as _;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the thread that reads keys waits before it looks whether anybody still wants them.
const KEYS: Duration = Duration::from_millis(200);

/// What comes from the terminal.
enum Input {
    Quit,
    /// The size is another.
    Redraw,
    Broken(std::io::Error),
}

/// Gives the terminal back when it is dropped. In a panic ratatui's own hook has done so; once more would put the
/// cursor into what the panic says.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            ratatui::restore();
        }
    }
}

/// Draws what the source tells until a key, or `stop`, ends it. A local cloud that goes away is waited for.
///
/// # Errors
/// Nothing answers at first, or there is no terminal to draw on.
pub async fn watch(
    source: Source,
    interval: Duration,
    stop: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let broken = |source| Error::Io { what: "the terminal".to_owned(), source };
    let mut history = History::new(source.read().await?);
    if !std::io::stdout().is_terminal() {
        return Err(Error::NoTerminal);
    }
    let _restore = Restore;
    let mut terminal = ratatui::try_init().map_err(broken)?;
    let (mut samples, mut inputs) = (poll(source.clone(), interval), keys());
    let mut stop = std::pin::pin!(stop);
    let mut trouble = None;
    loop {
        let view = history.view(source.url(), trouble.as_deref());
        terminal.draw(|frame| draw(frame, &view)).map_err(broken)?;
        tokio::select! {
            asked = &mut stop => return asked,
            input = inputs.recv() => match input {
                Some(Input::Redraw) => {}
                Some(Input::Quit) | None => return Ok(()),
                Some(Input::Broken(error)) => return Err(broken(error)),
            },
            Some(sample) = samples.recv() => match sample {
                Ok(sample) => {
                    history.push(sample);
                    trouble = None;
                }
                // Where it is and how it is started is known here.
                Err(Error::NotRunning { reason, .. } | Error::NotMetrics { reason, .. }) => trouble = Some(reason),
                Err(error) => trouble = Some(in_full(&error)),
            },
        }
    }
}

/// The view, and on its last line what a person can do.
fn draw(frame: &mut Frame<'_>, view: &View<'_>) {
    let area = frame.area();
    frame.render_widget(view, area);
    if let Some(last) = area.rows().next_back() {
        let inner = Rect { width: last.width.saturating_sub(1), ..last };
        frame.render_widget(Line::from(" q quits ").right_aligned(), inner);
    }
}

/// Samples, in a task of its own: keys are answered while one is waited for.
fn poll(source: Source, interval: Duration) -> mpsc::Receiver<Result<Snapshot, Error>> {
    let (sender, samples) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(interval).await;
            if sender.send(source.read().await).await.is_err() {
                return;
            }
        }
    });
    samples
}

/// What matters of what is typed, from a thread of its own: crossterm waits for it.
fn keys() -> mpsc::Receiver<Input> {
    let (sender, inputs) = mpsc::channel(1);
    std::thread::spawn(move || {
        while !sender.is_closed() {
            let input = match event::poll(KEYS).and_then(|any| if any { event::read().map(Some) } else { Ok(None) }) {
                Ok(event) => event.and_then(|event| input(&event)),
                Err(error) => Some(Input::Broken(error)),
            };
            let last = matches!(input, Some(Input::Quit | Input::Broken(_)));
            if input.is_some_and(|input| sender.blocking_send(input).is_err()) || last {
                return;
            }
        }
    });
    inputs
}

fn input(event: &Event) -> Option<Input> {
    match event {
        Event::Resize(..) => Some(Input::Redraw),
        Event::Key(key) if key.is_press() => {
            let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
            (ctrl_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)).then_some(Input::Quit)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_cloud::metrics::{HttpCounts, Runner, WebSocketCounts};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::KeyEvent;

    #[test]
    fn the_last_line_says_how_to_quit_on_a_terminal_of_any_size() {
        let now = Snapshot {
            started_at: 0,
            uptime_ms: 0,
            runner: Runner::Processes,
            functions: Vec::new(),
            http: HttpCounts::default(),
            websocket: WebSocketCounts::default(),
            tables: None,
            metrics: Vec::new(),
        };
        let view = View { url: "", now: &now, before: None, trouble: None };
        for (width, height) in [(0, 0), (0, 5), (5, 0), (1, 1), (5, 3), (40, 2), (80, 24), (200, 60)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| draw(frame, &view)).unwrap();
            let cells = terminal.backend().buffer().content();
            let last: String = cells.iter().rev().take(usize::from(width)).rev().map(|cell| cell.symbol()).collect();
            assert!(width < 40 || last.contains(" q quits "), "{width}x{height}: {last}");
        }
    }

    #[test]
    fn q_escape_and_ctrl_c_quit() {
        let key = |code, modifiers| input(&Event::Key(KeyEvent::new(code, modifiers)));
        for (code, modifiers) in [
            (KeyCode::Char('q'), KeyModifiers::NONE),
            (KeyCode::Esc, KeyModifiers::NONE),
            (KeyCode::Char('c'), KeyModifiers::CONTROL),
        ] {
            assert!(matches!(key(code, modifiers), Some(Input::Quit)), "{code:?}");
        }
        assert!(key(KeyCode::Char('c'), KeyModifiers::NONE).is_none());
        assert!(key(KeyCode::Enter, KeyModifiers::NONE).is_none());
        assert!(matches!(input(&Event::Resize(80, 24)), Some(Input::Redraw)));
    }
}
