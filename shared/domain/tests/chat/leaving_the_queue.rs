//! Requests that hold a ticket of the queue of a chat and leave without a commit. They pass their turn on, so that
//! nobody waits for them.

use crate::hot_chats::with_dead_holders;
use crate::support::{
    TestApp, app, assert_refused, clear, delete, fill, group, head, react, remove, send_text, set_admin,
};
use domain::budget::BudgetRate;
use domain::chat::Head;
use domain::ids::{ChatId, Seq};
use domain::ports::WriteQueue as _;
use domain::queue::{QueueState, Ticket};
use domain::recent::Recent;
use domain::timestamp::Timestamp;
use domain::use_cases::{ChangeGroupError, ChangeMessageError, ChatError, DeleteFor, SendMessageError};
use futures_util::future::join;
use std::time::Duration;
use testkit::fixtures::message;
use tokio::time::{Instant, sleep};

/// The longest that the queue waits for a ticket whose holder died.
const MAX_TURN: Duration = Duration::from_millis(100);

const TEAM: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// A group with two messages of alice.
async fn team(app: &TestApp) -> ChatId {
    let chat = group(app, &TEAM).await;
    fill(app, &chat, 2).await;
    chat
}

/// Runs `request` while it waits for a dead ticket holder, and `meanwhile` without a ticket while it waits.
async fn while_queued<T>(
    app: &TestApp,
    chat: &ChatId,
    request: impl Future<Output = T>,
    meanwhile: impl AsyncFnOnce(),
) -> T {
    with_dead_holders(app, chat, 1).await;
    let meanwhile = async {
        sleep(MAX_TURN / 2).await;
        let queue = QueueState { is_crowded: false, ..head(app, chat).queue };
        app.store.put_head(chat, Head { queue, ..head(app, chat) });
        meanwhile().await;
    };
    join(request, meanwhile).await.0
}

/// Asserts that the last ticket of the chat was passed on, and that the next request does not wait for it.
#[track_caller]
fn assert_passed_on(app: &TestApp, chat: &ChatId, times: u32) {
    assert_eq!((head(app, chat).queue.served, app.store.calls().passed_on), (Ticket(2), times));
}

#[tokio::test(start_paused = true)]
async fn send_that_is_refused_when_it_is_its_turn_passes_it_on() {
    let app = app();
    let chat = team(&app).await;
    let mut reply = message(&chat, "alice", "m-1", "Hello");
    reply.reply_to = Some(Seq(1));
    let refused = while_queued(&app, &chat, app.send_message(reply), async || {
        clear(&app, "alice", &chat).await;
    });
    assert_refused!(refused.await, ChatError::Refused(SendMessageError::InvalidReplyTo));
    assert_passed_on(&app, &chat, 1);
    // Who is no longer in the chat.
    let chat = team(&app).await;
    let removed = while_queued(&app, &chat, app.send_message(message(&chat, "dave", "", "Hello")), async || {
        remove(&app, "alice", &chat, "dave").await.unwrap();
    });
    assert_refused!(removed.await, ChatError::NotFound);
    assert_passed_on(&app, &chat, 2);
    // A second device of the sender has spent the budget.
    let mut app = app;
    app.settings.sending = BudgetRate::per_minute(1, 1);
    let chat = group(&app, &TEAM).await;
    send_text(&app, "alice", &chat, "Message 1").await;
    let limited = while_queued(&app, &chat, app.send_message(message(&chat, "bob", "", "Hello")), async || {
        send_text(&app, "bob", &chat, "From another device").await;
    });
    assert_refused!(limited.await, ChatError::Refused(SendMessageError::RateLimited(_)));
    assert_passed_on(&app, &chat, 3);
}

#[tokio::test(start_paused = true)]
async fn repeat_passes_its_turn_on() {
    let mut app = app();
    let chat = team(&app).await;
    app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    // Another process does not know that the message was sent.
    app.recent = Recent::default();
    with_dead_holders(&app, &chat, 0).await;
    let repeated = app.send_message(message(&chat, "alice", "m-1", "Hello")).await.unwrap();
    assert!(repeated.repeated);
    assert_eq!((head(&app, &chat).queue.served, app.store.calls().passed_on), (Ticket(1), 1));
    let began = Instant::now();
    send_text(&app, "bob", &chat, "Next").await;
    assert!(began.elapsed() < MAX_TURN / 2, "{:?}", began.elapsed());
    assert_eq!((head(&app, &chat).queue.served, app.store.calls().passed_on), (Ticket(2), 1), "a commit is enough");
}

#[tokio::test(start_paused = true)]
async fn change_that_changes_nothing_when_it_is_its_turn_passes_it_on() {
    let app = app();
    // The message is gone.
    let chat = team(&app).await;
    let gone = while_queued(&app, &chat, react(&app, "bob", &chat, 1, &["\u{1F44D}"]), async || {
        delete(&app, "alice", &chat, 1, DeleteFor::Everyone).await.unwrap();
    });
    assert_refused!(gone.await, ChatError::Refused(ChangeMessageError::MessageNotFound));
    assert_passed_on(&app, &chat, 1);
    // Another device has cleared the chat.
    let chat = team(&app).await;
    while_queued(&app, &chat, clear(&app, "bob", &chat), async || {
        clear(&app, "bob", &chat).await;
    })
    .await;
    assert_passed_on(&app, &chat, 2);
    // The caller is no admin any more.
    let chat = team(&app).await;
    set_admin(&app, "alice", &chat, "bob", true).await.unwrap();
    let refused = while_queued(&app, &chat, remove(&app, "bob", &chat, "carol"), async || {
        set_admin(&app, "alice", &chat, "bob", false).await.unwrap();
    });
    assert_refused!(refused.await, ChatError::Refused(ChangeGroupError::NotAnAdmin));
    assert_passed_on(&app, &chat, 3);
}

#[tokio::test(start_paused = true)]
async fn failure_to_pass_a_turn_on_changes_no_answer() {
    let app = app();
    let chat = team(&app).await;
    let mut reply = message(&chat, "alice", "m-1", "Hello");
    reply.reply_to = Some(Seq(1));
    let refused = while_queued(&app, &chat, app.send_message(reply), async || {
        clear(&app, "alice", &chat).await;
        app.store.fail_tickets();
    });
    assert_refused!(refused.await, ChatError::Refused(SendMessageError::InvalidReplyTo));
    assert_eq!((head(&app, &chat).queue.served, app.store.calls().passed_on), (Ticket(0), 1));
}

/// Its ticket would also serve those who are ahead of it.
#[tokio::test(start_paused = true)]
async fn request_that_gives_up_behind_others_passes_nothing_on() {
    let app = app();
    let chat = team(&app).await;
    with_dead_holders(&app, &chat, 100).await;
    let moves_on = async {
        // Each of those ahead is served just before the others stop waiting for it.
        for served in 1..=80 {
            sleep(MAX_TURN * 9 / 10).await;
            let queue = QueueState { served: Ticket(served), is_crowded: true };
            app.store.put_head(&chat, Head { queue, ..head(&app, &chat) });
        }
    };
    let (busy, ()) = join(app.send_message(message(&chat, "bob", "", "Hello")), moves_on).await;
    assert_refused!(busy, ChatError::Busy);
    assert_eq!((head(&app, &chat).queue.served, app.store.calls().passed_on), (Ticket(80), 0));
    let next = app.store.take_ticket(&chat, Ticket(0), Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(next, Ticket(102));
}
