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
        let kind = node.get("Type").and_then(Node::text).unwrap_or("String");
        let value = value(name, kind, node, overrides.get(name), warnings).map_err(|issue| issue.within(name))?;
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

fn value(
    name: &str,
    kind: &str,
    node: &Node,
    given: Option<&String>,
    warnings: &mut Vec<String>,
) -> Result<Node, Issue> {
    let default = node.get("Default");
    let text = match (given.map(String::as_str).or_else(|| default.and_then(Node::text)), default) {
        (Some(text), _) => text,
        // `Default:` without a value means the empty text.
        (None, Some(default)) if default.value == Value::Null => "",
        (None, _) => return Err(Issue::at(node.line, "the parameter has no default. Set its value")),
    };
    let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    // The rules apply to each item of a list.
    let items: Vec<&str> = if is_list { list(text).collect() } else { vec![text] };
    // On AWS, the rules of such a parameter apply to its name in Systems Manager, which is not used here.
    if !kind.starts_with("AWS::SSM::") {
        let is_number = matches!(kind, "Number" | "List<Number>");
        for item in &items {
            check(name, node, item, is_number, warnings)?;
        }
    }
    let text_node = |text: &str| Node { line: node.line, value: Value::Text(text.to_owned()) };
    let value = match is_list {
        true => Value::List(items.into_iter().map(text_node).collect()),
        false => Value::Text(text.to_owned()),
    };
    Ok(Node { line: node.line, value })
}

/// Checks a value against the rules of its declaration, as CloudFormation does before it creates anything.
fn check(name: &str, node: &Node, text: &str, is_number: bool, warnings: &mut Vec<String>) -> Result<(), Issue> {
    let is_secret = node.get("NoEcho").and_then(Node::text).is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
    let shown = if is_secret { "the value (NoEcho)".to_owned() } else { format!("{text:?}") };
    let number = match text.parse::<f64>() {
        Ok(number) if is_number && number.is_finite() => Some(number),
        _ if is_number => return Err(Issue::at(node.line, format!("{shown} is not a number"))),
        _ => None,
    };
    let violation = violated_rule(name, node, text, number, warnings)?;
    violation.map_or(Ok(()), |rule| {
        let description = node.get("ConstraintDescription").and_then(Node::text);
        let description = description.map(|description| format!(": {description}")).unwrap_or_default();
        Err(Issue::at(node.line, format!("{shown} is not allowed ({rule}){description}")))
    })
}

/// The first rule that the value violates, as in the template, such as `MinValue: 1`.
fn violated_rule(
    name: &str,
    node: &Node,
    text: &str,
    number: Option<f64>,
    warnings: &mut Vec<String>,
) -> Result<Option<String>, Issue> {
    if let Some(Node { value: Value::List(allowed), .. }) = node.get("AllowedValues") {
        let allowed: Vec<_> = allowed.iter().filter_map(Node::text).collect();
        if !allowed.contains(&text) {
            return Ok(Some(format!("AllowedValues: {}", allowed.join(", "))));
        }
    }
    let limit = |key: &str| -> Result<Option<f64>, Issue> {
        let Some(limit) = node.get(key) else { return Ok(None) };
        let number = limit.text().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| Issue::at(limit.line, "expected a number").within(key))
    };
    #[expect(clippy::cast_precision_loss, reason = "a length is far below 2^53")]
    let (measured, min, max) = match number {
        Some(number) => (number, "MinValue", "MaxValue"),
        None => (text.chars().count() as f64, "MinLength", "MaxLength"),
    };
    if let Some(limit) = limit(min)?.filter(|limit| measured < *limit) {
        return Ok(Some(format!("{min}: {limit}")));
    }
    if let Some(limit) = limit(max)?.filter(|limit| measured > *limit) {
        return Ok(Some(format!("{max}: {limit}")));
    }
    let pattern = node.get("AllowedPattern").and_then(Node::text).filter(|_| number.is_none());
    let Some(pattern) = pattern else { return Ok(None) };
    // The pattern must match the whole value.
    let is_match = fancy_regex::Regex::new(&format!(r"\A(?:{pattern})\z")).and_then(|regex| regex.is_match(text));
    match is_match {
        Ok(is_match) => Ok((!is_match).then(|| format!("AllowedPattern: {pattern}"))),
        // CloudFormation's patterns are Java's, which have a few features of their own.
        Err(error) => {
            warnings.push(format!("line {}: {name}.AllowedPattern is not checked locally: {error}", node.line));
            Ok(None)
        }
    }
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
