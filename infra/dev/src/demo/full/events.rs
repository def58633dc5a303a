//! The events that must follow, made from what was answered.

use serde_json::{Value, json};

/// A message is told of as it was answered.
pub(super) fn message_created(message: &Value) -> Value {
    json!({"event": "message.created", "chatId": message["chatId"], "seq": message["seq"], "data": message})
}

/// The same of a change.
pub(super) fn message_updated(message: &Value) -> Value {
    let (chat, seq, rev) = (&message["chatId"], &message["seq"], &message["rev"]);
    json!({"event": "message.updated", "chatId": chat, "seq": seq, "rev": rev, "data": message})
}

/// A chat is told of as it was answered.
pub(super) fn chat_created(chat: &Value) -> Value {
    json!({"event": "chat.created", "chatId": chat["chatId"], "data": chat})
}

/// The same of a change.
pub(super) fn chat_updated(chat: &Value) -> Value {
    json!({"event": "chat.updated", "chatId": chat["chatId"], "rev": chat["rev"], "data": chat})
}

/// A user is told that they are out, with the same change that the others are told of.
pub(super) fn chat_left(chat: &Value, by: &str) -> Value {
    json!({"event": "chat.left", "chatId": chat["chatId"], "rev": chat["rev"], "data": {"by": by}})
}

/// A read position is told of as it was answered.
pub(super) fn receipt_updated(user: &str, seen: &Value) -> Value {
    let data = json!({"userId": user, "readSeq": seen["readSeq"], "readAt": seen["readAt"]});
    json!({"event": "receipt.updated", "chatId": seen["chatId"], "data": data})
}

/// Typing is told of as it was answered.
pub(super) fn typing(chat: &str, said: &Value) -> Value {
    json!({"event": "typing", "chatId": chat, "data": said})
}

/// A user's other devices are told of them as it was answered, but for what the Auth Service says.
pub(super) fn user_updated(user: &Value) -> Value {
    let mut user = user.clone();
    if let Some(fields) = user.as_object_mut() {
        fields.remove("profile");
    }
    json!({"event": "user.updated", "data": user})
}
