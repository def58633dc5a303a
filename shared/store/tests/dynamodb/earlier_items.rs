//! Items that lack a newer attribute can be read and changed.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use domain::ids::{ChatId, Rev, Seq};
use domain::use_cases::{
    CreateChat, DeleteFor, DeleteMessage, EditMessage, InboxFilter, ListChats, ListMessages, NewChat, PageLimit,
    PageStart,
};
use store::{DynamoStore, TableNames};
use testkit::fixtures::{caller, message, text, user, users};
use testkit::{TestApp, TestEnv};

/// A private chat with one message, and a client that changes its items behind the store's back.
struct Written {
    client: Client,
    tables: TableNames,
    app: TestApp<DynamoStore<TestEnv>>,
    chat: ChatId,
}

async fn message_from(sender: &str, recipient: &str) -> Written {
    let (client, tables, _) = crate::support::client().await;
    let app = testkit::app(DynamoStore::with_client(client.clone(), tables.clone(), TestEnv::default()), ());
    let chat = NewChat::private(&user(sender), &users(&[recipient])).unwrap();
    let chat = app.create_chat(CreateChat { caller: caller(sender), chat }).await.unwrap().chat.chat_id().clone();
    app.send_message(message(&chat, sender, "", "Hello")).await.unwrap();
    Written { client, tables, app, chat }
}

async fn update_item(client: &Client, tables: &TableNames, chat: &ChatId, seq: &str, expression: &str) {
    let key = [("chatId", AttributeValue::S(chat.to_string())), ("seq", AttributeValue::N(seq.to_owned()))];
    let key = key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let call = client.update_item().table_name(&tables.messages).set_key(Some(key));
    let call = call.return_consumed_capacity(ReturnConsumedCapacity::Indexes);
    call.update_expression(expression).send().await.unwrap();
}

#[tokio::test]
async fn message_without_rev_can_be_changed() {
    let Written { client, tables, app, chat } = message_from("early-a", "early-b").await;
    for (seq, attributes) in [("0", "activeAt"), ("1", "rev, publicRev")] {
        update_item(&client, &tables, &chat, seq, &format!("REMOVE {attributes}")).await;
    }
    let list = ListChats {
        caller: caller("early-b"),
        limit: PageLimit::default(),
        filter: InboxFilter::default(),
        after: None,
    };
    assert_eq!(app.list_chats(list).await.unwrap().chats.len(), 1);
    let edit = |content| EditMessage {
        caller: caller("early-a"),
        chat: chat.clone(),
        seq: Seq(1),
        content: Some(text(content)),
        mentions: None,
        custom: None,
    };
    assert_eq!(app.edit_message(edit("Once")).await.unwrap().message.rev(), Rev(1));
    assert_eq!(app.edit_message(edit("Twice")).await.unwrap().message.rev(), Rev(2));
}

/// `publicRev` was formerly named `toldRev`.
#[tokio::test]
async fn former_name_of_public_rev_is_read() {
    let Written { client, tables, app, chat } = message_from("former-a", "former-b").await;
    let edit = EditMessage {
        caller: caller("former-a"),
        chat: chat.clone(),
        seq: Seq(1),
        content: Some(text("Edited")),
        mentions: None,
        custom: None,
    };
    app.edit_message(edit).await.unwrap();
    let delete = DeleteMessage { caller: caller("former-a"), chat: chat.clone(), seq: Seq(1), for_whom: DeleteFor::Me };
    app.delete_message(delete).await.unwrap();
    let shown_rev = async || {
        let list = ListMessages {
            caller: caller("former-b"),
            chat: chat.clone(),
            start: PageStart::Latest,
            limit: PageLimit::default(),
        };
        app.list_messages(list).await.unwrap().messages[0].rev()
    };
    assert_eq!(shown_rev().await, Rev(1));
    update_item(&client, &tables, &chat, "1", "SET toldRev = publicRev REMOVE publicRev").await;
    assert_eq!(shown_rev().await, Rev(1), "the former name is read");
    update_item(&client, &tables, &chat, "1", "SET publicRev = toldRev, toldRev = rev").await;
    assert_eq!(shown_rev().await, Rev(1), "the new name wins");
}
