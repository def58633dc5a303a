//! `base.yaml`: the part of the stack that is written by hand, with marked places for the generated parts.

use crate::failure::Failure;

pub(super) const FILE: &str = "infra/stack/base.yaml";

/// The start of a line that marks a place, after its indentation. The place's name follows.
const MARK: &str = "# generated: ";

/// Replaces every mark by its text. `text_of` returns the text without indentation by the place's name, None if
/// unknown.
pub(super) fn fill(base: &str, text_of: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let mut filled = String::new();
    for (number, line) in base.lines().enumerate() {
        let Some(place) = line.trim_start().strip_prefix(MARK) else {
            filled.push_str(line);
            filled.push('\n');
            continue;
        };
        let indentation = &line[..line.len() - line.trim_start().len()];
        let text = text_of(place);
        let text =
            text.ok_or_else(|| Failure::at(FILE, number + 1, format!("no generated part has the name `{place}`")))?;
        for line in text.lines() {
            if !line.is_empty() {
                filled.push_str(indentation);
                filled.push_str(line);
            }
            filled.push('\n');
        }
    }
    Ok(filled)
}

/// The names of the marked places.
pub(super) fn places(base: &str) -> impl Iterator<Item = &str> {
    base.lines().filter_map(|line| line.trim_start().strip_prefix(MARK))
}

/// Logical ids of the resources of a type.
pub(super) fn of_type(template: &str, kind: &str) -> Vec<String> {
    let type_line = format!("    Type: {kind}");
    let lines: Vec<&str> = template.lines().collect();
    let ids =
        lines.array_windows().filter(|[_, kind]| **kind == type_line).filter_map(|[id, _]| id.trim().strip_suffix(':'));
    ids.map(str::to_owned).collect()
}

/// Names of the parameters.
pub(super) fn parameters(base: &str) -> Vec<String> {
    let lines = base.lines().skip_while(|line| *line != "Parameters:").skip(1);
    let section = lines.take_while(|line| line.is_empty() || line.starts_with(' '));
    let names = section
        .filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'))
        .filter(|name| !name.starts_with([' ', '#']));
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_is_filled_with_its_indentation() {
        let filled = fill("a:\n  # generated: b\nc: 1\n", |place| (place == "b").then(|| "x:\n\n  y: 2".to_owned()));
        assert_eq!(filled.unwrap(), "a:\n  x:\n\n    y: 2\nc: 1\n");
        let Failure(problem) = fill("a:\n  # generated: b\n", |_| None).unwrap_err();
        assert_eq!(problem, format!("{FILE}:2: no generated part has the name `b`"));
    }

    #[test]
    fn resources_and_parameters_are_found() {
        let base = "Parameters:\n  # Why.\n  One:\n    Type: String\n  Two:\n    Type: String\n\nResources:\n  Table:\n    Type: AWS::DynamoDB::Table\n";
        assert_eq!(parameters(base), ["One", "Two"]);
        assert_eq!(of_type(base, "AWS::DynamoDB::Table"), ["Table"]);
    }
}
