//! What a person at a terminal sees: warnings, and what the functions log.

use local_cloud::{Event, Output};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// How many log lines are kept to be shown when something fails.
const MAX_KEPT_LINES: usize = 40;

/// What to do with the lines that functions log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// Print them as they come.
    Shown,
    /// Keep the last ones, to be printed if something fails.
    Kept,
}

/// A terminal, or a file that stands in for one.
#[derive(Debug, Clone)]
pub struct Terminal {
    logs: Logs,
    kept: Arc<Mutex<VecDeque<String>>>,
}

impl Terminal {
    /// Shows the functions' log or keeps it, as `logs` says.
    pub fn new(logs: Logs) -> Self {
        Self { logs, kept: Arc::default() }
    }

    /// Takes the local cloud's events.
    pub fn output(&self) -> Output {
        let terminal = self.clone();
        Arc::new(move |event| terminal.take(event))
    }

    /// Prints the log lines that were kept.
    pub fn print_kept(&self) {
        if let Ok(kept) = self.kept.lock().map(|mut kept| std::mem::take(&mut *kept))
            && !kept.is_empty()
        {
            eprintln!("The last lines that the functions logged:");
            kept.iter().for_each(|line| eprintln!("  {line}"));
        }
    }

    fn take(&self, event: Event) {
        match event {
            Event::Log { .. } | Event::Published { .. } if self.logs == Logs::Shown => println!("{event}"),
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
