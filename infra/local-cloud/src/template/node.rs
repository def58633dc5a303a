//! The syntax tree of a template: values with their lines, and CloudFormation's functions as nodes.

use saphyr::{MarkedYaml, ScalarStyle, YamlData, YamlLoader};
use saphyr_parser::Parser;

/// One value of the template and its line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    /// The text as written, so that a version such as `2.0` is not read as a number.
    Text(String),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(String, Node)>),
    /// `!Name argument` or `Fn::Name: argument`.
    Call(String, Box<Node>),
}

/// An error in the YAML.
pub(crate) struct Fault {
    pub(crate) line: Option<usize>,
    pub(crate) message: String,
}

impl Node {
    pub(crate) fn parse(source: &str) -> Result<Self, Fault> {
        let mut loader = YamlLoader::<MarkedYaml>::default();
        loader.early_parse(false);
        let scan =
            |error: &saphyr::ScanError| Fault { line: Some(error.marker().line()), message: error.info().to_owned() };
        Parser::new_from_str(source).load(&mut loader, true).map_err(|error| scan(&error))?;
        if let Some(error) = loader.error() {
            return Err(scan(error));
        }
        let mut documents = loader.into_documents();
        match (documents.pop(), documents.is_empty()) {
            (Some(document), true) => convert(document),
            (Some(_), false) => Err(Fault { line: None, message: "the file has more than one YAML document".into() }),
            (None, _) => Err(Fault { line: None, message: "the file is empty".into() }),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The entries of a map. Empty for other values.
    pub(crate) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Call(..) => "a function",
        }
    }
}

fn convert(yaml: MarkedYaml<'_>) -> Result<Node, Fault> {
    let line = yaml.span.start.line();
    let value = match yaml.data {
        YamlData::Representation(text, style, tag) => {
            let value = if style == ScalarStyle::Plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL") {
                Value::Null
            } else {
                Value::Text(text.into_owned())
            };
            match tag.filter(|tag| !tag.is_yaml_core_schema()) {
                Some(tag) => call(&tag.suffix, Node { line, value }),
                None => value,
            }
        }
        YamlData::Sequence(items) => Value::List(items.into_iter().map(convert).collect::<Result<_, _>>()?),
        YamlData::Mapping(entries) => {
            let entries = entries
                .into_iter()
                .map(|(key, value)| {
                    let key_line = key.span.start.line();
                    match convert(key)?.value {
                        Value::Text(key) => Ok((key, convert(value)?)),
                        _ => Err(Fault { line: Some(key_line), message: "a key must be a text".into() }),
                    }
                })
                .collect::<Result<Vec<_>, _>>()?;
            long_form(entries)
        }
        YamlData::Tagged(tag, inner) => {
            let inner = convert(*inner)?;
            if tag.is_yaml_core_schema() { inner.value } else { call(&tag.suffix, inner) }
        }
        YamlData::Value(_) | YamlData::Alias(_) | YamlData::BadValue => {
            return Err(Fault {
                line: Some(line),
                message: "values of this kind, such as aliases, are not supported".into(),
            });
        }
    };
    Ok(Node { line, value })
}

/// `{Fn::Join: [..]}`, `{Ref: X}` and `{Condition: X}` are the long form of functions. A `Condition` as the only key of
/// a map means `!Condition`. Next to other keys, it is an attribute of a resource.
fn long_form(mut entries: Vec<(String, Node)>) -> Value {
    if let [(key, _)] = entries.as_slice() {
        let name = key.strip_prefix("Fn::").or_else(|| matches!(key.as_str(), "Ref" | "Condition").then_some(key));
        if let Some(name) = name.map(str::to_owned)
            && let Some((_, argument)) = entries.pop()
        {
            return call(&name, argument);
        }
    }
    Value::Map(entries)
}

fn call(name: &str, argument: Node) -> Value {
    // `!GetAtt A.B` is `Fn::GetAtt: [A, B]`.
    let argument = match (name, &argument.value) {
        ("GetAtt", Value::Text(text)) => {
            let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
            let part = |text: &str| Node { line: argument.line, value: Value::Text(text.to_owned()) };
            Node { line: argument.line, value: Value::List(vec![part(resource), part(attribute)]) }
        }
        _ => argument,
    };
    Value::Call(name.to_owned(), Box::new(argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Node {
        Node::parse(source).unwrap_or_else(|fault| panic!("{}", fault.message))
    }

    #[test]
    fn values_keep_their_text_and_line() {
        let node = parse("a: 2.0\nb: '~'\nc: ~\nd:\n  - x\n");
        assert_eq!(node.get("a").and_then(Node::text), Some("2.0"));
        assert_eq!(node.get("b").and_then(Node::text), Some("~"));
        assert_eq!(node.get("c").map(|node| &node.value), Some(&Value::Null));
        assert_eq!(node.get("d").map(|node| node.line), Some(5));
    }

    #[test]
    fn short_and_long_forms_are_equal() {
        let short = parse("v: !GetAtt Table.Arn").get("v").cloned();
        let long = parse("v: {'Fn::GetAtt': [Table, Arn]}").get("v").cloned();
        assert_eq!(short.map(|node| node.value), long.map(|node| node.value));
        let short = parse("v: !Ref X").get("v").cloned();
        let long = parse("v: {Ref: X}").get("v").cloned();
        assert_eq!(short.map(|node| node.value), long.map(|node| node.value));
    }

    #[test]
    fn duplicate_key_is_an_error_with_its_line() {
        let fault = Node::parse("a: 1\nb: 2\na: 3\n").err().map(|fault| fault.line);
        assert_eq!(fault, Some(Some(3)));
    }
}
