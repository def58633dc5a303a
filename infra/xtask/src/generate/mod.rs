//! Generates files from the table of functions.
//!
//! `infra/stack` is written by hand: `functions.yaml` has a row for each function, `permissions.yaml` has each IAM
//! statement once, `base.yaml` has the rest of the stack. Rows are data. This module has the code that generates files
//! from them.

mod base;
mod cargo_lambda;
mod docs;
mod functions_crate;
mod names;
mod permissions;
mod roles;
mod rows;
mod stack;
mod template;
mod watching;

use crate::failure::Failure;
use stack::Stack;
use std::collections::BTreeMap;
use std::path::Path;

/// The contents of files by their path from the workspace's root. None for a file that must be removed.
type Files = BTreeMap<String, Option<String>>;

/// Writes every generated file that differs, and prints its name. The tables in docs come last, because they fail if a
/// row must be written by hand first.
pub(crate) fn write(root: &Path) -> Result<(), Failure> {
    let stack = Stack::read(root)?;
    write_files(root, sources(root, &stack)?)?;
    write_files(root, docs::generate(root, &stack)?)
}

fn write_files(root: &Path, files: Files) -> Result<(), Failure> {
    for (path, content) in files {
        let file = root.join(&path);
        if std::fs::read_to_string(&file).ok() == content {
            continue;
        }
        let result = match &content {
            Some(content) => std::fs::write(&file, content),
            None => std::fs::remove_file(&file),
        };
        result.map_err(|error| Failure::of_file(&file, &error))?;
        println!("{} {path}", if content.is_some() { "wrote" } else { "removed" });
    }
    Ok(())
}

/// Fails if a file differs from the generated text. The error names the first such file and its first different line.
pub(crate) fn check(root: &Path) -> Result<(), Failure> {
    let stack = Stack::read(root)?;
    for (path, content) in sources(root, &stack)?.into_iter().chain(docs::generate(root, &stack)?) {
        let actual = std::fs::read_to_string(root.join(&path)).ok();
        if let Some((line, problem)) = difference(actual.as_deref(), content.as_deref()) {
            return Err(Failure::at(&path, line, format!("{problem}. Run `cargo xtask generate`")));
        }
    }
    Ok(())
}

/// The number of the first different line, and what is different.
fn difference(actual: Option<&str>, expected: Option<&str>) -> Option<(usize, String)> {
    let (actual, expected) = match (actual, expected) {
        (None, None) => return None,
        (None, Some(_)) => return Some((1, "the file is missing".to_owned())),
        (Some(_), None) => return Some((1, "functions.yaml has no row for this file".to_owned())),
        (Some(actual), Some(expected)) => (actual, expected),
    };
    if actual == expected {
        return None;
    }
    let (mut actual, mut expected) = (actual.split('\n'), expected.split('\n'));
    for line in 1.. {
        let (actual_line, expected_line) = (actual.next(), expected.next());
        if actual_line != expected_line {
            let show =
                |text: Option<&str>| text.map_or_else(|| "the end of the file".to_owned(), |text| format!("`{text}`"));
            return Some((line, format!("is {}, should be {}", show(actual_line), show(expected_line))));
        }
    }
    None
}

/// All files except those in docs.
fn sources(root: &Path, stack: &Stack) -> Result<Files, Failure> {
    let mut files = Files::new();
    files.insert("template.yaml".to_owned(), Some(template::generate(stack)?));
    files.insert("CargoLambda.toml".to_owned(), Some(cargo_lambda::generate(stack)));
    functions_crate::generate(root, stack, &mut files)?;
    Ok(files)
}

/// The text of a partly generated file, with new content between the two comments of this name.
fn replaced(path: &str, text: &str, comment: &str, name: &str, content: &str) -> Result<String, Failure> {
    let (before, _, after) = around(path, text, comment, name)?;
    Ok(format!("{before}{content}{after}"))
}

/// Splits a text at the two comments of this name. The first and the last part include the comments.
fn around<'a>(path: &str, text: &'a str, comment: &str, name: &str) -> Result<(&'a str, &'a str, &'a str), Failure> {
    let close = if comment.starts_with("<!--") { " -->" } else { "" };
    let (begin, end) = (format!("{comment} generated: {name}{close}\n"), format!("{comment} end of {name}{close}\n"));
    let missing = |mark: &str| Failure(format!("{path}: the line `{}` is missing", mark.trim()));
    let from = text.find(&begin).ok_or_else(|| missing(&begin))? + begin.len();
    let to = from + text[from..].find(&end).ok_or_else(|| missing(&end))?;
    Ok((&text[..from], &text[from..to], &text[to..]))
}

fn read(root: &Path, path: &str) -> Result<String, Failure> {
    let file = root.join(path);
    std::fs::read_to_string(&file).map_err(|error| Failure::of_file(&file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_different_line_is_reported() {
        assert_eq!(difference(Some("a\nb\n"), Some("a\nb\n")), None);
        let (line, problem) = difference(Some("a\nb\n"), Some("a\nc\n")).unwrap();
        assert_eq!((line, problem.as_str()), (2, "is `b`, should be `c`"));
        let (line, problem) = difference(Some("a"), Some("a\nb")).unwrap();
        assert_eq!((line, problem.as_str()), (2, "is the end of the file, should be `b`"));
        assert_eq!(difference(None, Some("a")).unwrap().0, 1);
        assert_eq!(difference(Some("a"), None).unwrap().0, 1);
    }

    #[test]
    fn every_generated_file_is_up_to_date() {
        assert_eq!(check(&crate::workspace()), Ok(()));
    }

    #[test]
    fn only_the_text_between_the_comments_is_replaced() {
        let text = "x\n# generated: it\nold\n# end of it\ny\n";
        assert_eq!(replaced("f", text, "#", "it", "new\n").unwrap(), text.replace("old", "new"));
        let Failure(problem) = replaced("f", "x\n# generated: it\n", "#", "it", "").unwrap_err();
        assert_eq!(problem, "f: the line `# end of it` is missing");
    }
}
