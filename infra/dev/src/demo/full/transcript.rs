//! What is printed: a heading for each scene, and a numbered line for each step.

/// The way that a request took.
pub(super) const HTTP: &str = "HTTP";
/// The same.
pub(super) const WS: &str = "WS";

/// How wide the columns are that say who does what.
const NAME: usize = 5;
const WHAT: usize = 43;

/// Counts and prints steps.
pub(super) struct Transcript {
    current: &'static str,
    number: u32,
}

impl Transcript {
    /// Nothing is printed yet.
    pub(super) fn new() -> Self {
        Self { current: "begin", number: 0 }
    }

    /// A new scene begins.
    pub(super) fn scene(&self, heading: &str) {
        let above = if self.number == 0 { "" } else { "\n" };
        println!("{above}{heading}");
    }

    /// A step begins: if it fails, it is called this.
    pub(super) fn step(&mut self, name: &'static str) {
        self.current = name;
    }

    /// The step that is under way.
    pub(super) fn current(&self) -> &'static str {
        self.current
    }

    /// The step showed what it must: who asked which way for what, and what is seen of it.
    pub(super) fn line(&mut self, who: &str, way: &str, what: &str, seen: &str) {
        self.number += 1;
        let line = format!("  {:>2}  {who:<NAME$}  {way:<4}  {what:<WHAT$}  {seen}", self.number);
        println!("{}", line.trim_end());
    }

    /// More of what is seen, below it.
    pub(super) fn more(&self, seen: &str) {
        println!("  {0:>2}  {0:<NAME$}  {0:<4}  {0:<WHAT$}  {seen}", "");
    }

    /// All is played.
    pub(super) fn end(&self) {
        println!("\nThat is everything: {} steps, and each showed what it must.", self.number);
    }
}
