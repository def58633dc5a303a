//! What a line that begins with a slash says.

use client::documents::Seq;
use std::path::PathBuf;

/// What is typed into a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// A message.
    Say(String),
    /// A message that replies to one.
    Reply(Seq, String),
    /// A file, and its caption.
    File(PathBuf, String),
    /// What a message carries, and as which file.
    Save(Seq, Option<PathBuf>),
    Edit(Seq, String),
    /// For everyone, or for oneself alone.
    Delete(Seq, bool),
    React(Seq, Vec<String>),
    /// The private chat with a user.
    Private(String),
    Group(String, Vec<String>),
    Rename(String),
    Add(Vec<String>),
    Remove(String),
    Leave,
    Admin(String, bool),
    Mute(bool),
    Clear,
    Nickname(String),
    Help,
    Quit,
}

/// What can be typed, and what it does.
pub(super) const HELP: [(&str, &str); 21] = [
    ("text, Enter", "sends it; Alt-Enter begins a new line, // a text with a slash"),
    ("Tab, Shift-Tab", "the next chat, the one before"),
    ("PgUp, PgDn", "older messages, newer ones"),
    ("/new USER", "opens the private chat with a user"),
    ("/group USER,USER NAME", "makes a group"),
    ("/reply N TEXT", "replies to message N"),
    ("/file PATH [TEXT]", "sends a file, \"in quotes\" if its path has spaces"),
    ("/save N [PATH]", "saves what message N carries"),
    ("/edit N TEXT", "edits your message N"),
    ("/delete N [everyone]", "deletes message N for you, or for everyone"),
    ("/react N [EMOJI ...]", "your reactions to message N; none takes them back"),
    ("/mute, /unmute", "mutes the chat, ends that"),
    ("/clear", "hides the chat's history from you"),
    ("/rename NAME", "renames the group"),
    ("/add USER ...", "adds users to the group"),
    ("/remove USER", "removes a user from the group"),
    ("/admin, /unadmin USER", "makes somebody an admin, or one no more"),
    ("/leave", "leaves the group"),
    ("/nick NAME", "what you call yourself"),
    ("/help, Esc", "shows this, hides it"),
    ("/quit, Ctrl-C", "ends"),
];

/// # Errors
/// What is wrong with it, in words.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim();
    let Some(command) = line.strip_prefix('/') else { return Ok(Command::Say(line.to_owned())) };
    if command.starts_with('/') {
        return Ok(Command::Say(command.to_owned()));
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    let words = || rest.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let some = |what: &str| if rest.is_empty() { Err(format!("/{name} takes {what}")) } else { Ok(rest.to_owned()) };
    // The number of a message, and what follows it.
    let of_message = || {
        let (number, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let number = number.trim_start_matches('#').parse::<Seq>();
        let number = number.map_err(|_not_one| format!("/{name} takes the number of a message first"))?;
        Ok::<_, String>((number, rest.trim().to_owned()))
    };
    let with_text = || {
        of_message().and_then(|(n, text)| {
            if text.is_empty() { Err(format!("/{name} takes a number and a text")) } else { Ok((n, text)) }
        })
    };
    Ok(match name {
        "reply" => with_text().map(|(n, text)| Command::Reply(n, text))?,
        "file" => {
            let (path, caption) = path_of(&some("a path")?);
            Command::File(path, caption)
        }
        "save" => {
            let (n, path) = of_message()?;
            let quoted = path.strip_prefix('"').and_then(|path| path.strip_suffix('"'));
            let path = quoted.unwrap_or(&path);
            Command::Save(n, (!path.is_empty()).then(|| PathBuf::from(path)))
        }
        "edit" => with_text().map(|(n, text)| Command::Edit(n, text))?,
        "delete" => match of_message()? {
            (n, how) if how.is_empty() || how == "me" => Command::Delete(n, false),
            (n, how) if how == "everyone" => Command::Delete(n, true),
            _ => return Err("/delete takes a number, and \"everyone\" or nothing".to_owned()),
        },
        "react" => {
            let (n, emojis) = of_message()?;
            Command::React(n, emojis.split_whitespace().map(str::to_owned).collect())
        }
        "new" => Command::Private(some("a user")?),
        "group" => {
            some("users, with commas between them, and a name")?;
            let (users, name) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if name.trim().is_empty() {
                return Err("/group takes users, with commas between them, and a name".to_owned());
            }
            let users = users.split(',').filter(|user| !user.is_empty()).map(str::to_owned).collect();
            Command::Group(name.trim().to_owned(), users)
        }
        "rename" => Command::Rename(some("a name")?),
        "add" => some("users").map(|_| Command::Add(words()))?,
        "remove" => Command::Remove(some("a user")?),
        "leave" => Command::Leave,
        "admin" => Command::Admin(some("a user")?, true),
        "unadmin" => Command::Admin(some("a user")?, false),
        "mute" => Command::Mute(true),
        "unmute" => Command::Mute(false),
        "clear" => Command::Clear,
        "nick" => Command::Nickname(some("a name")?),
        "help" => Command::Help,
        "quit" => Command::Quit,
        _ => return Err(format!("there is no /{name}; /help lists what there is")),
    })
}

/// A path, in quotes if it has spaces, and what follows it.
fn path_of(text: &str) -> (PathBuf, String) {
    let quoted = text.strip_prefix('"').and_then(|text| text.split_once('"'));
    let (path, rest) = quoted.or_else(|| text.split_once(char::is_whitespace)).unwrap_or((text, ""));
    (PathBuf::from(path), rest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_messages_or_commands() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (line, wanted) in [
            ("Hello there ", Command::Say("Hello there".to_owned())),
            ("//etc is a folder", Command::Say("/etc is a folder".to_owned())),
            ("/reply 12  Yes, I do", Command::Reply(12, "Yes, I do".to_owned())),
            ("/edit #3 Better", Command::Edit(3, "Better".to_owned())),
            ("/delete 3", Command::Delete(3, false)),
            ("/delete 3 everyone", Command::Delete(3, true)),
            ("/react 3 \u{1F44D} \u{1F389}", Command::React(3, list(&["\u{1F44D}", "\u{1F389}"]))),
            ("/react 3", Command::React(3, Vec::new())),
            ("/group bob,carol Release team", Command::Group("Release team".to_owned(), list(&["bob", "carol"]))),
            ("/add dave, erin", Command::Add(list(&["dave", "erin"]))),
            ("/unmute", Command::Mute(false)),
            ("/file a.txt", Command::File("a.txt".into(), String::new())),
            ("/file \"my notes.txt\"  as promised", Command::File("my notes.txt".into(), "as promised".to_owned())),
            ("/save #3", Command::Save(3, None)),
            ("/save 3 my notes.txt", Command::Save(3, Some("my notes.txt".into()))),
            ("/save 3 \"my notes.txt\"", Command::Save(3, Some("my notes.txt".into()))),
        ] {
            assert_eq!(parse(line), Ok(wanted), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, word) in [
            ("/reply yes", "number"),
            ("/edit 3", "text"),
            ("/delete 3 all", "everyone"),
            ("/new", "a user"),
            ("/group bob", "name"),
            ("/dance", "/help"),
        ] {
            let said = parse(line).unwrap_err();
            assert!(said.contains(word), "{line}: {said}");
        }
    }

    #[test]
    fn every_command_is_in_the_help() {
        let named: Vec<_> = HELP.iter().flat_map(|(keys, _)| keys.split([' ', ','])).collect();
        for name in [
            "new", "group", "reply", "file", "save", "edit", "delete", "react", "mute", "clear", "rename", "add",
            "remove", "leave",
        ] {
            assert!(named.contains(&format!("/{name}").as_str()), "{name}");
        }
    }
}
