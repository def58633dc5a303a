//! Reads the three files of `infra/stack`, and checks them against each other.

use super::names::screaming;
use super::permissions::{self, Permission, Permissions};
use super::rows::{self, Row, Rows, line_of};
use super::{base, read};
use crate::failure::Failure;
use std::collections::BTreeSet;
use std::path::Path;

/// The variables that a function gets if it needs a permission on the resource.
const RESOURCE_VARIABLES: [(&str, &[(&str, &str)]); 4] = [
    ("AttachmentsBucket", &[("ATTACHMENTS_BUCKET", "!Ref AttachmentsBucket")]),
    ("NotificationsTopicArn", &[("NOTIFICATIONS_TOPIC_ARN", "!Ref NotificationsTopicArn")]),
    (
        "AuthServiceSecretArn",
        &[("AUTH_SERVICE_URL", "!Ref AuthServiceUrl"), ("AUTH_SERVICE_SECRET_ARN", "!Ref AuthServiceSecretArn")],
    ),
    ("AuthSecretArn", &[("AUTH_SECRET_ARN", "!Ref AuthSecretArn")]),
];

/// A function that uses this table also uses Redis, if the stack has one.
const USERS_TABLE: &str = "ChatUsersTable";

const REDIS_VARIABLES: [(&str, &str); 3] = [
    ("REALTIME_REDIS_URL", "!Ref RealtimeRedisUrl"),
    ("REALTIME_REDIS_SECRET_ARN", "!Ref RealtimeRedisSecretArn"),
    ("REALTIME_REDIS_PREFIX", "!Sub \"${AWS::StackName}:\""),
];

pub(super) const CONNECTIONS_ENDPOINT: &str = "CONNECTIONS_ENDPOINT";

#[derive(Debug)]
pub(super) struct Stack {
    pub(super) base: String,
    /// Logical ids of the tables, in the order of the stack.
    pub(super) tables: Vec<String>,
    pub(super) rows: Rows,
    pub(super) permissions: Permissions,
}

impl Stack {
    pub(super) fn read(root: &Path) -> Result<Self, Failure> {
        Self::parse(&read(root, base::FILE)?, &read(root, rows::FILE)?, &read(root, permissions::FILE)?)
    }

    pub(super) fn parse(base: &str, rows: &str, permissions: &str) -> Result<Self, Failure> {
        let stack = Self {
            base: base.to_owned(),
            tables: base::of_type(base, "AWS::DynamoDB::Table"),
            rows: rows::parse(rows)?,
            permissions: permissions::parse(permissions)?,
        };
        stack.check_needs()?;
        stack.check_parameters()?;
        Ok(stack)
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.rows.iter().map(|(name, row)| (name.as_str(), &row.value))
    }

    /// The statements that a function needs, with their names.
    pub(super) fn needs<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (&'a str, &'a Permission)> {
        row.needs
            .iter()
            .filter_map(|need| self.permissions.get_key_value(&need.value))
            .map(|(name, each)| (name.as_str(), each))
    }

    pub(super) fn uses_table(&self, row: &Row, table: &str) -> bool {
        self.needs(row).any(|(_, need)| need.is_of("dynamodb") && need.is_about(table))
    }

    /// Whether a function uses Redis. Then it is in the VPC, if the stack has one.
    pub(super) fn reaches_redis(&self, row: &Row) -> bool {
        self.uses_table(row, USERS_TABLE)
    }

    /// The function's variables in order, with their values in YAML.
    pub(super) fn environment(&self, row: &Row) -> Vec<(String, String)> {
        let mut variables: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: &str| variables.push((name.to_owned(), value.to_owned()));
        for table in self.tables.iter().filter(|table| self.uses_table(row, table)) {
            add(&screaming(table), &format!("!Ref {table}"));
        }
        if self.reaches_redis(row) {
            REDIS_VARIABLES.iter().for_each(|(name, value)| add(name, value));
        }
        if self.needs(row).any(|(_, need)| need.is_of("execute-api")) {
            add(CONNECTIONS_ENDPOINT, "");
        }
        for (resource, variables_of_resource) in RESOURCE_VARIABLES {
            if self.needs(row).any(|(_, need)| need.is_about(resource)) {
                variables_of_resource.iter().for_each(|(name, value)| add(name, value));
            }
        }
        for (name, parameter) in &row.environment {
            add(name, &format!("!Ref {}", parameter.value));
        }
        variables
    }

    fn check_needs(&self) -> Result<(), Failure> {
        for (name, row) in &self.rows {
            for need in &row.value.needs {
                if !self.permissions.contains_key(&need.value) {
                    let problem = format!("{name}: {} has no statement `{}`", permissions::FILE, need.value);
                    return Err(Failure::at(rows::FILE, line_of(need), problem));
                }
            }
            let row_line = line_of(row).saturating_sub(1);
            let sids = self.needs(&row.value).map(|(_, need)| need.sid.clone());
            if let Some(sid) = first_duplicate(sids) {
                return Err(Failure::at(
                    rows::FILE,
                    row_line,
                    format!("{name}: two statements in needs have the Sid {sid}"),
                ));
            }
            if let Some(policy) = first_duplicate(self.needs(&row.value).filter_map(|(_, need)| need.own_policy(name)))
            {
                let problem = format!(
                    "{name}: two statements in needs have the policy name {policy}. Set a PolicyName in one of them"
                );
                return Err(Failure::at(rows::FILE, row_line, problem));
            }
        }
        for (name, permission) in &self.permissions {
            let at = |problem: String| Err(Failure::at(permissions::FILE, permission.line, problem));
            if !self.functions().any(|(_, row)| row.needs.iter().any(|need| need.value == *name)) {
                return at(format!("no function needs `{name}`. Remove it"));
            }
            if let Some(when) = permission.when.as_ref().filter(|when| !self.base.contains(&format!("\n  {when}: "))) {
                return at(format!("{name}: {} has no condition {when}", base::FILE));
            }
            if permission.when.is_some() && permission.policy_name.is_none() && !permission.is_of("secretsmanager") {
                return at(format!("{name}: a statement with When becomes a separate policy and needs a PolicyName"));
            }
        }
        Ok(())
    }

    fn check_parameters(&self) -> Result<(), Failure> {
        let parameters = base::parameters(&self.base);
        for (name, row) in &self.rows {
            if let Some(parameter) = &row.value.concurrency {
                let at =
                    |problem: String| Err(Failure::at(rows::FILE, line_of(parameter), format!("{name}: {problem}")));
                if !parameters.contains(&parameter.value) {
                    return at(format!("{} has no parameter {}", base::FILE, parameter.value));
                }
                let condition = concurrency_condition(&parameter.value);
                if !self.base.contains(&format!("\n  {condition}: ")) {
                    return at(format!("{} has no condition {condition}", base::FILE));
                }
            }
            for (variable, parameter) in &row.value.environment {
                let at =
                    |problem: String| Err(Failure::at(rows::FILE, line_of(parameter), format!("{name}: {problem}")));
                if !parameters.contains(&parameter.value) {
                    return at(format!("{} has no parameter {}", base::FILE, parameter.value));
                }
                if self.environment(&row.value).iter().filter(|(other, _)| other == variable).count() > 1 {
                    return at(format!("{variable} is set already, because of a statement in needs"));
                }
            }
        }
        Ok(())
    }
}

/// The condition that a parameter sets a reserved concurrency.
pub(super) fn concurrency_condition(parameter: &str) -> String {
    format!("Has{parameter}")
}

/// The first name that occurs twice.
fn first_duplicate(names: impl Iterator<Item = String>) -> Option<String> {
    let mut seen = BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(name.clone()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A stack with two functions and one table.
    pub(in super::super) const BASE: &str = "Parameters:\n  Burst:\n    Type: Number\n\nConditions:\n  HasIt: x\n\nResources:\n  ChatUsersTable:\n    Type: AWS::DynamoDB::Table\n";
    const ROWS: &str = "a:\n  group: chats\n  needs: [Read]\n  environment:\n    BURST: Burst\n  actions: [a]\nb:\n  group: chats\n  actions: [b]\n";
    const PERMISSIONS: &str = "Read:\n  Action: dynamodb:GetItem\n  Resource: !GetAtt ChatUsersTable.Arn\n";

    fn problem(rows: &str, permissions: &str) -> String {
        Stack::parse(BASE, rows, permissions).unwrap_err().0
    }

    #[test]
    fn variables_follow_from_needs() {
        let stack = Stack::parse(BASE, ROWS, PERMISSIONS).unwrap();
        let names: Vec<_> = stack.environment(&stack.rows["a"].value).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            ["CHAT_USERS_TABLE", "REALTIME_REDIS_URL", "REALTIME_REDIS_SECRET_ARN", "REALTIME_REDIS_PREFIX", "BURST"]
        );
        assert!(stack.environment(&stack.rows["b"].value).is_empty());
    }

    #[test]
    fn needs_and_permissions_must_match() {
        let unknown = problem(&ROWS.replace("[Read]", "[Read, Write]"), PERMISSIONS);
        assert_eq!(unknown, format!("{}:3: a: {} has no statement `Write`", rows::FILE, permissions::FILE));
        let unused = problem(&ROWS.replace("  needs: [Read]\n", ""), PERMISSIONS);
        assert_eq!(unused, format!("{}:1: no function needs `Read`. Remove it", permissions::FILE));
        let twice = format!(
            "{PERMISSIONS}Again:\n  Sid: Read\n  Action: dynamodb:Query\n  Resource: !GetAtt ChatUsersTable.Arn\n"
        );
        let twice = problem(&ROWS.replace("[Read]", "[Read, Again]"), &twice);
        assert_eq!(twice, format!("{}:1: a: two statements in needs have the Sid Read", rows::FILE));
        let secret = |name: &str| {
            format!("{name}:\n  When: HasIt\n  Action: secretsmanager:GetSecretValue\n  Resource: !Ref X\n")
        };
        let secrets = format!("{PERMISSIONS}{}{}", secret("One"), secret("Two"));
        let policies = problem(&ROWS.replace("[Read]", "[Read, One, Two]"), &secrets);
        assert_eq!(
            policies,
            format!(
                "{}:1: a: two statements in needs have the policy name a-secret. Set a PolicyName in one of them",
                rows::FILE
            )
        );
        let unnamed = problem(ROWS, &PERMISSIONS.replace("Read:\n", "Read:\n  When: HasIt\n"));
        assert!(unnamed.ends_with("and needs a PolicyName"), "{unnamed}");
        let condition = problem(ROWS, &PERMISSIONS.replace("Read:\n", "Read:\n  When: HasNot\n"));
        assert!(condition.ends_with("has no condition HasNot"), "{condition}");
    }

    #[test]
    fn reserved_concurrency_has_a_parameter_and_its_condition() {
        let rows = |parameter: &str| ROWS.replace("b:\n", &format!("b:\n  concurrency: {parameter}\n"));
        let unknown = problem(&rows("Brust"), PERMISSIONS);
        assert_eq!(unknown, format!("{}:8: b: {} has no parameter Brust", rows::FILE, base::FILE));
        let unconditional = problem(&rows("Burst"), PERMISSIONS);
        assert_eq!(unconditional, format!("{}:8: b: {} has no condition HasBurst", rows::FILE, base::FILE));
        let base = BASE.replace("HasIt: x", "HasBurst: x");
        assert!(Stack::parse(&base, &rows("Burst"), PERMISSIONS).is_ok());
    }

    #[test]
    fn variable_is_set_once_and_from_a_parameter() {
        let unknown = problem(&ROWS.replace("BURST: Burst", "BURST: Brust"), PERMISSIONS);
        assert_eq!(unknown, format!("{}:5: a: {} has no parameter Brust", rows::FILE, base::FILE));
        let twice = problem(&ROWS.replace("BURST: Burst", "CHAT_USERS_TABLE: Burst"), PERMISSIONS);
        assert_eq!(
            twice,
            format!("{}:5: a: CHAT_USERS_TABLE is set already, because of a statement in needs", rows::FILE)
        );
    }
}
