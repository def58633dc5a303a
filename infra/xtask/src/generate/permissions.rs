//! `permissions.yaml`: each IAM statement once, by the name of its purpose.

use super::rows::{line_of, unreadable};
use crate::failure::Failure;
use indexmap::IndexMap;
use serde::Deserialize;
use serde_saphyr::Spanned;

pub(super) const FILE: &str = "infra/stack/permissions.yaml";

/// The statements by name, in the order of the file.
pub(super) type Permissions = IndexMap<String, Permission>;

#[derive(Debug)]
pub(super) struct Permission {
    /// The line of its name.
    pub(super) line: usize,
    /// The comments above it, with their `#`.
    pub(super) comments: Vec<String>,
    pub(super) sid: String,
    /// The stack's condition for the statement. None if roles always have it.
    pub(super) when: Option<String>,
    /// The policy's name of a conditional statement. None means the default, `FUNCTION-secret`.
    pub(super) policy_name: Option<String>,
    pub(super) actions: Vec<String>,
    /// The resources without YAML tags: `ChatsTable.Arn`, `${AttachmentsBucket.Arn}/*`, `AuthSecretArn`.
    pub(super) resources: Vec<String>,
    /// The lines of `Action`, `Resource` and `Condition`.
    pub(super) text: Vec<String>,
}

impl Permission {
    /// The name of the function's separate policy for a conditional statement. None for a statement without a
    /// condition.
    pub(super) fn own_policy(&self, function: &str) -> Option<String> {
        self.when.as_ref()?;
        Some(self.policy_name.clone().unwrap_or_else(|| format!("{function}-secret")))
    }

    /// Whether one of its resources is this one, or a part of this one.
    pub(super) fn is_about(&self, resource: &str) -> bool {
        self.resources.iter().any(|each| {
            let in_text = each.split("${").nth(1).and_then(|rest| rest.split('}').next());
            in_text.unwrap_or(each).split('.').next() == Some(resource)
        })
    }

    /// Whether one of its actions belongs to this service.
    pub(super) fn is_of(&self, service: &str) -> bool {
        self.actions.iter().any(|action| action.split(':').next() == Some(service))
    }
}

/// The YAML of a statement. The keys of IAM have the names of IAM.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct StatementYaml {
    sid: Option<String>,
    when: Option<String>,
    policy_name: Option<String>,
    action: OneOrMany,
    resource: OneOrMany,
    #[serde(rename = "Condition")]
    _condition: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Vec<String> {
    fn from(value: OneOrMany) -> Self {
        match value {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

/// Replaces CloudFormation's short tags by spaces, because the parser does not know them. Columns stay the same.
fn untagged(text: &str) -> String {
    let tags = ["!GetAtt ", "!Ref ", "!Sub "];
    tags.iter().fold(text.to_owned(), |text, tag| text.replace(tag, &" ".repeat(tag.len())))
}

pub(super) fn parse(text: &str) -> Result<Permissions, Failure> {
    let written: IndexMap<String, Spanned<StatementYaml>> =
        serde_saphyr::from_str(&untagged(text)).map_err(|error| unreadable(FILE, &error))?;
    let lines: Vec<&str> = text.lines().collect();
    let permissions = written.into_iter().map(|(name, written)| {
        let (line, written) = (line_of(&written), written.value);
        let start = lines.iter().position(|line| *line == format!("{name}:"));
        let start = start.ok_or_else(|| Failure::at(FILE, line, format!("write `{name}:` alone on a line")))?;
        let above = lines[..start].iter().rev().take_while(|line| line.starts_with('#'));
        let mut comments: Vec<String> = above.map(|line| (*line).to_owned()).collect();
        comments.reverse();
        let ours = |line: &&&str| ["  Sid:", "  When:", "  PolicyName:"].iter().all(|key| !line.starts_with(key));
        // Up to the next name. Skip empty lines and the comments of the next statement.
        let next = |line: &&&str| line.starts_with(|first: char| first.is_ascii_alphabetic());
        let body = lines.iter().skip(start + 1).take_while(|line| !next(line)).filter(|line| line.starts_with(' '));
        let permission = Permission {
            line: start + 1,
            comments,
            sid: written.sid.unwrap_or_else(|| name.clone()),
            when: written.when,
            policy_name: written.policy_name,
            actions: written.action.into(),
            resources: written.resource.into(),
            text: body.filter(ours).map(|line| line.chars().skip(2).collect()).collect(),
        };
        Ok((name, permission))
    });
    permissions.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statement_is_read_with_its_comment_and_unchanged_lines() {
        let text = "# About the file.\n\n# Why.\nLook:\n  When: HasIt\n  Action: [s3:GetObject, s3:PutObject]\n  Resource: !Sub ${Bucket.Arn}/*\n  \
                    Condition:\n    StringEquals: {a: b}\n\nPush:\n  Action: execute-api:ManageConnections\n  Resource: !Sub arn:${AWS::Region}:${Api}/POST/@connections/*\n";
        let permissions = parse(text).unwrap();
        let look = &permissions["Look"];
        assert_eq!((look.line, look.comments.as_slice()), (4, ["# Why.".to_owned()].as_slice()));
        assert_eq!((look.when.as_deref(), look.sid.as_str()), (Some("HasIt"), "Look"));
        assert_eq!(look.text[1], "Resource: !Sub ${Bucket.Arn}/*");
        assert_eq!(look.text.len(), 4);
        assert!(look.is_about("Bucket") && !look.is_about("Other") && look.is_of("s3") && !look.is_of("sns"));
        assert!(permissions["Push"].is_of("execute-api"));
    }

    #[test]
    fn all_lines_of_a_statement_are_kept() {
        let text =
            "Look:\n  Action: s3:GetObject\n\n# Between.\n  Resource: !Sub ${Bucket.Arn}/*\n  Condition: {a: {b: c}}\n";
        assert_eq!(parse(text).unwrap()["Look"].text.len(), 3);
        let Failure(problem) = parse("Look: {Action: a:B, Resource: C}\n").unwrap_err();
        assert_eq!(problem, format!("{FILE}:1: write `Look:` alone on a line"));
    }

    #[test]
    fn unknown_key_is_reported_with_its_line() {
        let Failure(problem) = parse("Look:\n  Action: a:B\n  Resource: C\n  Effect: Allow\n").unwrap_err();
        assert!(problem.starts_with(&format!("{FILE}:4: ")), "{problem}");
    }
}
