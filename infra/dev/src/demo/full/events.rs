//! The events that must follow an answer, built from the answer.

use serde_json::{Value, json};

/// A new message: the event carries the same message as the answer.
pub(super) fn message_created(message: &Value) -> Value {
    json!({"event": "message.created", "chatId": message["chatId"], "seq": message["seq"], "data": message})
}

/// A changed message: the event carries the same message as the answer.
pub(super) fn message_updated(message: &Value) -> Value {
    let (chat, seq, rev) = (&message["chatId"], &message["seq"], &message["rev"]);
    json!({"event": "message.updated", "chatId": chat, "seq": seq, "rev": rev, "data": message})
}

/// `user` has these reactions to the message.
pub(super) fn reaction_updated(message: &Value, user: &str, emojis: &[&str]) -> Value {
    let (chat, seq, rev) = (&message["chatId"], &message["seq"], &message["rev"]);
    let data = json!({"userId": user, "emojis": emojis});
    json!({"event": "reaction.updated", "chatId": chat, "seq": seq, "rev": rev, "data": data})
}

/// A new chat: the event carries the same chat as the answer.
pub(super) fn chat_created(chat: &Value) -> Value {
    json!({"event": "chat.created", "chatId": chat["chatId"], "data": chat})
}

/// A changed chat: the event carries the same chat as the answer.
pub(super) fn chat_updated(chat: &Value) -> Value {
    json!({"event": "chat.updated", "chatId": chat["chatId"], "rev": chat["rev"], "data": chat})
}

/// A removed user gets this event, with the `rev` of the `chat.updated` event that the others get.
pub(super) fn chat_left(chat: &Value, by: &str) -> Value {
    json!({"event": "chat.left", "chatId": chat["chatId"], "rev": chat["rev"], "data": {"by": by}})
}

/// A new read position: the event carries the position in the answer.
pub(super) fn receipt_updated(user: &str, seen: &Value) -> Value {
    let data = json!({"userId": user, "readSeq": seen["readSeq"], "readAt": seen["readAt"]});
    json!({"event": "receipt.updated", "chatId": seen["chatId"], "data": data})
}

/// A typing event carries the answer's data.
pub(super) fn typing(chat: &str, data: &Value) -> Value {
    json!({"event": "typing", "chatId": chat, "data": data})
}

/// A changed user: the event carries the user in the answer, without the profile of the Auth Service.
pub(super) fn user_updated(user: &Value) -> Value {
    let mut user = user.clone();
    if let Some(fields) = user.as_object_mut() {
        fields.remove("profile");
    }
    json!({"event": "user.updated", "data": user})
}
