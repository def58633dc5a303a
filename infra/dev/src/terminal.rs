//! Prints the local cloud's events: warnings, and the functions' log lines.

use local_cloud::{Event, Output};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// How many log lines are kept, to be printed when something fails.
const MAX_KEPT_LINES: usize = 40;

/// What to do with the functions' log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// Print each line at once.
    Shown,
    /// Keep the last lines for [`Terminal::print_kept`].
    Kept,
}

/// Prints events to the standard output and the standard error.
#[derive(Debug, Clone)]
pub struct Terminal {
    logs: Logs,
    kept: Arc<Mutex<VecDeque<String>>>,
}

impl Terminal {
    pub fn new(logs: Logs) -> Self {
        Self { logs, kept: Arc::default() }
    }

    /// A receiver for the local cloud's events.
    pub fn output(&self) -> Output {
        let terminal = self.clone();
        Arc::new(move |event| terminal.print_event(event))
    }

    /// Prints the kept log lines, if any, and forgets them.
    pub fn print_kept(&self) {
        if let Ok(kept) = self.kept.lock().map(|mut kept| std::mem::take(&mut *kept))
            && !kept.is_empty()
        {
            eprintln!("The last log lines of the functions:");
            kept.iter().for_each(|line| eprintln!("  {line}"));
        }
    }

    fn print_event(&self, event: Event) {
        match event {
            Event::Log { .. } | Event::Published { .. } if self.logs == Logs::Shown => print_line!("{event}"),
            Event::Log { .. } | Event::Published { .. } => self.keep(event.to_string()),
            _ => eprintln!("{event}"),
        }
    }

    fn keep(&self, line: String) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.push_back(line);
            if kept.len() > MAX_KEPT_LINES {
                kept.pop_front();
            }
        }
    }
}
