//! Prints a heading for each scene and a numbered line for each step.

/// The transcript's name for a request over HTTP.
pub(super) const HTTP: &str = "HTTP";
/// The transcript's name for a request over WebSocket.
pub(super) const WS: &str = "WS";
/// The transcript's name for a request to the bucket.
pub(super) const S3: &str = "S3";

/// The widths of the columns for the user and for what they do.
const NAME: usize = 5;
const WHAT: usize = 43;

/// Counts and prints steps.
pub(super) struct Transcript {
    current: &'static str,
    number: u32,
}

impl Transcript {
    /// Prints nothing yet.
    pub(super) fn new() -> Self {
        Self { current: "begin", number: 0 }
    }

    /// Prints the heading of a new scene.
    pub(super) fn scene(&self, heading: &str) {
        let above = if self.number == 0 { "" } else { "\n" };
        print_line!("{above}{heading}");
    }

    /// Starts a step. If it fails, the error has this name.
    pub(super) fn step(&mut self, name: &'static str) {
        self.current = name;
    }

    /// The name of the current step.
    pub(super) fn current(&self) -> &'static str {
        self.current
    }

    /// Prints a step that succeeded: the user, HTTP or WS or another channel, what the user did, and what follows from
    /// it.
    pub(super) fn line(&mut self, who: &str, channel: &str, what: &str, seen: &str) {
        self.number += 1;
        let line = format!("  {:>2}  {who:<NAME$}  {channel:<4}  {what:<WHAT$}  {seen}", self.number);
        print_line!("{}", line.trim_end());
    }

    /// Prints one more line about the step above.
    pub(super) fn more(&self, seen: &str) {
        print_line!("  {0:>2}  {0:<NAME$}  {0:<4}  {0:<WHAT$}  {seen}", "");
    }

    /// Prints the last line.
    pub(super) fn end(&self) {
        print_line!("\nThe full demo is complete: {} steps, all with the expected result.", self.number);
    }
}
