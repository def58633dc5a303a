//! `top` in the terminal: draws samples until the user quits.

use super::history::{History, View};
use super::source::Source;
use crate::screen::Screen;
use crate::{Error, error_chain};
use local_cloud::metrics::Snapshot;
use ratatui::Frame;
use ratatui::crossterm::event::{Event, KeyCode, KeyModifiers};
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::time::Duration;
use tokio::sync::mpsc;

/// Draws the source's samples until the user quits or `stop` completes. If the local cloud stops answering, it keeps
/// the last sample on the screen and tries again.
///
/// # Errors
/// The first sample cannot be read, or the output is not a terminal.
pub async fn watch(
    source: Source,
    interval: Duration,
    stop: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    let mut history = History::new(source.read().await?);
    let mut screen = Screen::take()?;
    let mut samples = poll(source.clone(), interval);
    let mut stop = std::pin::pin!(stop);
    let mut trouble = None;
    loop {
        let view = history.view(source.url(), trouble.as_deref());
        screen.draw(|frame| draw(frame, &view))?;
        tokio::select! {
            stopped = &mut stop => return stopped,
            event = screen.next() => if is_quit(&event?) { return Ok(()) },
            Some(sample) = samples.recv() => match sample {
                Ok(sample) => {
                    history.push(sample);
                    trouble = None;
                }
                // Show only the reason: the screen shows the address, and the system was running before.
                Err(Error::NotRunning { reason, .. } | Error::NotMetrics { reason, .. }) => trouble = Some(reason),
                Err(error) => trouble = Some(error_chain(&error)),
            },
        }
    }
}

/// Draws the view, and on the last line the key that quits.
fn draw(frame: &mut Frame<'_>, view: &View<'_>) {
    let area = frame.area();
    frame.render_widget(view, area);
    if let Some(last) = area.rows().next_back() {
        let inner = Rect { width: last.width.saturating_sub(1), ..last };
        frame.render_widget(Line::from(" q quits ").right_aligned(), inner);
    }
}

/// Reads samples in a task of its own, so that keys work while a sample is awaited.
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

/// True for q, Escape and Ctrl-C.
fn is_quit(event: &Event) -> bool {
    match event {
        Event::Key(key) if key.is_press() => {
            let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
            ctrl_c || matches!(key.code, KeyCode::Char('q') | KeyCode::Esc)
        }
        _ => false,
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
    fn last_line_says_how_to_quit_at_any_terminal_size() {
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
        let key = |code, modifiers| is_quit(&Event::Key(KeyEvent::new(code, modifiers)));
        for (code, modifiers) in [
            (KeyCode::Char('q'), KeyModifiers::NONE),
            (KeyCode::Esc, KeyModifiers::NONE),
            (KeyCode::Char('c'), KeyModifiers::CONTROL),
        ] {
            assert!(key(code, modifiers), "{code:?}");
        }
        assert!(!key(KeyCode::Char('c'), KeyModifiers::NONE));
        assert!(!key(KeyCode::Enter, KeyModifiers::NONE));
        assert!(!is_quit(&Event::Resize(80, 24)));
    }
}
