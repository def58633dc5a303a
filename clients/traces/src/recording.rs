//! A trace that is being recorded, and the file that has it.

use crate::facts::{Facts, changes, summary};
use client::events::Event;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Set to record: the tests write the traces. Otherwise they compare what they did with what was recorded.
const RECORD: &str = "LAMBDA_CHAT_RECORD_TRACES";

/// Whether the traces are recorded now.
#[allow(clippy::disallowed_methods)] // a test reads the machine's environment
pub(crate) fn is_recording() -> bool {
    std::env::var_os(RECORD).is_some()
}

/// What was done, and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Recording {
    file: String,
    lines: Vec<String>,
    facts: Facts,
}

/// What a method returned.
#[derive(Default)]
pub(crate) struct Outcome<'a> {
    /// What it returned, if not events.
    pub(crate) result: Option<Value>,
    /// The events that it returned.
    pub(crate) news: &'a [Event],
    /// More members of the line.
    pub(crate) more: &'a [(&'a str, Value)],
}

impl Recording {
    /// A trace of this kind in the file of this name. `more` is what else the first line says.
    pub(crate) fn new(file: String, kind: &str, more: Value) -> Self {
        let mut line = Map::from_iter([("new".to_owned(), json!(kind))]);
        if let Value::Object(more) = more {
            line.extend(more);
        }
        Self { file, lines: vec![Value::Object(line).to_string()], facts: Facts::new() }
    }

    /// Notes a step, after which these are the facts.
    pub(crate) fn note(&mut self, method: &str, arguments: Vec<Value>, outcome: &Outcome<'_>, facts: Facts) {
        let mut line = Map::from_iter([("do".to_owned(), json!(method))]);
        line.extend(outcome.more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        if !arguments.is_empty() {
            line.insert("args".to_owned(), arguments.into());
        }
        if let Some(result) = &outcome.result {
            line.insert("result".to_owned(), result.clone());
        }
        if !outcome.news.is_empty() {
            line.insert("news".to_owned(), outcome.news.iter().map(summary).collect());
        }
        let changes = changes(&self.facts, &facts);
        if !changes.is_empty() {
            line.insert("facts".to_owned(), json!(changes));
        }
        self.facts = facts;
        self.lines.push(Value::Object(line).to_string());
    }

    /// Writes the trace to its file; or compares it with the file, if nothing is recorded.
    pub(crate) fn finish(&self) {
        if std::thread::panicking() || self.lines.len() == 1 {
            return;
        }
        let (path, text) = (crate::folder().join(format!("{}.jsonl", self.file)), self.lines.join("\n") + "\n");
        if is_recording() {
            return write(&path, &text);
        }
        let recorded = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            recorded.contains(&text),
            "{} does not have what this test does. If that is meant, record the traces again ({RECORD}=1, \
             docs/ARCHITECTURE.md) and let clients/javascript replay them.",
            path.display()
        );
    }
}

/// Adds a trace to those that this process has recorded for the file.
fn write(path: &Path, text: &str) {
    static FILES: Mutex<BTreeMap<std::path::PathBuf, String>> = Mutex::new(BTreeMap::new());
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let file = files.entry(path.to_owned()).or_default();
    file.push_str(text);
    std::fs::write(path, &*file).unwrap();
}

/// The name of the test that runs, without its modules.
pub(crate) fn test_name() -> String {
    let thread = std::thread::current();
    let name = thread.name().expect("a test runs in a thread of its name");
    name.rsplit("::").next().unwrap_or(name).to_owned()
}
