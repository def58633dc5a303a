//! `permissions.yaml`: each IAM statement once, under the name of what a function needs it for.

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
    /// Where it begins.
    pub(super) line: usize,
    /// Comments above it, each with its `#`.
    pub(super) comments: Vec<String>,
    pub(super) sid: String,
    /// The condition of the stack under which a role has it.
    pub(super) when: Option<String>,
    /// What the policy of a statement under a condition is called, if not after its function.
    pub(super) policy_name: Option<String>,
    pub(super) actions: Vec<String>,
    /// Without their tags: `ChatsTable.Arn`, `${AttachmentsBucket.Arn}/*`, `AuthSecretArn`.
    pub(super) resources: Vec<String>,
    /// `Action`, `Resource` and `Condition` as they are written.
    pub(super) text: Vec<String>,
}

impl Permission {
    /// What the policy of its own is called that a function has for it; None for a statement under no condition.
    pub(super) fn own_policy(&self, function: &str) -> Option<String> {
        self.when.as_ref()?;
        Some(self.policy_name.clone().unwrap_or_else(|| format!("{function}-secret")))
    }

    /// Whether one of its resources is this, or a part of it.
    pub(super) fn is_about(&self, resource: &str) -> bool {
        self.resources.iter().any(|each| {
            let in_text = each.split("${").nth(1).and_then(|rest| rest.split('}').next());
            in_text.unwrap_or(each).split('.').next() == Some(resource)
        })
    }

    /// Whether one of its actions is of this service.
    pub(super) fn is_of(&self, service: &str) -> bool {
        self.actions.iter().any(|action| action.split(':').next() == Some(service))
    }
}

/// What is read of a statement; the keys of IAM as IAM has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Written {
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

/// The same without CloudFormation's short tags, which are no YAML of ours; every place stays where it is.
fn untagged(text: &str) -> String {
    let tags = ["!GetAtt ", "!Ref ", "!Sub "];
    tags.iter().fold(text.to_owned(), |text, tag| text.replace(tag, &" ".repeat(tag.len())))
}

pub(super) fn parse(text: &str) -> Result<Permissions, Failure> {
    let written: IndexMap<String, Spanned<Written>> =
        serde_saphyr::from_str(&untagged(text)).map_err(|error| unreadable(FILE, &error))?;
    let lines: Vec<&str> = text.lines().collect();
    let permissions = written.into_iter().map(|(name, written)| {
        let (line, written) = (line_of(&written), written.value);
        let start = lines.iter().position(|line| *line == format!("{name}:"));
        let start = start.ok_or_else(|| Failure::at(FILE, line, format!("write `{name}:` alone on its line")))?;
        let above = lines[..start].iter().rev().take_while(|line| line.starts_with('#'));
        let mut comments: Vec<String> = above.map(|line| (*line).to_owned()).collect();
        comments.reverse();
        let ours = |line: &&&str| ["  Sid:", "  When:", "  PolicyName:"].iter().all(|key| !line.starts_with(key));
        // Up to the next name. Empty lines, and comments that go with that, are none of the statement's.
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
    fn a_statement_is_read_with_its_comment_and_kept_as_it_is_written() {
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
    fn no_line_of_a_statement_is_lost() {
        let text =
            "Look:\n  Action: s3:GetObject\n\n# Between.\n  Resource: !Sub ${Bucket.Arn}/*\n  Condition: {a: {b: c}}\n";
        assert_eq!(parse(text).unwrap()["Look"].text.len(), 3);
        let Failure(problem) = parse("Look: {Action: a:B, Resource: C}\n").unwrap_err();
        assert_eq!(problem, format!("{FILE}:1: write `Look:` alone on its line"));
    }

    #[test]
    fn a_key_that_is_not_known_is_told_with_its_line() {
        let Failure(problem) = parse("Look:\n  Action: a:B\n  Resource: C\n  Effect: Allow\n").unwrap_err();
        assert!(problem.starts_with(&format!("{FILE}:4: ")), "{problem}");
    }
}
