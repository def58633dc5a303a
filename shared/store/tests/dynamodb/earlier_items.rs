//! Items that were written before an attribute was there are read and changed as if they had it.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::ids::{Rev, Seq};
use domain::use_cases::{CreateChat, EditMessage, ListChats, NewChat, PageLimit};
use store::DynamoStore;
use testkit::TestEnv;
use testkit::fixtures::{caller, message, text, user, users};

#[tokio::test]
async fn a_message_from_before_there_were_changes_can_be_changed() {
    let (client, tables, _) = crate::support::client().await;
    let store = DynamoStore::with_client(client.clone(), tables.clone(), TestEnv::default());
    let app = testkit::app(store, ());
    let chat = NewChat::private(&user("early-a"), &users(&["early-b"])).unwrap();
    let chat = app.create_chat(CreateChat { caller: caller("early-a"), chat }).await.unwrap().chat.chat_id().clone();
    app.send_message(message(&chat, "early-a", "", "Hello")).await.unwrap();
    for (seq, attributes) in [("0", "activeAt"), ("1", "rev, toldRev")] {
        let key = [("chatId", AttributeValue::S(chat.to_string())), ("seq", AttributeValue::N(seq.to_owned()))];
        let key = key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let call = client.update_item().table_name(&tables.messages).set_key(Some(key));
        let call = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        call.update_expression(format!("REMOVE {attributes}")).send().await.unwrap();
    }
    let list = ListChats { caller: caller("early-b"), limit: PageLimit::default(), after: None };
    assert_eq!(app.list_chats(list).await.unwrap().chats.len(), 1);
    let edit = |content| EditMessage {
        caller: caller("early-a"),
        chat: chat.clone(),
        seq: Seq(1),
        content: text(content),
        mentions: None,
    };
    assert_eq!(app.edit_message(edit("Once")).await.unwrap().message.rev(), Rev(1));
    assert_eq!(app.edit_message(edit("Twice")).await.unwrap().message.rev(), Rev(2));
}
