//! Any interleaving of sends, repeats, moved read positions, conflicts and lost replies keeps seqs contiguous, unread
//! counts exact and read positions monotonic.

use crate::support::{TestApp, list, mark, with_store};
use domain::budget::BudgetRate;
use domain::ids::{ChatId, ClientChatId, Seq};
use domain::message::Message;
use domain::names::ChatName;
use domain::use_cases::{ChatError, CreateChat, NewChat, PageStart};
use futures_util::future::join_all;
use proptest::prelude::*;
use std::collections::BTreeMap;
use testkit::fixtures::{caller, message, user, users};
use testkit::{Faults, MemoryStore};

const USERS: [&str; 3] = ["alice", "bob", "carol"];

#[derive(Debug, Clone)]
enum Step {
    /// Sends the message with this number; a number that was used before makes a repeat.
    Send(u8),
    /// Marks messages as seen up to this percentage of the log; more than 100 is past its end.
    MarkSeen(u64),
    /// Reads the page after the last message that the client has.
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![3 => (0..6_u8).prop_map(Step::Send), 2 => (0..140_u64).prop_map(Step::MarkSeen), 2 => Just(Step::Read)]
}

fn faults() -> impl Strategy<Value = Faults> {
    (0..60_u8, 0..25_u8, 0..60_u8, 0..60_u8, 0..20_u64, 0..10_u64).prop_map(
        |(conflict, lost_reply, half_read, stale_chat, latency_ms, in_flight_ms)| Faults {
            conflict,
            lost_reply,
            half_read,
            stale_chat,
            latency_ms,
            in_flight_ms,
        },
    )
}

async fn group(app: &TestApp) -> ChatId {
    let client = ClientChatId::parse("g").unwrap();
    let chat =
        NewChat::group(&user("alice"), &users(&USERS[1..]), ChatName::parse("All").unwrap(), Some(client)).unwrap();
    loop {
        match app.create_chat(CreateChat { caller: caller("alice"), chat: chat.clone() }).await {
            Ok(created) => return created.chat.chat_id().clone(),
            Err(error) => assert!(
                matches!(error, domain::use_cases::ChatError::Store(_) | domain::use_cases::ChatError::Busy),
                "{error:?}"
            ),
        }
    }
}

/// Performs the steps of one participant in order. Returns the acknowledged seq of each number that they sent.
async fn play(app: &TestApp, chat: &ChatId, who: &str, steps: &[Step]) -> BTreeMap<u8, u64> {
    let (mut acknowledged, mut held, mut last_read) = (BTreeMap::new(), Vec::new(), 0);
    for step in steps {
        match step {
            Step::Send(name) => {
                let content = format!("{who} {name}");
                match app.send_message(message(chat, who, &format!("m-{name}"), &content)).await {
                    Ok(sent) => {
                        let seq = sent.message.seq().0;
                        assert_eq!(*acknowledged.entry(*name).or_insert(seq), seq, "a repeat returns the same message");
                    }
                    Err(ChatError::Busy | ChatError::Store(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            Step::MarkSeen(percent) => {
                let last = app.store.stored_head(chat).unwrap().last_seq.0;
                if let Ok(seen) = app.mark_seen(mark(chat, who, last * percent / 100)).await {
                    assert!(seen.read_seq.0 >= last_read, "a read position moved back");
                    last_read = seen.read_seq.0;
                }
            }
            Step::Read => {
                let after = Seq(held.last().copied().unwrap_or(0));
                let page = app.list_messages(list(chat, who, PageStart::After(after), 7)).await.unwrap();
                held.extend(page.messages.iter().map(|message| message.seq().0));
            }
        }
    }
    let count = held.len() as u64;
    assert_eq!(held, (1..=count).collect::<Vec<_>>(), "a reader who follows the pages misses no message");
    acknowledged
}

async fn check(seed: u64, faults: Faults, steps: &[Vec<Step>; 3]) {
    let sending = BudgetRate::per_second(1000, 1000);
    let mut app = with_store(MemoryStore::with_faults(seed, faults));
    app.settings.sending = sending;
    let chat = &group(&app).await;
    let players = USERS.iter().zip(steps).map(|(who, steps)| play(&app, chat, who, steps));
    let acknowledged = join_all(players).await;

    app.store.set_faults(Faults::default());
    let stored = app.store.stored_messages(chat);
    let seqs: Vec<_> = stored.iter().map(|message| message.seq.0).collect();
    assert_eq!(seqs, (1..=stored.len() as u64).collect::<Vec<_>>(), "seqs have no gap");
    assert_eq!(app.store.stored_head(chat).unwrap().last_seq.0, stored.len() as u64);
    let content = |message: &Message| message.live_body().unwrap().content.as_str().to_owned();
    let mut contents: Vec<_> = stored.iter().map(content).collect();
    contents.sort();
    contents.dedup();
    assert_eq!(contents.len(), stored.len(), "no message is stored twice");
    for (who, acknowledged) in USERS.iter().zip(acknowledged) {
        for (name, seq) in acknowledged {
            let message = &stored[usize::try_from(seq).unwrap() - 1];
            assert_eq!(content(message), format!("{who} {name}"), "an acknowledged message is stored with its seq");
        }
        let member = app.store.stored_member(chat, &user(who)).unwrap();
        let details = app.get_chat(&caller(who), chat).await.unwrap();
        let unread = stored.iter().filter(|message| message.seq > member.read_seq).count() as u64;
        assert_eq!(details.unread_count, unread, "the unread count is exact");
        let own_last = stored.iter().filter(|message| message.sender == user(who)).map(|message| message.seq).max();
        assert!(own_last.is_none_or(|own| member.read_seq >= own), "a send moves the sender's read position");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn any_interleaving_keeps_the_log_consistent(
        seed in any::<u64>(),
        faults in faults(),
        steps in [prop::collection::vec(step(), 0..25), prop::collection::vec(step(), 0..25), prop::collection::vec(step(), 0..25)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(check(seed, faults, &steps));
    }
}
