//! Converts names between the spellings of different files.

/// `send-message` as `SendMessage`, `sendMessage` as `SendMessage`, `$default` as `Default`.
pub(super) fn pascal(name: &str) -> String {
    name.trim_start_matches('$').split('-').map(capital).collect()
}

/// `send-message` as `send_message`.
pub(super) fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// `ChatMembersTable` as `CHAT_MEMBERS_TABLE`.
pub(super) fn screaming(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// Changes only the first letter to upper case.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A route key in SAM's logical ids: `sendMessage` as `Sendmessage`, `$default` as `Default`.
pub(super) fn sam_route(key: &str) -> String {
    capital(&key.trim_start_matches('$').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_converted_between_spellings() {
        assert_eq!(
            (pascal("send-message"), pascal("sendMessage"), pascal("$default")),
            ("SendMessage".into(), "SendMessage".into(), "Default".into())
        );
        assert_eq!(
            (snake("send-message"), screaming("ChatMembersTable")),
            ("send_message".into(), "CHAT_MEMBERS_TABLE".into())
        );
        assert_eq!((sam_route("sendMessage"), sam_route("$default")), ("Sendmessage".into(), "Default".into()));
    }
}
