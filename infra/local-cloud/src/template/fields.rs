//! Reads the properties of a map: resolves the supported ones, and warns about others unless they have no effect
//! locally.

use std::collections::BTreeMap;

use super::{
    error::Issue,
    node::{Node, Value},
    scope::Scope,
};

/// The properties that are read, and the properties that are ignored because they have no effect on one machine.
pub(crate) struct Known {
    pub(crate) supported: &'static [&'static str],
    pub(crate) without_effect: &'static [&'static str],
}

/// The supported properties of a map, resolved.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    line: usize,
    values: BTreeMap<String, Node>,
}

impl Fields {
    pub(crate) fn read(
        scope: &Scope,
        node: &Node,
        known: &Known,
        subject: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Issue> {
        let resolved;
        let node = match &node.value {
            Value::Call(..) => match scope.resolve(node)? {
                Some(node) => {
                    resolved = node;
                    &resolved
                }
                None => return Ok(Self { line: node.line, ..Self::default() }),
            },
            _ => node,
        };
        let entries = match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &Vec::new(),
            _ => return Err(Issue::at(node.line, format!("expected a map, but this is {}", node.kind()))),
        };
        let mut fields = Self { line: node.line, ..Self::default() };
        for (key, value) in entries {
            if known.without_effect.contains(&key.as_str()) {
                continue;
            }
            if !known.supported.contains(&key.as_str()) {
                warnings
                    .push(format!("line {}: {subject}.{key} is not supported locally and has no effect", value.line));
                continue;
            }
            if let Some(value) = scope.resolve(value).map_err(|issue| issue.within(key))?
                && value.value != Value::Null
            {
                fields.values.insert(key.clone(), value);
            }
        }
        Ok(fields)
    }

    pub(crate) fn line(&self) -> usize {
        self.line
    }

    pub(crate) fn node(&self, key: &str) -> Option<&Node> {
        self.values.get(key)
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, Issue> {
        self.values.get(key).map(|node| text(node).map_err(|issue| issue.within(key))).transpose()
    }

    pub(crate) fn required(&self, key: &str) -> Result<String, Issue> {
        self.text(key)?.ok_or_else(|| Issue::at(self.line, format!("the property {key} is missing")))
    }

    pub(crate) fn number(&self, key: &str) -> Result<Option<u64>, Issue> {
        let parse = |text: String| {
            text.parse().map_err(|error| {
                Issue::at(self.values.get(key).map_or(self.line, |node| node.line), format!("{text}: {error}"))
                    .within(key)
            })
        };
        self.text(key)?.map(parse).transpose()
    }

    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Issue> {
        match self.text(key)?.as_deref() {
            None => Ok(None),
            Some("true" | "True" | "TRUE") => Ok(Some(true)),
            Some("false" | "False" | "FALSE") => Ok(Some(false)),
            Some(other) => {
                Err(Issue::at(self.line, format!("expected true or false, but this is {other}")).within(key))
            }
        }
    }

    /// A list of texts. A single text counts as a list of one.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, Issue> {
        let Some(node) = self.values.get(key) else { return Ok(None) };
        let texts: Result<Vec<_>, _> = match &node.value {
            Value::List(items) => items.iter().map(text).collect(),
            _ => text(node).map(|text| vec![text]),
        };
        texts.map(Some).map_err(|issue| issue.within(key))
    }

    pub(crate) fn items(&self, key: &str) -> Result<&[Node], Issue> {
        match self.values.get(key).map(|node| (&node.value, node.line)) {
            None => Ok(&[]),
            Some((Value::List(items), _)) => Ok(items),
            Some((_, line)) => Err(Issue::at(line, "expected a list").within(key)),
        }
    }

    /// A map of texts, such as environment variables.
    pub(crate) fn map(&self, key: &str) -> Result<BTreeMap<String, String>, Issue> {
        let Some(node) = self.values.get(key) else { return Ok(BTreeMap::new()) };
        if !matches!(node.value, Value::Map(_)) {
            return Err(Issue::at(node.line, "expected a map").within(key));
        }
        let entries = node.entries().iter().map(|(name, value)| {
            text(value).map(|value| (name.clone(), value)).map_err(|issue| issue.within(name).within(key))
        });
        entries.collect()
    }
}

fn text(node: &Node) -> Result<String, Issue> {
    node.text()
        .map(str::to_owned)
        .ok_or_else(|| Issue::at(node.line, format!("expected a value, but this is {}", node.kind())))
}
