//! The values of a template's parameters, and the merging of its `Globals`.

use std::collections::BTreeMap;

use super::{
    error::Issue,
    node::{Node, Value},
    scope::Scope,
};

pub(crate) fn read(
    declared: &[(String, Node)],
    overrides: &BTreeMap<String, String>,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, Node>, Issue> {
    if let Some(name) = overrides.keys().find(|name| declared.iter().all(|(known, _)| known != *name)) {
        return Err(Issue { line: None, subject: name.clone(), message: "the template has no such parameter".into() });
    }
    let values = declared.iter().map(|(name, node)| {
        let value = value(node, overrides.get(name)).map_err(|issue| issue.within(name))?;
        let kind = node.get("Type").and_then(Node::text).unwrap_or("String");
        if kind.starts_with("AWS::SSM::") && !overrides.contains_key(name) {
            warnings.push(format!(
                "line {}: {name} names a parameter in Systems Manager, which is not supported locally. Set its value instead",
                node.line
            ));
        }
        Ok((name.clone(), value))
    });
    values.collect()
}

fn value(node: &Node, given: Option<&String>) -> Result<Node, Issue> {
    let default = node.get("Default");
    let Some(text) = given.map(String::as_str).or_else(|| default.and_then(Node::text)) else {
        // `Default:` without a value means the empty text.
        if default.is_some_and(|default| default.value == Value::Null) {
            return Ok(Node { line: node.line, value: Value::Text(String::new()) });
        }
        return Err(Issue::at(node.line, "the parameter has no default. Set its value"));
    };
    if let Some(Node { value: Value::List(allowed), .. }) = node.get("AllowedValues")
        && !allowed.iter().any(|allowed| allowed.text() == Some(text))
    {
        let allowed: Vec<_> = allowed.iter().filter_map(Node::text).collect();
        return Err(Issue::at(node.line, format!("{text:?} is not one of the allowed values: {}", allowed.join(", "))));
    }
    let kind = node.get("Type").and_then(Node::text).unwrap_or("String");
    let text_node = |text: &str| Node { line: node.line, value: Value::Text(text.to_owned()) };
    let value = match kind {
        "Number" => {
            if text.parse::<f64>().is_err() {
                return Err(Issue::at(node.line, format!("{text:?} is not a number")));
            }
            Value::Text(text.to_owned())
        }
        "CommaDelimitedList" => Value::List(list(text).map(text_node).collect()),
        kind if kind.starts_with("List<") => Value::List(list(text).map(text_node).collect()),
        _ => Value::Text(text.to_owned()),
    };
    Ok(Node { line: node.line, value })
}

/// The items of a comma-separated list. The empty text has no items.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(move |_| !text.trim().is_empty())
}

/// The violated assertions of `Rules`.
pub(crate) fn violations(scope: &Scope, rules: Option<&Node>) -> Result<Vec<String>, Issue> {
    let mut violations = Vec::new();
    for (name, rule) in rules.map_or(&[][..], Node::entries) {
        let applies = rule.get("RuleCondition").map_or(Ok(true), |condition| scope.verdict(condition));
        if !applies.map_err(|issue| issue.within(name))? {
            continue;
        }
        let Some(Node { value: Value::List(assertions), .. }) = rule.get("Assertions") else { continue };
        for assertion in assertions {
            let Some(assert) = assertion.get("Assert") else { continue };
            if !scope.verdict(assert).map_err(|issue| issue.within(name))? {
                let description = assertion.get("AssertDescription").and_then(Node::text);
                violations
                    .push(format!("rule {name} of the template: {}", description.unwrap_or("its assertion is false")));
            }
        }
    }
    Ok(violations)
}

/// Applies SAM's `Globals`: maps are merged, lists are joined with the global items first, and other own values win.
pub(crate) fn merge(global: &Node, own: Node) -> Node {
    let Node { line, value } = own;
    let value = match (&global.value, value) {
        (Value::Map(global), Value::Map(mut entries)) => {
            for (key, global) in global {
                match entries.iter().position(|(name, _)| name == key) {
                    Some(index) => {
                        let (key, value) = entries.remove(index);
                        entries.insert(index, (key, merge(global, value)));
                    }
                    None => entries.push((key.clone(), global.clone())),
                }
            }
            Value::Map(entries)
        }
        (Value::List(global), Value::List(items)) => Value::List(global.iter().cloned().chain(items).collect()),
        (_, value) => value,
    };
    Node { line, value }
}
