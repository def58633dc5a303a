//! Writes what follows from the table of functions.
//!
//! `infra/stack` is written by hand: `functions.yaml` has a row per function, `permissions.yaml` each IAM statement once,
//! `base.yaml` the rest of the stack. Rows are data; what is made of them is code in this module.

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

/// Files by their path from the workspace's root; None for one that has to go.
type Files = BTreeMap<String, Option<String>>;

/// Writes every generated file that differs, and says which. The tables in docs come last: a row whose text somebody has to
/// write first stops nothing else.
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
        let done = match &content {
            Some(content) => std::fs::write(&file, content),
            None => std::fs::remove_file(&file),
        };
        done.map_err(|error| Failure::of_file(&file, &error))?;
        println!("{} {path}", if content.is_some() { "wrote" } else { "removed" });
    }
    Ok(())
}

/// Fails with the first file that differs from what would be generated, and its first line that does.
pub(crate) fn check(root: &Path) -> Result<(), Failure> {
    let stack = Stack::read(root)?;
    for (path, content) in sources(root, &stack)?.into_iter().chain(docs::generate(root, &stack)?) {
        let found = std::fs::read_to_string(root.join(&path)).ok();
        if let Some((line, problem)) = difference(found.as_deref(), content.as_deref()) {
            return Err(Failure::at(&path, line, format!("{problem}. Run `cargo xtask generate`")));
        }
    }
    Ok(())
}

/// The first line that differs, and how.
fn difference(found: Option<&str>, wanted: Option<&str>) -> Option<(usize, String)> {
    let (found, wanted) = match (found, wanted) {
        (None, None) => return None,
        (None, Some(_)) => return Some((1, "the file is missing".to_owned())),
        (Some(_), None) => return Some((1, "no row of functions.yaml asks for this file".to_owned())),
        (Some(found), Some(wanted)) => (found, wanted),
    };
    if found == wanted {
        return None;
    }
    let (mut found, mut wanted) = (found.split('\n'), wanted.split('\n'));
    for line in 1.. {
        let (is, should_be) = (found.next(), wanted.next());
        if is != should_be {
            let show =
                |text: Option<&str>| text.map_or_else(|| "the end of the file".to_owned(), |text| format!("`{text}`"));
            return Some((line, format!("is {}, should be {}", show(is), show(should_be))));
        }
    }
    None
}

/// All files but those in docs.
fn sources(root: &Path, stack: &Stack) -> Result<Files, Failure> {
    let mut files = Files::new();
    files.insert("template.yaml".to_owned(), Some(template::generate(stack)?));
    files.insert("CargoLambda.toml".to_owned(), Some(cargo_lambda::generate(stack)));
    functions_crate::generate(root, stack, &mut files)?;
    Ok(files)
}

/// The text of a file that is written by hand too, with what stands between the two comments of this name replaced.
fn replaced(path: &str, text: &str, comment: &str, name: &str, content: &str) -> Result<String, Failure> {
    let (before, _, after) = around(path, text, comment, name)?;
    Ok(format!("{before}{content}{after}"))
}

/// What stands before, between and after the two comments of this name, which go with what is before and after.
fn around<'a>(path: &str, text: &'a str, comment: &str, name: &str) -> Result<(&'a str, &'a str, &'a str), Failure> {
    let close = if comment.starts_with("<!--") { " -->" } else { "" };
    let (begin, end) = (format!("{comment} generated: {name}{close}\n"), format!("{comment} end of {name}{close}\n"));
    let missing = |mark: &str| Failure(format!("{path}: there is no line `{}`", mark.trim()));
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
    fn the_first_line_that_differs_is_told() {
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
    fn what_stands_between_two_lines_is_replaced_and_nothing_else() {
        let text = "x\n# generated: it\nold\n# end of it\ny\n";
        assert_eq!(replaced("f", text, "#", "it", "new\n").unwrap(), text.replace("old", "new"));
        let Failure(problem) = replaced("f", "x\n# generated: it\n", "#", "it", "").unwrap_err();
        assert_eq!(problem, "f: there is no line `# end of it`");
    }
}
