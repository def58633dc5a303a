//! `functions.yaml`: a row for each function.

use super::names::sam_route;
use crate::failure::Failure;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const FILE: &str = "infra/stack/functions.yaml";

const METHODS: [&str; 6] = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"];
/// The only function without a route and an action.
const AUTHORIZER: &str = "authorize";
/// The route keys of API Gateway itself.
const SPECIAL_ACTIONS: [&str; 3] = ["$connect", "$default", "$disconnect"];
/// API Gateway's timeout of an integration.
const MAX_TIMEOUT_SECONDS: u32 = 29;
/// Lambda's limits of memory, in MB.
const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;

/// The functions by name, in the order of the file.
pub(super) type Rows = IndexMap<String, Spanned<Row>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) group: Group,
    /// The routes as `METHOD /path`, by the name of the SAM event.
    #[serde(default)]
    pub(super) routes: IndexMap<String, Spanned<String>>,
    /// Whether its routes can be called without a token.
    #[serde(default)]
    pub(super) public: bool,
    /// Route keys of the WebSocket API.
    #[serde(default)]
    pub(super) actions: Vec<Spanned<String>>,
    /// In MB. None means the value in the template's `Globals`.
    pub(super) memory: Option<Spanned<u32>>,
    /// In seconds. None means the value in the template's `Globals`.
    pub(super) timeout: Option<Spanned<u32>>,
    /// The parameter with its reserved concurrency. None means that it shares the account's concurrency.
    pub(super) concurrency: Option<Spanned<String>>,
    /// Names of statements in permissions.yaml.
    #[serde(default)]
    pub(super) needs: Vec<Spanned<String>>,
    /// Variables that do not follow from `needs`, each with the parameter that sets it.
    #[serde(default)]
    pub(super) environment: IndexMap<String, Spanned<String>>,
}

/// Functions that share an alarm of failed invocations.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum Group {
    #[serde(rename = "connections and users")]
    ConnectionsAndUsers,
    #[serde(rename = "chats")]
    Chats,
    #[serde(rename = "messages")]
    Messages,
}

impl Group {
    pub(super) const ALL: [Self; 3] = [Self::ConnectionsAndUsers, Self::Chats, Self::Messages];

    /// The start of the alarm's name.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::ConnectionsAndUsers => "Connection",
            Self::Chats => "Chat",
            Self::Messages => "Message",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ConnectionsAndUsers => "connections and users",
            Self::Chats => "chats",
            Self::Messages => "messages",
        }
    }
}

/// Splits a route into method and path.
pub(super) fn method_and_path(route: &str) -> (&str, &str) {
    route.split_once(' ').unwrap_or((route, ""))
}

pub(super) fn line_of<T>(spanned: &Spanned<T>) -> usize {
    usize::try_from(spanned.referenced.line()).unwrap_or_default()
}

/// Parses the rows. Checks each one, and that no route or action belongs to two functions.
pub(super) fn parse(text: &str) -> Result<Rows, Failure> {
    let rows: Rows = serde_saphyr::from_str(text).map_err(|error| unreadable(FILE, &error))?;
    let mut routes: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    let mut actions: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for (name, row) in &rows {
        let at = |line: usize, problem: String| Err(Failure::at(FILE, line, format!("{name}: {problem}")));
        let row_line = line_of(row).saturating_sub(1);
        let Row { memory, timeout, needs, .. } = &row.value;
        if !name
            .split('-')
            .all(|word| word.starts_with(|first: char| first.is_ascii_lowercase()) && is_made_of(word, ""))
        {
            return at(row_line, "the name of a function must be lower-case words with dashes between them".to_owned());
        }
        if row.value.routes.is_empty() && (row.value.public || row.value.actions.is_empty() && name != AUTHORIZER) {
            return at(row_line, "nothing invokes this function: add a route or an action".to_owned());
        }
        if let Some(memory) = memory.as_ref().filter(|memory| !MEMORY_MB.contains(&memory.value)) {
            return at(line_of(memory), "memory must be 128 to 10240 MB, the limits of Lambda".to_owned());
        }
        if let Some(timeout) = timeout.as_ref().filter(|timeout| !(1..=MAX_TIMEOUT_SECONDS).contains(&timeout.value)) {
            return at(
                line_of(timeout),
                format!("timeout must be 1 to {MAX_TIMEOUT_SECONDS} s, the limit of API Gateway"),
            );
        }
        for (event, route) in &row.value.routes {
            let (method, path) = method_and_path(&route.value);
            if !is_made_of(event, "") {
                return at(
                    line_of(route),
                    format!("`{event}` is not the name of an event: use only letters and digits"),
                );
            }
            if !METHODS.contains(&method) || !path.starts_with('/') || !is_made_of(path, "/{}+-._~") {
                return at(
                    line_of(route),
                    format!(
                        "`{}` is not a route: write METHOD /path, with one of the methods {}",
                        route.value,
                        METHODS.join(", ")
                    ),
                );
            }
            if let Some((other, line)) = routes.insert(without_names(&route.value), (name, line_of(route))) {
                return at(line_of(route), format!("`{}` is also a route of {other} (line {line})", route.value));
            }
        }
        for action in &row.value.actions {
            if !is_made_of(&action.value, "") && !SPECIAL_ACTIONS.contains(&action.value.as_str()) {
                return at(
                    line_of(action),
                    format!("`{}` is not an action: use only letters and digits", action.value),
                );
            }
            // SAM ignores case in the names of a route's resources.
            if let Some((other, line)) = actions.insert(sam_route(&action.value), (name, line_of(action))) {
                return at(line_of(action), format!("`{}` is also an action of {other} (line {line})", action.value));
            }
        }
        for (variable, parameter) in &row.value.environment {
            if !variable.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_') {
                return at(
                    line_of(parameter),
                    format!("`{variable}` is not the name of a variable: use upper-case words with _ between them"),
                );
            }
        }
        let mut seen = BTreeSet::new();
        if let Some(duplicate) = needs.iter().find(|need| !seen.insert(&need.value)) {
            return at(line_of(duplicate), format!("needs has {} twice", duplicate.value));
        }
    }
    Ok(rows)
}

/// Whether a name is not empty and has only letters, digits and these.
fn is_made_of(name: &str, others: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || others.contains(letter))
}

/// A route without the names of its parameters. API Gateway does not distinguish routes by those names.
fn without_names(route: &str) -> String {
    let parts = route.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

pub(super) fn unreadable(file: &str, error: &serde_saphyr::Error) -> Failure {
    let line = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(1));
    let text = error.without_snippet().to_string();
    Failure::at(file, line, text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse(text).unwrap_err().0
    }

    #[test]
    fn route_belongs_to_one_function() {
        let rows =
            "a:\n  group: chats\n  routes:\n    A: GET /x/{id}\nb:\n  group: chats\n  routes:\n    B: GET /x/{other}\n";
        assert_eq!(problem(rows), format!("{FILE}:8: b: `GET /x/{{other}}` is also a route of a (line 4)"));
        assert!(parse(&rows.replace("B: GET", "B: PUT")).is_ok());
    }

    #[test]
    fn action_belongs_to_one_function() {
        let rows = "a:\n  group: chats\n  actions: [x]\nb:\n  group: chats\n  actions: [x]\n";
        assert_eq!(problem(rows), format!("{FILE}:6: b: `x` is also an action of a (line 3)"));
    }

    #[test]
    fn invalid_rows_are_reported_with_their_line() {
        for (rows, wanted) in [
            ("a:\n  group: chats\n  memory: 64\n  actions: [x]\n", ":3: a: memory must be 128 to 10240 MB"),
            ("a:\n  group: chats\n  timeout: 60\n  actions: [x]\n", ":3: a: timeout must be 1 to 29 s"),
            ("a:\n  group: chats\n  routes:\n    A: FETCH /x\n", ":4: a: `FETCH /x` is not a route"),
            ("a:\n  group: chats\n  needs: [X, Y, X]\n  actions: [x]\n", ":3: a: needs has X twice"),
            ("A:\n  group: chats\n", ":1: A: the name of a function"),
            ("a:\n  group: chats\n", ":1: a: nothing invokes this function"),
            ("a:\n  group: chats\n  public: true\n  actions: [x]\n", ":1: a: nothing invokes this function"),
            ("a:\n  group: chats\n  actions: [$x]\n", ":3: a: `$x` is not an action"),
            ("a--b:\n  group: chats\n", ":1: a--b: the name of a function"),
            ("a:\n  group: chats\n  routes:\n    A: 'GET /x: y'\n", ":4: a: `GET /x: y` is not a route"),
            ("a:\n  group: chats\n  routes:\n    A b: GET /x\n", ":4: a: `A b` is not the name of an event"),
            ("a:\n  group: chats\n  actions: [x, X]\n", ":3: a: `X` is also an action of a (line 3)"),
            ("a:\n  group: chats\n  actions: ['x y']\n", ":3: a: `x y` is not an action"),
            (
                "a:\n  group: chats\n  environment:\n    a b: C\n  actions: [x]\n",
                ":4: a: `a b` is not the name of a variable",
            ),
            ("a:\n  group: chats\n  memroy: 512\n", ":3: "),
            ("a:\n  group: others\n", ":2: "),
            ("a:\n  group: chats\na:\n  group: chats\n", ":3: "),
        ] {
            let problem = problem(rows);
            assert!(problem.starts_with(&format!("{FILE}{wanted}")), "{problem}");
        }
    }
}
