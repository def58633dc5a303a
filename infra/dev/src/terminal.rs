//! What a person at a terminal sees: progress while something long goes on, warnings, what the functions log.

use indicatif::{ProgressBar, ProgressStyle};
use local_cloud::{Event, Output};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many log lines are kept to be shown when something fails.
const KEPT: usize = 40;

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
    spinner: ProgressBar,
    logs: Logs,
    kept: Arc<Mutex<VecDeque<String>>>,
}

impl Terminal {
    /// Shows progress from now on.
    pub fn new(logs: Logs) -> Self {
        let spinner = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
            spinner.set_style(style);
        }
        Self { spinner, logs, kept: Arc::default() }
    }

    /// Says what is going on.
    pub fn progress(&self, what: &str) {
        if self.spinner.is_hidden() {
            eprintln!("{what}");
        } else {
            self.spinner.enable_steady_tick(Duration::from_millis(120));
            self.spinner.set_message(what.to_owned());
        }
    }

    /// Nothing is going on any more.
    pub fn done(&self) {
        self.spinner.finish_and_clear();
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
            Event::Building => self.progress("Building the functions (the first time takes a few minutes)"),
            Event::BuildOutput(line) if self.spinner.is_hidden() => eprintln!("{line}"),
            // What the compiler refuses is kept; the names of what it compiles only pass by.
            Event::BuildOutput(line) if is_passing(&line) => self.spinner.set_message(line.trim().to_owned()),
            Event::BuildOutput(line) => self.spinner.println(line),
            Event::Built { functions } => self.progress(&format!("{functions} functions are built; starting")),
            Event::Log { .. } if self.logs == Logs::Shown => self.spinner.suspend(|| println!("{event}")),
            Event::Published { .. } if self.logs == Logs::Shown => self.spinner.suspend(|| println!("{event}")),
            Event::Log { .. } | Event::Published { .. } => self.keep(event.to_string()),
            _ => self.spinner.suspend(|| eprintln!("{event}")),
        }
    }

    fn keep(&self, line: String) {
        if let Ok(mut kept) = self.kept.lock() {
            kept.push_back(line);
            if kept.len() > KEPT {
                kept.pop_front();
            }
        }
    }
}

/// Whether a line of cargo's is about what it is doing, and not about what is wrong.
fn is_passing(line: &str) -> bool {
    const DOING: [&str; 8] =
        ["Compiling", "Checking", "Building", "Downloading", "Downloaded", "Blocking", "Finished", "Updating"];
    DOING.iter().any(|word| line.trim_start().starts_with(word))
}
