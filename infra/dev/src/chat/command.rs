//! Parses the lines that the user types: messages, and commands that start with a slash.

use client::documents::{Notify, Seq};
use client::draft::SettingsChange;
use std::path::PathBuf;

/// A parsed line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Sends a text message.
    Text(String),
    /// Sends a reply to a message.
    Reply(Seq, String),
    /// Sends a file with a caption, which may be empty.
    File(PathBuf, String),
    /// Saves a message's attachment. None means under its own name.
    Save(Seq, Option<PathBuf>),
    Edit(Seq, String),
    /// Deletes a message: true for everyone, false only for this user.
    Delete(Seq, bool),
    React(Seq, Vec<String>),
    /// Opens the private chat with a user.
    OpenPrivate(String),
    Group(String, Vec<String>),
    Rename(String),
    /// Sets the topic of the group; None removes it.
    Topic(Option<String>),
    Add(Vec<String>),
    Remove(String),
    Leave,
    Admin(String, bool),
    /// Changes this user's view of the chat.
    View(SettingsChange),
    /// Blocks a user, or ends the block.
    Block(String, bool),
    Clear,
    /// Sets the nickname. None takes it back.
    Nickname(Option<String>),
    Help,
    Quit,
}

/// The input and its effect, one row each, for the help screen.
pub(super) const HELP: [(&str, &str); 27] = [
    ("text, Enter", "sends it; Alt-Enter adds a line, // starts a text with a slash"),
    ("Tab, Shift-Tab", "shows the next chat, the previous chat"),
    ("PgUp, PgDn", "shows older messages, newer messages"),
    ("/new USER", "opens the private chat with a user"),
    ("/group USER,USER NAME", "creates a group"),
    ("/reply N TEXT", "replies to message N"),
    ("/file PATH [TEXT]", "sends a file; put a path with spaces \"in quotes\""),
    ("/save N [PATH]", "saves the attachment of message N"),
    ("/edit N TEXT", "edits your message N"),
    ("/delete N [everyone]", "deletes message N for you, or for everyone"),
    ("/react N [EMOJI ...]", "sets your reactions to message N; no emoji removes them"),
    ("/mute, /unmute", "mutes the chat, unmutes it; /unmute also ends /mentions"),
    ("/mentions", "notifies you only of messages that mention you"),
    ("/pin, /unpin", "puts the chat first, or back in its place"),
    ("/archive, /unarchive", "puts the chat last until a message comes, or brings it back"),
    ("/unread", "marks the chat as unread until you send or read a message"),
    ("/block, /unblock USER", "blocks a user, ends the block"),
    ("/clear", "hides the chat's history from you"),
    ("/rename NAME", "renames the group"),
    ("/topic [TEXT]", "sets the topic of the group; no text removes it"),
    ("/add USER ...", "adds users to the group"),
    ("/remove USER", "removes a user from the group"),
    ("/admin, /unadmin USER", "makes a user an admin, takes the rights back"),
    ("/leave", "leaves the group"),
    ("/nick [NAME]", "changes your nickname; no name takes it back"),
    ("/help, Esc", "shows this, hides it"),
    ("/quit, Ctrl-C", "quits"),
];

/// # Errors
/// What is wrong with the line and how to type it, as a text for the user.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim();
    let Some(command) = line.strip_prefix('/') else { return Ok(Command::Text(line.to_owned())) };
    if command.starts_with('/') {
        return Ok(Command::Text(command.to_owned()));
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    let words = || rest.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let required =
        |what: &str| if rest.is_empty() { Err(format!("/{name} needs {what}")) } else { Ok(rest.to_owned()) };
    // Parses the number of a message, and returns it with the rest of the line.
    let message_number = || {
        let (number, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let number = number.trim_start_matches('#').parse::<Seq>();
        let number =
            number.map_err(|_not_a_number| format!("/{name} needs the number of a message first, e.g. /{name} 3"))?;
        Ok::<_, String>((number, rest.trim().to_owned()))
    };
    let number_and_text = || {
        message_number().and_then(|(n, text)| {
            if text.is_empty() {
                Err(format!("/{name} needs the number of a message and a text"))
            } else {
                Ok((n, text))
            }
        })
    };
    Ok(match name {
        "reply" => number_and_text().map(|(n, text)| Command::Reply(n, text))?,
        "file" => {
            let (path, caption) = split_path(&required("a path")?);
            Command::File(path, caption)
        }
        "save" => {
            let (n, path) = message_number()?;
            let quoted = path.strip_prefix('"').and_then(|path| path.strip_suffix('"'));
            let path = quoted.unwrap_or(&path);
            Command::Save(n, (!path.is_empty()).then(|| PathBuf::from(path)))
        }
        "edit" => number_and_text().map(|(n, text)| Command::Edit(n, text))?,
        "delete" => match message_number()? {
            (n, how) if how.is_empty() || how == "me" => Command::Delete(n, false),
            (n, how) if how == "everyone" => Command::Delete(n, true),
            _ => return Err("/delete takes the number of a message, and optionally \"everyone\"".to_owned()),
        },
        "react" => {
            let (n, emojis) = message_number()?;
            Command::React(n, emojis.split_whitespace().map(str::to_owned).collect())
        }
        "new" => Command::OpenPrivate(required("a user")?),
        "group" => {
            required("users, separated by commas, and a name")?;
            let (users, name) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if name.trim().is_empty() {
                return Err("/group needs users, separated by commas, and a name".to_owned());
            }
            let users = users.split(',').filter(|user| !user.is_empty()).map(str::to_owned).collect();
            Command::Group(name.trim().to_owned(), users)
        }
        "rename" => Command::Rename(required("a name")?),
        "topic" => Command::Topic((!rest.is_empty()).then(|| rest.to_owned())),
        "add" => required("users").map(|_| Command::Add(words()))?,
        "remove" => Command::Remove(required("a user")?),
        "leave" => Command::Leave,
        "admin" => Command::Admin(required("a user")?, true),
        "unadmin" => Command::Admin(required("a user")?, false),
        "mute" => view(SettingsChange { notify: Some(Notify::None), ..SettingsChange::default() }),
        "unmute" => view(SettingsChange { notify: Some(Notify::All), ..SettingsChange::default() }),
        "mentions" => view(SettingsChange { notify: Some(Notify::Mentions), ..SettingsChange::default() }),
        "pin" | "unpin" => view(SettingsChange { pinned: Some(name == "pin"), ..SettingsChange::default() }),
        "archive" | "unarchive" => {
            view(SettingsChange { archived: Some(name == "archive"), ..SettingsChange::default() })
        }
        "unread" => view(SettingsChange { marked_unread: Some(true), ..SettingsChange::default() }),
        "block" => Command::Block(required("a user")?, true),
        "unblock" => Command::Block(required("a user")?, false),
        "clear" => Command::Clear,
        "nick" => Command::Nickname((!rest.is_empty()).then(|| rest.to_owned())),
        "help" => Command::Help,
        "quit" => Command::Quit,
        _ => return Err(format!("unknown command /{name}. /help lists the commands")),
    })
}

fn view(change: SettingsChange) -> Command {
    Command::View(change)
}

/// Splits a path, which may be in quotes, from the text after it.
fn split_path(text: &str) -> (PathBuf, String) {
    let quoted = text.strip_prefix('"').and_then(|text| text.split_once('"'));
    let (path, rest) = quoted.or_else(|| text.split_once(char::is_whitespace)).unwrap_or((text, ""));
    (PathBuf::from(path), rest.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_parse_to_messages_or_commands() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (line, expected) in [
            ("Hello there ", Command::Text("Hello there".to_owned())),
            ("//etc is a folder", Command::Text("/etc is a folder".to_owned())),
            ("/reply 12  Yes, I do", Command::Reply(12, "Yes, I do".to_owned())),
            ("/edit #3 Better", Command::Edit(3, "Better".to_owned())),
            ("/delete 3", Command::Delete(3, false)),
            ("/delete 3 everyone", Command::Delete(3, true)),
            ("/react 3 \u{1F44D} \u{1F389}", Command::React(3, list(&["\u{1F44D}", "\u{1F389}"]))),
            ("/react 3", Command::React(3, Vec::new())),
            ("/group bob,carol Release team", Command::Group("Release team".to_owned(), list(&["bob", "carol"]))),
            ("/add dave, erin", Command::Add(list(&["dave", "erin"]))),
            ("/unmute", view(SettingsChange { notify: Some(Notify::All), ..SettingsChange::default() })),
            ("/unpin", view(SettingsChange { pinned: Some(false), ..SettingsChange::default() })),
            ("/archive", view(SettingsChange { archived: Some(true), ..SettingsChange::default() })),
            ("/block bob", Command::Block("bob".to_owned(), true)),
            ("/unblock bob", Command::Block("bob".to_owned(), false)),
            ("/file a.txt", Command::File("a.txt".into(), String::new())),
            ("/file \"my notes.txt\"  as promised", Command::File("my notes.txt".into(), "as promised".to_owned())),
            ("/nick Ali B", Command::Nickname(Some("Ali B".to_owned()))),
            ("/nick", Command::Nickname(None)),
            ("/save #3", Command::Save(3, None)),
            ("/save 3 my notes.txt", Command::Save(3, Some("my notes.txt".into()))),
            ("/save 3 \"my notes.txt\"", Command::Save(3, Some("my notes.txt".into()))),
        ] {
            assert_eq!(parse(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn invalid_lines_are_explained() {
        for (line, word) in [
            ("/reply yes", "number"),
            ("/edit 3", "text"),
            ("/delete 3 all", "everyone"),
            ("/new", "a user"),
            ("/block", "a user"),
            ("/group bob", "name"),
            ("/dance", "/help"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(word), "{line}: {error}");
        }
    }

    #[test]
    fn help_lists_every_command() {
        let named: Vec<_> = HELP.iter().flat_map(|(keys, _)| keys.split([' ', ','])).collect();
        for name in [
            "new", "group", "reply", "file", "save", "edit", "delete", "react", "mute", "block", "clear", "rename",
            "topic", "add", "remove", "leave", "pin", "archive", "unread", "mentions",
        ] {
            assert!(named.contains(&format!("/{name}").as_str()), "{name}");
        }
    }
}
