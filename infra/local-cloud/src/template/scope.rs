//! Resolves a template's values: parameters, conditions, mappings and CloudFormation's functions.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    error::Issue,
    node::{Node, Value},
};
use crate::arn::{ACCOUNT, PARTITION, REGION, STACK, URL_SUFFIX};

/// The values of `Ref` and `GetAtt` for a resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<&'static str, String>,
}

/// Everything that a function of the template can refer to.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) parameters: BTreeMap<String, Node>,
    pub(crate) conditions: BTreeMap<String, Node>,
    pub(crate) mappings: Option<Node>,
    pub(crate) references: BTreeMap<String, Reference>,
    /// Resources whose condition is false. A reference to one is an error.
    pub(crate) absent: BTreeSet<String>,
    /// The conditions that are being evaluated, to detect a cycle.
    pub(crate) deciding: RefCell<Vec<String>>,
}

impl Scope {
    /// The node with all functions evaluated. None if its value is `AWS::NoValue`.
    pub(crate) fn resolve(&self, node: &Node) -> Result<Option<Node>, Issue> {
        let value = match &node.value {
            Value::Null | Value::Text(_) => node.value.clone(),
            Value::List(items) => {
                let items = items.iter().filter_map(|item| self.resolve(item).transpose());
                Value::List(items.collect::<Result<_, _>>()?)
            }
            Value::Map(entries) => {
                let entries = entries.iter().filter_map(|(key, value)| {
                    let value = self.resolve(value).map_err(|issue| issue.within(key)).transpose()?;
                    Some(value.map(|value| (key.clone(), value)))
                });
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
            Value::Call(name, argument) => return self.call(name, argument, node.line),
        };
        Ok(Some(Node { line: node.line, value }))
    }

    /// Whether the condition with this name is true.
    pub(crate) fn holds(&self, name: &str, line: usize) -> Result<bool, Issue> {
        let Some(condition) = self.conditions.get(name) else {
            return Err(Issue::at(line, format!("the template has no condition {name}")));
        };
        if self.deciding.borrow().iter().any(|other| other == name) {
            return Err(Issue::at(line, format!("condition {name} depends on itself")));
        }
        self.deciding.borrow_mut().push(name.to_owned());
        let verdict = self.verdict(condition);
        self.deciding.borrow_mut().pop();
        verdict.map_err(|issue| issue.within(name))
    }

    /// Whether a condition's expression is true.
    pub(crate) fn verdict(&self, node: &Node) -> Result<bool, Issue> {
        let Value::Call(name, argument) = &node.value else {
            return match node.text() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => Err(Issue::at(node.line, format!("expected a condition, but this is {}", node.kind()))),
            };
        };
        match name.as_str() {
            "Condition" => match argument.text() {
                Some(name) => self.holds(name, argument.line),
                None => Err(Issue::at(argument.line, "Condition needs the name of a condition")),
            },
            "Equals" => match self.list(argument, name)?.as_slice() {
                [left, right] => Ok(same(left, right)),
                _ => Err(Issue::at(node.line, "Equals needs two values")),
            },
            "Not" => match items(argument, name)? {
                [condition] => Ok(!self.verdict(condition)?),
                _ => Err(Issue::at(node.line, "Not needs a list with one condition")),
            },
            "And" => items(argument, name)?.iter().try_fold(true, |all, one| Ok(all & self.verdict(one)?)),
            "Or" => items(argument, name)?.iter().try_fold(false, |any, one| Ok(any | self.verdict(one)?)),
            _ => match self.resolve(node)? {
                Some(value) if !matches!(value.value, Value::Call(..)) => self.verdict(&value),
                _ => Err(Issue::at(node.line, format!("{name} is not a condition"))),
            },
        }
    }

    fn call(&self, name: &str, argument: &Node, line: usize) -> Result<Option<Node>, Issue> {
        let text = |text: String| Ok(Some(Node { line, value: Value::Text(text) }));
        match name {
            "Ref" => match argument.text() {
                Some("AWS::NoValue") => Ok(None),
                Some(name) => self.reference(name, line).map(Some),
                None => Err(Issue::at(line, "Ref needs a name")),
            },
            "GetAtt" => match self.list(argument, name)?.as_slice() {
                [resource, attribute] => {
                    text(self.attribute(self.text_of(resource, name)?, self.text_of(attribute, name)?, line)?)
                }
                _ => Err(Issue::at(line, "GetAtt needs a resource and an attribute")),
            },
            "Sub" => text(self.substitute(argument, line)?),
            "If" => match items(argument, name)? {
                [condition, yes, no] => {
                    let Some(condition) = condition.text() else {
                        return Err(Issue::at(line, "If needs the name of a condition"));
                    };
                    self.resolve(if self.holds(condition, line)? { yes } else { no })
                }
                _ => Err(Issue::at(line, "If needs a condition and two values")),
            },
            "Join" => match self.list(argument, name)?.as_slice() {
                [delimiter, list] => {
                    let words = items(list, name)?.iter().map(|item| self.text_of(item, name));
                    text(words.collect::<Result<Vec<_>, _>>()?.join(self.text_of(delimiter, name)?))
                }
                _ => Err(Issue::at(line, "Join needs a delimiter and a list")),
            },
            "Split" => match self.list(argument, name)?.as_slice() {
                [delimiter, whole] => {
                    let parts = self.text_of(whole, name)?.split(self.text_of(delimiter, name)?);
                    Ok(Some(Node {
                        line,
                        value: Value::List(
                            parts.map(|part| Node { line, value: Value::Text(part.to_owned()) }).collect(),
                        ),
                    }))
                }
                _ => Err(Issue::at(line, "Split needs a delimiter and a text")),
            },
            "Select" => {
                match self.list(argument, name)?.as_slice() {
                    [index, list] => {
                        let index: usize = self
                            .text_of(index, name)?
                            .parse()
                            .map_err(|error| Issue::at(line, format!("Select needs a number and a list: {error}")))?;
                        items(list, name)?.get(index).cloned().map(Some).ok_or_else(|| {
                            Issue::at(line, format!("Select: the list has no item with the index {index}"))
                        })
                    }
                    _ => Err(Issue::at(line, "Select needs a number and a list")),
                }
            }
            "FindInMap" => match self.list(argument, name)?.as_slice() {
                [map, first, second] => {
                    let keys = [self.text_of(map, name)?, self.text_of(first, name)?, self.text_of(second, name)?];
                    self.mappings
                        .as_ref()
                        .and_then(|mappings| keys.iter().try_fold(mappings, |node, key| node.get(key)))
                        .cloned()
                        .map(Some)
                        .ok_or_else(|| {
                            Issue::at(line, format!("FindInMap: the section Mappings has no {}", keys.join(".")))
                        })
                }
                _ => Err(Issue::at(line, "FindInMap needs a map and two keys")),
            },
            "Condition" | "Equals" | "Not" | "And" | "Or" => {
                let whole = Node { line, value: Value::Call(name.to_owned(), Box::new(argument.clone())) };
                text(self.verdict(&whole)?.to_string())
            }
            other => Err(Issue::at(line, format!("the function {other} is not supported locally"))),
        }
    }

    fn reference(&self, name: &str, line: usize) -> Result<Node, Issue> {
        if let Some(parameter) = self.parameters.get(name) {
            return Ok(Node { line, value: parameter.value.clone() });
        }
        let text = match name {
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => PARTITION.to_owned(),
            "AWS::URLSuffix" => URL_SUFFIX.to_owned(),
            "AWS::StackName" => STACK.to_owned(),
            "AWS::StackId" => {
                format!("arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/local")
            }
            _ => self.resource(name, line)?.name.clone(),
        };
        Ok(Node { line, value: Value::Text(text) })
    }

    fn resource(&self, name: &str, line: usize) -> Result<&Reference, Issue> {
        if self.absent.contains(name) {
            return Err(Issue::at(line, format!("{name} does not exist, because its condition is false")));
        }
        self.references
            .get(name)
            .ok_or_else(|| Issue::at(line, format!("{name} is neither a parameter nor a resource of the template")))
    }

    fn attribute(&self, resource: &str, attribute: &str, line: usize) -> Result<String, Issue> {
        let reference = self.resource(resource, line)?;
        Ok(match reference.attributes.get(attribute) {
            Some(value) => value.clone(),
            // Other resources may refer to attributes of an unsupported resource (a role, a log group). Make up a
            // value.
            None if attribute.ends_with("Arn") => {
                format!("arn:{PARTITION}:local:{REGION}:{ACCOUNT}:{}", reference.name)
            }
            None => format!("{}.{attribute}", reference.name),
        })
    }

    fn substitute(&self, argument: &Node, line: usize) -> Result<String, Issue> {
        let (template, own) = match &argument.value {
            Value::Text(text) => (text.as_str(), None),
            Value::List(parts) => match parts.as_slice() {
                [Node { value: Value::Text(text), .. }, own] => (text.as_str(), Some(own)),
                _ => return Err(Issue::at(line, "Sub needs a text, or a text and a map")),
            },
            _ => return Err(Issue::at(line, "Sub needs a text, or a text and a map")),
        };
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                return Err(Issue::at(line, "Sub: a ${ is not closed"));
            };
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = own.and_then(|own| own.get(name)) {
                if let Some(value) = self.resolve(value)? {
                    out.push_str(self.text_of(&value, "Sub")?);
                }
            } else if let Some((resource, attribute)) = name.split_once('.') {
                out.push_str(&self.attribute(resource, attribute, line)?);
            } else {
                let value = self.reference(name, line)?;
                out.push_str(self.text_of(&value, "Sub")?);
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn list(&self, argument: &Node, function: &str) -> Result<Vec<Node>, Issue> {
        items(argument, function)?.iter().filter_map(|item| self.resolve(item).transpose()).collect()
    }

    fn text_of<'a>(&self, node: &'a Node, function: &str) -> Result<&'a str, Issue> {
        node.text().ok_or_else(|| Issue::at(node.line, format!("{function} needs a text, but this is {}", node.kind())))
    }
}

fn items<'a>(node: &'a Node, function: &str) -> Result<&'a [Node], Issue> {
    match &node.value {
        Value::List(items) => Ok(items),
        _ => Err(Issue::at(node.line, format!("{function} needs a list, but this is {}", node.kind()))),
    }
}

fn same(left: &Node, right: &Node) -> bool {
    match (&left.value, &right.value) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (left, right) => left == right,
    }
}
