use crate::support::{TestApp, app, private_chat};
use domain::chat_user::{CONNECT_GRACE, Connection};
use domain::ids::{ChatId, ClientChatId, UserId};
use domain::names::ChatName;
use domain::ports::{Env as _, Registry as _};
use domain::recent::MAX_OFFLINE_AGE;
use domain::use_cases::{ConnectError, CreateChat, NewChat};
use futures_util::future::join;
use std::time::Duration;
use testkit::TestEnv;
use testkit::fixtures::{caller, connection, message, user};
use tokio::time::Instant;

/// Opens connections of bob whose opening was a minute ago.
async fn connect_bob(app: &TestApp, names: &[&str]) {
    tokio::time::advance(Duration::from_secs(60)).await;
    for name in names {
        app.connect(&user("bob"), &connection(name, TestEnv::START)).await.unwrap();
    }
}

async fn bob_connections(app: &TestApp) -> Vec<String> {
    let (_, connections) = app.store.connections(&[user("bob")]).await.unwrap().remove(0);
    connections.into_iter().map(|connection| connection.id.to_string()).collect()
}

async fn send(app: &TestApp, chat: &ChatId) -> domain::meter::PushReport {
    app.send_message(message(chat, "alice", "", "Hello")).await.unwrap().pushed
}

#[tokio::test(start_paused = true)]
async fn only_gone_connections_are_removed() {
    let app = app();
    let chat = private_chat(&app).await;
    connect_bob(&app, &["gone", "there"]).await;
    app.push.set_gone("gone");
    let report = send(&app, &chat).await;
    assert_eq!((report.posted, report.gone), (1, 1));
    assert_eq!(bob_connections(&app).await, ["there"]);
    assert_eq!(send(&app, &chat).await.gone, 0, "it is not posted to again");
}

#[tokio::test(start_paused = true)]
async fn connection_that_is_being_opened_is_not_removed() {
    let app = app();
    let chat = private_chat(&app).await;
    connect_bob(&app, &[]).await;
    let young = connection("young", TestEnv::START.plus(Duration::from_secs(60)));
    app.connect(&user("bob"), &young).await.unwrap();
    app.push.set_gone("young");
    assert_eq!(send(&app, &chat).await.gone, 1);
    assert_eq!(bob_connections(&app).await, ["young"]);
    tokio::time::advance(CONNECT_GRACE).await;
    send(&app, &chat).await;
    assert!(bob_connections(&app).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn throttled_post_is_retried_and_its_connection_kept() {
    let app = app();
    let chat = private_chat(&app).await;
    connect_bob(&app, &["some", "all"]).await;
    app.push.set_throttled("some", 3);
    app.push.set_throttled("all", 100);
    let report = send(&app, &chat).await;
    assert_eq!((report.posted, report.throttled), (1, 1));
    assert_eq!(app.push.attempts(), 4 + 4, "four tries for each");
    assert_eq!(bob_connections(&app).await, ["some", "all"]);
}

#[tokio::test(start_paused = true)]
async fn failed_posts_do_not_fail_or_delay_the_send() {
    let app = app();
    let chat = private_chat(&app).await;
    connect_bob(&app, &["fails", "hangs", "works"]).await;
    app.push.set_failing("fails");
    app.push.set_silent("hangs");
    let before = Instant::now();
    let report = send(&app, &chat).await;
    assert_eq!((report.posted, report.failed), (1, 2));
    assert_eq!(before.elapsed().as_secs(), 2, "a post has two seconds");
    assert_eq!(bob_connections(&app).await.len(), 3);
}

/// A group of alice and 80 others, created so long ago that nobody is known to be offline.
async fn large_group(app: &TestApp) -> (ChatId, Vec<UserId>) {
    let others: Vec<_> = (0..80).map(|n| user(&format!("u-{n}"))).collect();
    let name = ChatName::parse("All").unwrap();
    let chat = NewChat::group(&user("alice"), &others, name, Some(ClientChatId::parse("g").unwrap())).unwrap();
    let created = app.create_chat(CreateChat { caller: caller("alice"), chat }).await.unwrap();
    tokio::time::advance(MAX_OFFLINE_AGE).await;
    (created.chat.chat_id().clone(), others)
}

#[tokio::test(start_paused = true)]
async fn dead_connections_do_not_delay_newer_ones() {
    let app = app();
    let (chat, others) = large_group(&app).await;
    for (n, other) in others.iter().enumerate() {
        // The dead ones alone would take all of the posts at the same time.
        for (name, opened_at) in [(format!("dead-{n}"), 0), (format!("live-{n}"), 60)] {
            let opened_at = TestEnv::START.plus(Duration::from_secs(opened_at));
            app.store.register(other, &connection(&name, opened_at), &[], opened_at).await.unwrap();
        }
        app.push.set_silent(&format!("dead-{n}"));
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    let reached_after_a_second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        app.push.count()
    };
    let (report, reached) = join(send(&app, &chat), reached_after_a_second).await;
    assert_eq!((reached, report.posted, report.failed), (80, 80, 80));
}

#[tokio::test(start_paused = true)]
async fn all_posts_of_an_event_have_five_seconds() {
    let app = app();
    let (chat, others) = large_group(&app).await;
    // 800 silent connections, 64 at a time and two seconds each, would take 26 seconds.
    for (n, other) in others.iter().enumerate() {
        for device in 0..10 {
            let name = format!("c-{n}-{device}");
            app.push.set_silent(&name);
            app.store.register(other, &connection(&name, TestEnv::START), &[], TestEnv::START).await.unwrap();
        }
    }
    let before = Instant::now();
    let report = send(&app, &chat).await;
    assert_eq!((report.posted, report.failed), (0, 800));
    assert_eq!(before.elapsed().as_secs(), 5);
    assert!(app.push.attempts() <= 3 * 64, "at most 64 at once: {}", app.push.attempts());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_pushed_after_the_token_expires() {
    let app = app();
    let chat = private_chat(&app).await;
    let short = Connection { exp: TestEnv::START.plus(Duration::from_secs(61)), ..connection("short", TestEnv::START) };
    app.store.register(&user("bob"), &short, &[], TestEnv::START).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(send(&app, &chat).await.posted, 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(send(&app, &chat).await.posted, 0);
}

/// Sends a message, and returns how many users were looked up for it and how many connections got it.
async fn look_up(app: &TestApp, chat: &ChatId) -> (u32, u32) {
    let before = app.store.calls().looked_up;
    let posted = send(app, chat).await.posted;
    (app.store.calls().looked_up - before, posted)
}

async fn connect(app: &TestApp, who: &UserId, name: &str) {
    app.connect(who, &connection(name, app.env.now())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_is_offline_is_looked_up_once_until_they_open_a_connection() {
    let app = app();
    let (chat, others) = large_group(&app).await;
    connect(&app, &others[0], "zero").await;
    assert_eq!(look_up(&app, &chat).await, (81, 1));
    assert_eq!(look_up(&app, &chat).await, (1, 1), "the others are known to be offline");
    connect(&app, &others[1], "one").await;
    connect(&app, &others[2], "two").await;
    assert_eq!(look_up(&app, &chat).await, (3, 3));
    app.disconnect(&others[0], &connection("zero", TestEnv::START).id).await.unwrap();
    assert_eq!(look_up(&app, &chat).await, (3, 2));
    // For as long as its opening may still be logged late, somebody is looked up again.
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(look_up(&app, &chat).await, (3, 2));
    assert_eq!(look_up(&app, &chat).await, (2, 2));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_known_to_be_offline_for_more_than_ten_minutes() {
    let app = app();
    let (chat, _) = large_group(&app).await;
    assert_eq!(look_up(&app, &chat).await.0, 81);
    tokio::time::advance(MAX_OFFLINE_AGE - Duration::from_secs(1)).await;
    assert_eq!(look_up(&app, &chat).await.0, 0);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(look_up(&app, &chat).await.0, 81);
}

#[tokio::test(start_paused = true)]
async fn opening_that_is_logged_late_is_heard_of() {
    let app = app();
    let (chat, others) = large_group(&app).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(look_up(&app, &chat).await, (81, 0));
    // The clock of the other process is 4 s behind, and its write took 5 s.
    let at = app.env.now().plus(Duration::from_secs(1)).minus(Duration::from_secs(9));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(look_up(&app, &chat).await, (0, 0));
    app.store.register(&others[7], &connection("seven", at), &[], at).await.unwrap();
    app.store.log_opening(&others[7], at).await.unwrap();
    assert_eq!(look_up(&app, &chat).await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn opening_by_a_clock_that_is_ahead_is_heard_of() {
    let app = app();
    let (chat, others) = large_group(&app).await;
    assert_eq!(look_up(&app, &chat).await, (81, 0));
    let at = app.env.now().plus(Duration::from_secs(4));
    app.store.register(&others[7], &connection("seven", app.env.now()), &[], at).await.unwrap();
    app.store.log_opening(&others[7], at).await.unwrap();
    assert_eq!(look_up(&app, &chat).await, (1, 1));
}

#[tokio::test(start_paused = true)]
async fn connection_whose_opening_cannot_be_logged_is_refused_and_removed() {
    let app = app();
    app.store.fail_openings();
    let refused = app.connect(&user("bob"), &connection("lost", TestEnv::START)).await.unwrap_err();
    assert!(matches!(refused, ConnectError::Store(_)), "{refused}");
    assert!(bob_connections(&app).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn everybody_is_looked_up_after_too_many_openings() {
    let app = app();
    let (chat, others) = large_group(&app).await;
    assert_eq!(look_up(&app, &chat).await, (81, 0));
    for n in 0..200 {
        app.store.log_opening(&user(&format!("stranger-{n}")), app.env.now()).await.unwrap();
    }
    assert_eq!(look_up(&app, &chat).await, (0, 0));
    connect(&app, &others[3], "three").await;
    assert_eq!(look_up(&app, &chat).await, (81, 1));
}

/// The call itself may take as long as the store's client waits, which is seconds.
#[tokio::test(start_paused = true)]
async fn everybody_is_looked_up_if_the_openings_are_read_late() {
    let app = app();
    let (chat, others) = large_group(&app).await;
    assert_eq!(look_up(&app, &chat).await, (81, 0));
    connect(&app, &others[3], "three").await;
    app.store.delay_openings(Duration::from_millis(499));
    assert_eq!(look_up(&app, &chat).await, (1, 1), "in time");
    app.store.delay_openings(Duration::from_secs(5));
    let began = Instant::now();
    assert_eq!(look_up(&app, &chat).await, (81, 1));
    assert_eq!(began.elapsed().as_millis(), 500);
    app.store.delay_openings(Duration::ZERO);
    assert_eq!(look_up(&app, &chat).await, (1, 1), "the others are known to be offline again");
}

#[tokio::test(start_paused = true)]
async fn few_users_are_always_looked_up() {
    let app = app();
    let others: Vec<_> = (0..18).map(|n| user(&format!("few-{n}"))).collect();
    let name = ChatName::parse("Few").unwrap();
    let chat = NewChat::group(&user("alice"), &others, name, None).unwrap();
    let chat = app.create_chat(CreateChat { caller: caller("alice"), chat }).await.unwrap().chat.chat_id().clone();
    assert_eq!(look_up(&app, &chat).await, (19, 0));
    assert_eq!(look_up(&app, &chat).await, (19, 0), "19 are known to be offline");
}
