//! Alarms and graphs of the functions' metrics.

use super::names::pascal;
use super::rows::Group;
use super::stack::Stack;
use std::fmt::Write as _;

/// CloudWatch's limit of metrics in an alarm.
const MAX_METRICS_OF_ALARM: usize = 10;

/// The widest line of the template.
const MAX_COLUMNS: usize = 120;

/// The alarms for failed invocations in a group. There are several if the group has more functions than an alarm holds.
pub(super) fn alarms(stack: &Stack, group: Group) -> Vec<String> {
    let members: Vec<&str> = stack.functions().filter(|(_, row)| row.group == group).map(|(name, _)| name).collect();
    let alarms = members.chunks(MAX_METRICS_OF_ALARM).enumerate().map(|(at, members)| {
        let number = if at == 0 { String::new() } else { (at + 1).to_string() };
        let mut text = format!(
            "{}FunctionErrors{number}Alarm:\n  Type: AWS::CloudWatch::Alarm\n  Properties:\n    \
             AlarmDescription: \"Functions for {} failed. See docs/OPERATIONS.md, Failed invocations.\"\n    Metrics:\n      \
             - {{Id: errors, Label: Errors, Expression: \"SUM(METRICS())\"}}\n",
            group.prefix(),
            group.title()
        );
        for (at, member) in members.iter().enumerate() {
            let _ = writeln!(
                text,
                "      - {{Id: m{}, ReturnData: false, MetricStat: {{Stat: Sum, Period: 300, Metric: {{Namespace: AWS/Lambda, \
                 MetricName: Errors, Dimensions: [{{Name: FunctionName, Value: !Ref {}Function}}]}}}}}}",
                at + 1,
                pascal(member)
            );
        }
        text.push_str(
            "    EvaluationPeriods: 1\n    DatapointsToAlarm: 1\n    ComparisonOperator: GreaterThanOrEqualToThreshold\n    Threshold: 3\n    \
             TreatMissingData: notBreaching\n    AlarmActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]\n    \
             OKActions: !If [HasAlarmTopic, [!Ref AlarmTopicArn], !Ref AWS::NoValue]\n",
        );
        text
    });
    alarms.collect()
}

/// A metric of every function, as rows of a graph in the dashboard.
pub(super) fn graph(stack: &Stack, metric: &str) -> String {
    let mut text = String::new();
    let mut line = String::new();
    for (at, (name, _)) in stack.functions().enumerate() {
        let function = pascal(name);
        let row = match at {
            0 => format!("[\"AWS/Lambda\", \"{metric}\", \"FunctionName\", \"${{{function}Function}}\"]"),
            _ => format!("[\"...\", \"${{{function}Function}}\"]"),
        };
        if at > 0 {
            line.push(',');
            if line.len() + row.len() > MAX_COLUMNS - 20 {
                let _ = writeln!(text, "{}", std::mem::take(&mut line));
            } else {
                line.push(' ');
            }
        }
        line.push_str(&row);
    }
    let _ = writeln!(text, "{line}");
    text
}

#[cfg(test)]
mod tests {
    use super::super::stack::tests::BASE;
    use super::*;

    fn stack(functions: u8) -> Stack {
        let rows: String = (b'a'..b'a' + functions)
            .map(|letter| format!("f-{0}:\n  group: chats\n  actions: [{0}]\n", char::from(letter)))
            .collect();
        Stack::parse(BASE, &rows, "").unwrap()
    }

    #[test]
    fn alarm_has_at_most_ten_functions() {
        let names = |functions| -> Vec<String> {
            let alarms = alarms(&stack(functions), Group::Chats);
            alarms.iter().map(|alarm| alarm.lines().next().unwrap().to_owned()).collect()
        };
        assert_eq!(names(10), ["ChatFunctionErrorsAlarm:"]);
        assert_eq!(names(11), ["ChatFunctionErrorsAlarm:", "ChatFunctionErrors2Alarm:"]);
    }

    #[test]
    fn lines_of_a_graph_are_not_too_wide() {
        let text = graph(&stack(20), "Errors");
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.len() <= MAX_COLUMNS - 14), "{text}");
        assert!(text.ends_with("[\"...\", \"${FTFunction}\"]\n"), "{text}");
    }
}
