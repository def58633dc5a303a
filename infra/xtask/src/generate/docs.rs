//! The generated tables in docs: functions, variables and alarms.

use super::base::of_type;
use super::permissions::Permission;
use super::rows::{Row, method_and_path};
use super::stack::Stack;
use super::{Files, around, read, replaced, template};
use crate::failure::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const API: &str = "docs/API.md";
const OPERATIONS: &str = "docs/OPERATIONS.md";
const COMMENT: &str = "<!--";

pub(super) fn generate(root: &Path, stack: &Stack) -> Result<Files, Failure> {
    let mut files = Files::new();
    let api = replaced(API, &read(root, API)?, COMMENT, "functions", &functions(stack))?;
    let routes = stack.functions().flat_map(|(_, row)| row.routes.values().map(|route| route.value.clone()));
    check_listed(&api, "route", routes.collect())?;
    let actions = stack.functions().flat_map(|(_, row)| row.actions.iter().map(|action| action.value.clone()));
    check_listed(&api, "action", actions.filter(|action| !action.starts_with('$')).collect())?;
    files.insert(API.to_owned(), Some(api));
    let operations = read(root, OPERATIONS)?;
    let (_, written, _) = around(OPERATIONS, &operations, COMMENT, "variables")?;
    let operations = replaced(OPERATIONS, &operations, COMMENT, "variables", &variables(stack, written)?)?;
    let operations = replaced(OPERATIONS, &operations, COMMENT, "alarms", &alarms(&template::generate(stack)?)?)?;
    files.insert(OPERATIONS.to_owned(), Some(operations));
    Ok(files)
}

/// Fails unless the table with this first column has exactly one row for each name in `wanted`. The other columns are
/// written by hand.
fn check_listed(api: &str, column: &str, wanted: BTreeSet<String>) -> Result<(), Failure> {
    let header = format!("| {column} |");
    let rows =
        api.lines().skip_while(|line| !line.starts_with(&header)).skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1)).map(str::trim);
    let listed: BTreeSet<String> = cells.flat_map(names_in).collect();
    let problem = match (wanted.difference(&listed).next(), listed.difference(&wanted).next()) {
        (Some(missing), _) => format!("has no row for `{missing}`. Write one"),
        (None, Some(unknown)) => format!("has a row for `{unknown}`, which no function has. Remove it"),
        (None, None) => return Ok(()),
    };
    Err(Failure(format!("{API}: the table `{header}` {problem}")))
}

/// The routes or the action in a cell: `[PUT, DELETE /me](#me)` has two routes.
fn names_in(cell: &str) -> Vec<String> {
    let text = cell.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(cell);
    match text.split_once(" /") {
        Some((methods, path)) => methods.split(", ").map(|method| format!("{method} /{path}")).collect(),
        None => vec![text.to_owned()],
    }
}

/// A row of a Markdown table. An empty cell has one space.
fn line<S: AsRef<str>>(cells: &[S]) -> String {
    let cells = cells
        .iter()
        .map(AsRef::as_ref)
        .map(|cell| if cell.is_empty() { " |".to_owned() } else { format!(" {cell} |") });
    format!("|{}\n", cells.collect::<String>())
}

/// The table of functions: what invokes each one, and its permissions.
fn functions(stack: &Stack) -> String {
    let header = ["function", "route", "action", "DynamoDB", "@connections", "secret", "S3", "topic"];
    let mut table = line(&header) + &line(&["---"; 8]);
    for (name, row) in stack.functions() {
        let mut routes: Vec<&str> = row.routes.values().map(|route| route.value.as_str()).collect();
        routes.sort_by_key(|route| {
            let (method, path) = method_and_path(route);
            (path, method)
        });
        if routes.is_empty() && row.actions.is_empty() {
            routes.push("the authorizer of both APIs");
        }
        let actions = row.actions.iter().map(|action| &action.value);
        let actions =
            actions.map(|action| if action.starts_with('$') { format!("`{action}`") } else { action.clone() });
        let [calls, methods, secrets, objects, topics] = permission_cells(stack, row);
        table += &line(&[
            name.to_owned(),
            routes.join(", "),
            actions.collect::<Vec<_>>().join(", "),
            calls,
            methods,
            secrets,
            objects,
            topics,
        ]);
    }
    table
}

/// A function's permissions, except for its log: calls to DynamoDB, methods of @connections, secrets, calls to S3,
/// topics.
fn permission_cells(stack: &Stack, row: &Row) -> [String; 5] {
    let mut calls: BTreeMap<&str, BTreeSet<(usize, String)>> = BTreeMap::new();
    let mut objects = BTreeSet::new();
    let (mut secrets, mut topics) = (Vec::new(), Vec::new());
    let (mut posts, mut deletes) = (false, false);
    for (_, need) in stack.needs(row) {
        for action in &need.actions {
            let (service, operation) = action.split_once(':').unwrap_or((action, ""));
            match service {
                "dynamodb" => calls.entry(operation).or_default().extend(tables(stack, need)),
                "s3" => {
                    objects.insert(operation);
                }
                "secretsmanager" => secrets.extend(&need.resources),
                "sns" => topics.extend(&need.resources),
                _ => {
                    posts |= need.resources.iter().any(|resource| resource.contains("/POST/"));
                    deletes |= need.resources.iter().any(|resource| resource.contains("/DELETE/"));
                }
            }
        }
    }
    let redis = "RealtimeRedisSecretArn".to_owned();
    if stack.reaches_redis(row) {
        secrets.push(&redis);
    }
    let calls = calls.into_iter().map(|(operation, tables)| {
        let tables: Vec<String> = tables.into_iter().map(|(_, table)| table).collect();
        format!("{operation} on {}", tables.join(", "))
    });
    let methods = [posts.then_some("POST"), deletes.then_some("DELETE")];
    let joined = |texts: Vec<&String>| texts.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    [
        calls.collect::<Vec<_>>().join("; "),
        methods.into_iter().flatten().collect::<Vec<_>>().join(", "),
        joined(secrets),
        objects.into_iter().collect::<Vec<_>>().join(", "),
        joined(topics),
    ]
}

/// The tables and indexes of a statement, with the names in docs. The number is the table's position, for sorting.
fn tables(stack: &Stack, need: &Permission) -> Vec<(usize, String)> {
    let tables = need.resources.iter().filter_map(|resource| {
        let (table, index) = match resource.strip_prefix("${").and_then(|rest| rest.split_once(".Arn}/index/")) {
            Some((table, index)) => (table, Some(index)),
            None => (resource.strip_suffix(".Arn")?, None),
        };
        let place = stack.tables.iter().position(|each| each == table)?;
        let name = table.trim_end_matches("Table");
        Some((place, index.map_or_else(|| name.to_owned(), |index| format!("{name}/{index}"))))
    });
    tables.collect()
}

/// The table of variables. The column of functions is generated, the other columns are written by hand and kept.
fn variables(stack: &Stack, written: &str) -> Result<String, Failure> {
    let mut users: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (name, row) in stack.functions() {
        for (variable, _) in stack.environment(row) {
            users.entry(variable).or_default().insert(name);
        }
    }
    let mut table = String::new();
    for row in written.lines() {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        match cells.as_slice() {
            [variable, _, rest @ ..] if users.contains_key(*variable) => {
                let functions = users.remove(*variable).unwrap_or_default();
                let mut cells = vec![(*variable).to_owned(), function_list(&functions, stack)];
                cells.extend(rest.iter().map(|cell| (*cell).to_owned()));
                table += &line(&cells);
            }
            _ => table += &format!("{row}\n"),
        }
    }
    match users.pop_first() {
        None => Ok(table),
        Some((variable, _)) => {
            let problem = format!(
                "{OPERATIONS}: the table of variables has no row for {variable}. Write `| {variable} | | set from | what it does |`"
            );
            Err(Failure(problem))
        }
    }
}

/// The shortest of `all`, `all but a, b` and `a, b`.
fn function_list(functions: &BTreeSet<&str>, stack: &Stack) -> String {
    let others: BTreeSet<&str> =
        stack.functions().map(|(name, _)| name).filter(|name| !functions.contains(name)).collect();
    let list = |names: &BTreeSet<&str>| names.iter().copied().collect::<Vec<_>>().join(", ");
    match others.len() {
        0 => "all".to_owned(),
        left if left < functions.len() => format!("all but {}", list(&others)),
        _ => list(functions),
    }
}

/// The table of alarms, each with a link to the section about it.
fn alarms(template: &str) -> Result<String, Failure> {
    let mut table = line(&["alarm", "threshold", "periods", "section"]) + &line(&["---"; 4]);
    for name in of_type(template, "AWS::CloudWatch::Alarm") {
        let text = template.split_once(&format!("\n  {name}:\n")).map_or("", |(_, rest)| rest);
        let property = |key: &str| {
            let lines = text.lines().take_while(|line| line.starts_with("    "));
            let value = lines.filter_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(": ")).next();
            value.ok_or_else(|| Failure(format!("template.yaml: {name} has no {key}")))
        };
        let title = property("AlarmDescription")?.split(" See docs/OPERATIONS.md, ").nth(1);
        let title = title.map(|rest| rest.trim_matches('"').trim_end_matches('.'));
        let title = title.ok_or_else(|| {
            Failure(format!(
                "template.yaml: the AlarmDescription of {name} does not end with `See docs/OPERATIONS.md, SECTION.`"
            ))
        })?;
        let periods = format!("{} of {}", property("DatapointsToAlarm")?, property("EvaluationPeriods")?);
        table += &line(&[&name, property("Threshold")?, &periods, &format!("[{title}](#{})", anchor(title))]);
    }
    Ok(table)
}

/// The anchor of a heading, without the `#`.
fn anchor(title: &str) -> String {
    let kept = title.to_ascii_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
}

#[cfg(test)]
mod tests {
    use super::super::names::screaming;
    use super::super::stack::tests::BASE;
    use super::*;

    fn stack() -> Stack {
        let rows = "a:\n  group: chats\n  routes:\n    A: GET /a\n  needs: [Read]\nb:\n  group: chats\n  actions: [$default, b]\nauthorize:\n  group: chats\n";
        let permissions = "Read:\n  Action: [dynamodb:Query, dynamodb:GetItem]\n  Resource: [!GetAtt ChatUsersTable.Arn, !Sub '${ChatUsersTable.Arn}/index/byUser']\n";
        Stack::parse(BASE, rows, permissions).unwrap()
    }

    #[test]
    fn function_row_has_routes_actions_and_permissions() {
        let table = functions(&stack());
        let rows: Vec<&str> = table.lines().skip(2).collect();
        let calls = "GetItem on ChatUsers, ChatUsers/byUser; Query on ChatUsers, ChatUsers/byUser";
        assert_eq!(rows[0], format!("| a | GET /a | | {calls} | | RealtimeRedisSecretArn | | |"));
        assert_eq!(rows[1], "| b | | `$default`, b | | | | | |");
        assert_eq!(rows[2], "| authorize | the authorizer of both APIs | | | | | | |");
    }

    #[test]
    fn only_the_functions_of_a_variable_are_generated() {
        let stack = stack();
        let names = [
            screaming("ChatUsersTable"),
            "REALTIME_REDIS_URL".into(),
            "REALTIME_REDIS_SECRET_ARN".into(),
            "REALTIME_REDIS_PREFIX".into(),
        ];
        let written: String = names.iter().map(|name| format!("| {name} | b | `From` | does |\n")).collect();
        let table = variables(&stack, &format!("{written}| OTHER | none | nobody | kept |\n")).unwrap();
        assert_eq!(table.lines().next(), Some("| CHAT_USERS_TABLE | a | `From` | does |"));
        assert_eq!(table.lines().last(), Some("| OTHER | none | nobody | kept |"));
        let missing = variables(&stack, &written.replace("CHAT_USERS_TABLE", "CHATS_TABLE")).unwrap_err().0;
        assert!(missing.contains("no row for CHAT_USERS_TABLE"), "{missing}");
    }

    #[test]
    fn route_without_a_row_in_the_docs_is_named() {
        let api = "| route | what |\n| --- | --- |\n| [PUT, GET /a](#a) | does |\n\n| GET /b | another table |\n";
        let listed =
            |routes: &[&str]| check_listed(api, "route", routes.iter().map(|route| (*route).to_owned()).collect());
        assert_eq!(listed(&["GET /a", "PUT /a"]), Ok(()));
        assert!(listed(&["GET /a", "PUT /a", "GET /b"]).unwrap_err().0.contains("no row for `GET /b`"));
        assert!(listed(&["GET /a"]).unwrap_err().0.contains("a row for `PUT /a`, which no function has"));
    }

    #[test]
    fn function_list_is_the_shortest_form() {
        let stack = stack();
        let of = |names: &[&'static str]| function_list(&names.iter().copied().collect(), &stack);
        assert_eq!(
            (of(&["a", "b", "authorize"]), of(&["b", "authorize"]), of(&["a"])),
            ("all".into(), "all but a".into(), "a".into())
        );
    }

    #[test]
    fn alarm_row_links_to_its_section() {
        let alarm = "Resources:\n  SlowAlarm:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n      AlarmDescription: \"Slow. See docs/OPERATIONS.md, 5xx of the API.\"\n      \
                     EvaluationPeriods: 3\n      DatapointsToAlarm: 2\n      Threshold: 5\n\n  Other:\n";
        assert_eq!(
            alarms(alarm).unwrap().lines().last(),
            Some("| SlowAlarm | 5 | 2 of 3 | [5xx of the API](#5xx-of-the-api) |")
        );
        assert!(alarms(&alarm.replace("Threshold", "Limit")).unwrap_err().0.contains("SlowAlarm has no Threshold"));
    }
}
