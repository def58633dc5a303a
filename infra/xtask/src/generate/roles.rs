//! The role of each function, and the permissions of all roles together.

use super::names::pascal;
use super::permissions::Permission;
use super::rows::Row;
use super::stack::Stack;
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) fn role(stack: &Stack, name: &str, row: &Row) -> String {
    let id = pascal(name);
    let mut text = format!(
        "{id}Role:\n  Type: AWS::IAM::Role\n  Properties:\n    AssumeRolePolicyDocument:\n      Version: \"2012-10-17\"\n      \
         Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}]\n"
    );
    text.push_str(if stack.reaches_redis(row) {
        "    ManagedPolicyArns:\n      - !Ref TracingPolicy\n      - !If [InVpc, !Ref NetworkPolicy, !Ref AWS::NoValue]\n      \
         - !If [HasRealtimeRedisSecret, !Ref RedisSecretPolicy, !Ref AWS::NoValue]\n"
    } else {
        "    ManagedPolicyArns: [!Ref TracingPolicy]\n"
    });
    let _ = write!(
        text,
        "    Policies:\n      - PolicyName: {name}\n        PolicyDocument:\n          Version: \"2012-10-17\"\n          Statement:\n            \
         - Sid: WriteOwnLog\n              Effect: Allow\n              Action: [logs:CreateLogStream, logs:PutLogEvents]\n              \
         Resource: !GetAtt {id}LogGroup.Arn\n"
    );
    for (_, need) in stack.needs(row).filter(|(_, need)| need.when.is_none()) {
        text.push_str(&indented(12, &statement(need)));
    }
    for (_, need) in stack.needs(row) {
        let (Some(condition), Some(policy)) = (&need.when, need.own_policy(name)) else { continue };
        let _ = write!(
            text,
            "      - !If\n        - {condition}\n        - PolicyName: {policy}\n          PolicyDocument:\n            Version: \"2012-10-17\"\n            \
             Statement:\n"
        );
        text.push_str(&indented(14, &statement(need)));
        text.push_str("        - !Ref AWS::NoValue\n");
    }
    text
}

fn statement(need: &Permission) -> String {
    let mut text = String::new();
    for comment in &need.comments {
        let _ = writeln!(text, "{comment}");
    }
    let _ = write!(text, "- Sid: {}\n  Effect: Allow\n", need.sid);
    for line in &need.text {
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn indented(columns: usize, text: &str) -> String {
    text.lines().map(|line| format!("{:columns$}{line}\n", "")).collect()
}

/// The actions on tables that any role allows.
pub(super) fn table_actions(stack: &Stack) -> String {
    let actions =
        stack.permissions.values().flat_map(|need| &need.actions).filter(|action| action.starts_with("dynamodb:"));
    let actions: BTreeSet<&String> = actions.collect();
    actions.into_iter().map(|action| format!("- {action}\n")).collect()
}

/// The tables and indexes that any role may use.
pub(super) fn table_resources(stack: &Stack) -> String {
    let mut text = String::new();
    for table in &stack.tables {
        let _ = writeln!(text, "- !GetAtt {table}.Arn");
        let resources = stack.permissions.values().flat_map(|need| &need.resources);
        let index = format!("${{{table}.Arn}}/index/");
        let indexes: BTreeSet<&String> = resources.filter(|resource| resource.starts_with(&index)).collect();
        for index in indexes {
            let _ = writeln!(text, "- !Sub {index}");
        }
    }
    text
}
