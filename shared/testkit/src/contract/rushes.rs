//! Many concurrent requests, through the use cases.

use super::{Store, create};
use crate::app;
use crate::fixtures::{caller, message, user, users};
use domain::ids::Seq;
use domain::use_cases::{CreateChat, NewChat};
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// Fifty participants send at once. The result is fifty messages with seq 1 to 50, none twice, in spite of conflicts.
pub async fn fifty_concurrent_sends_are_stored(store: impl Store) {
    let senders: Vec<_> = (0..50).map(|n| user(&format!("sender-{n}"))).collect();
    let app = app(store, ());
    let chat = create(&app.store, "fifty", &senders).await.id;
    let sends = senders.iter().map(async |sender| {
        // Busy is an acceptable result under this load. The client retries with the same client message id.
        loop {
            match app.send_message(message(&chat, sender.as_str(), "mine", &format!("I am {sender}"))).await {
                Ok(sent) => break sent.message,
                Err(domain::use_cases::ChatError::Busy) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    let acknowledged: BTreeSet<_> =
        join_all(sends).await.into_iter().map(|sent| (sent.seq(), sent.content().to_owned())).collect();
    let stored = app.store.messages(&chat, Seq(1), Seq(1000)).await.unwrap();
    assert_eq!(stored.iter().map(|message| message.seq.0).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
    assert_eq!(
        stored.iter().map(|message| &message.sender).collect::<BTreeSet<_>>().len(),
        50,
        "one message of each sender"
    );
    assert_eq!(
        acknowledged,
        stored
            .into_iter()
            .map(|message| (message.seq, message.live_body().unwrap().content.as_str().to_owned()))
            .collect()
    );
}

/// One message is sent ten times at once with one client message id. It is stored once.
pub async fn concurrent_repeats_of_a_send_are_stored_once(store: impl Store) {
    let app = app(store, ());
    let chat = create(&app.store, "ten", &users(&["a", "b"])).await.id;
    let sends = (0..10).map(|_| app.send_message(message(&chat, "a", "the-one", "Hello")));
    let sent: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
    assert!(sent.iter().all(|sent| sent.message.seq() == Seq(1)));
    assert_eq!(sent.iter().filter(|sent| !sent.repeated).count(), 1);
    assert_eq!(app.store.messages(&chat, Seq(1), Seq(1000)).await.unwrap().len(), 1);
}

/// Both users create one private chat ten times at once. It is created once.
pub async fn concurrent_creations_of_a_private_chat_create_one(store: impl Store) {
    let app = app(store, ());
    let create = |by: &'static str, other: &'static str| CreateChat {
        caller: caller(by),
        chat: NewChat::private(&user(by), &users(&[other])).unwrap(),
    };
    let creations = (0..10)
        .map(|n| app.create_chat(if n % 2 == 0 { create("pair-1", "pair-2") } else { create("pair-2", "pair-1") }));
    let created: Vec<_> = join_all(creations).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(created.iter().map(|created| created.chat.chat_id()).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(created.iter().filter(|created| created.is_new).count(), 1);
}
