//! Many requests that write to one chat at the same time: how many calls they make, in which order they are served, and
//! what a request that dies costs the others. A call takes about 5 ms here, and a transaction holds the head for 2 ms.

use crate::support::{
    TEAM, TestApp, add, app, assert_pushed, assert_refused, clear, connect, delete, edit, fill, group, group_of, head,
    react, remove, rename, send_text, set_online,
};
use domain::budget::BudgetRate;
use domain::chat::Head;
use domain::ids::{ChatId, Seq};
use domain::ports::WriteQueue as _;
use domain::queue::{MAX_CROWD_AGE, QueueState, Ticket};
use domain::timestamp::Timestamp;
use domain::use_cases::{ChangeMessageError, ChatError, DeleteFor, SendMessageError, SendOutcome};
use futures_util::future::{join, join_all, join3};
use std::time::Duration;
use testkit::fixtures::{message, user, users};
use testkit::{CallCounts, Faults};
use tokio::time::{Instant, sleep, timeout};

/// What a call takes: up to 5 ms there and back, 5 ms together on average.
const FAULTS: Faults =
    Faults { conflict: 0, lost_reply: 0, half_read: 0, stale_chat: 0, latency_ms: 5, in_flight_ms: 2 };
/// The longest that the queue waits for a ticket whose holder died.
const MAX_TURN: Duration = Duration::from_millis(100);
/// How long the senders of a closed loop go on.
const LOOP: Duration = Duration::from_secs(10);

fn sender(n: usize) -> String {
    format!("sender{n}")
}

/// A group of this many senders.
async fn hot_group(app: &TestApp, senders: usize) -> ChatId {
    let senders: Vec<_> = (0..senders.max(3)).map(|n| user(&sender(n))).collect();
    let chat = group_of(app, &senders).await;
    app.store.set_faults(FAULTS);
    chat
}

/// The calls since `before`.
fn calls_since(app: &TestApp, before: CallCounts) -> CallCounts {
    let after = app.store.calls();
    CallCounts {
        transactions: after.transactions - before.transactions,
        tickets: after.tickets - before.tickets,
        passed_on: after.passed_on - before.passed_on,
        head_reads: after.head_reads - before.head_reads,
        snapshots: after.snapshots - before.snapshots,
        lookups: after.lookups - before.lookups,
        looked_up: after.looked_up - before.looked_up,
    }
}

/// One message that was sent.
struct Sent {
    seq: u64,
    began: Instant,
    took: Duration,
}

/// What the senders of a closed loop did.
struct Figures {
    sent: Vec<Sent>,
    calls: CallCounts,
    time: Duration,
}

impl Figures {
    fn per_second(&self) -> f64 {
        self.sent.len() as f64 / self.time.as_secs_f64()
    }

    /// The latency that 99 of 100 messages stay below.
    fn p99(&self) -> Duration {
        let mut times: Vec<_> = self.sent.iter().map(|sent| sent.took).collect();
        times.sort_unstable();
        times[times.len() * 99 / 100]
    }

    /// The most messages that were sent after another one had begun, and stored before it.
    fn max_overtaken(&self) -> usize {
        let overtake =
            |sent: &Sent| self.sent.iter().filter(|other| other.began > sent.began && other.seq < sent.seq).count();
        self.sent.iter().map(overtake).max().unwrap_or_default()
    }

    fn per_message(&self, calls: u32) -> f64 {
        f64::from(calls) / self.sent.len() as f64
    }
}

/// Senders who each send one message after the other. Nobody may fail.
async fn closed_loop(senders: usize) -> Figures {
    let app = app();
    let chat = hot_group(&app, senders).await;
    let (begin, before) = (Instant::now(), app.store.calls());
    let (app, chat) = (&app, &chat);
    let loops = (0..senders).map(async |n| {
        let mut sent = Vec::new();
        while begin.elapsed() < LOOP {
            let began = Instant::now();
            let outcome = app.send_message(message(chat, &sender(n), "", "Hello")).await;
            let outcome = outcome.unwrap_or_else(|error| panic!("{senders} senders: {error:?}"));
            sent.push(Sent { seq: outcome.message.seq().0, began, took: began.elapsed() });
        }
        sent
    });
    let sent: Vec<_> = join_all(loops).await.into_iter().flatten().collect();
    assert_eq!(app.store.stored_messages(chat).len(), sent.len(), "each message is stored once");
    Figures { sent, calls: calls_since(app, before), time: begin.elapsed() }
}

#[tokio::test(start_paused = true)]
async fn hot_chat_is_as_fast_as_one_sender_and_fair() {
    let alone = closed_loop(1).await;
    assert_eq!((alone.calls.tickets, alone.calls.head_reads), (0, 0));
    assert_eq!(alone.calls.transactions as usize, alone.sent.len());
    for senders in [2, 3, 5, 10, 20, 50] {
        let figures = closed_loop(senders).await;
        let (rate, p99, overtaken) = (figures.per_second(), figures.p99(), figures.max_overtaken());
        let [transactions, tickets, polls, snapshots, lookups] = [
            figures.calls.transactions,
            figures.calls.tickets,
            figures.calls.head_reads,
            figures.calls.snapshots,
            figures.calls.lookups,
        ]
        .map(|calls| figures.per_message(calls));
        let text = format!(
            "{senders} senders: {rate:.1} messages/s ({:.1} alone), p99 {p99:?}, per message {transactions:.2} \
             transactions, {tickets:.2} tickets, {polls:.2} reads of the head, {snapshots:.2} snapshots, {lookups:.2} \
             lookups; overtaken at most {overtaken} times",
            alone.per_second()
        );
        println!("{text}");
        assert!(rate >= alone.per_second(), "{text}");
        assert!(transactions <= 2.0 && tickets <= 1.0 && polls <= 6.0, "{text}");
        assert!(snapshots <= 1.01, "nothing is read again: {text}");
        assert!(overtaken <= senders.max(8), "{text}");
        if senders >= 5 {
            assert!(transactions <= 1.1 && lookups <= 1.1, "{text}");
            // Each waits for about one round of all the others.
            let round = figures.time.mul_f64(senders as f64 / figures.sent.len() as f64);
            assert!(p99 <= round * 2, "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_senders_at_once_are_all_served_in_two_transactions_each() {
    let app = app();
    let chat = hot_group(&app, 50).await;
    let before = app.store.calls();
    let sends = (0..50).map(async |n| send_text(&app, &sender(n), &chat, "Hello").await);
    let sent = join_all(sends).await;
    assert_eq!(app.store.stored_messages(&chat).len(), 50);
    let calls = calls_since(&app, before);
    let conflicts: u32 = sent.iter().map(|sent| sent.retries).sum();
    assert_eq!(calls.transactions, 50 + conflicts);
    assert!(calls.transactions <= 2 * 50 + 5, "{calls:?}");
    assert!(calls.tickets < 50, "{calls:?}");
    assert!(calls.snapshots == 50, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn lone_send_makes_no_further_call() {
    let app = app();
    let chat = hot_group(&app, 3).await;
    let before = app.store.calls();
    send_text(&app, "sender0", &chat, "Hello").await;
    let expected =
        CallCounts { transactions: 1, tickets: 0, passed_on: 0, head_reads: 0, snapshots: 1, lookups: 1, looked_up: 3 };
    assert_eq!(calls_since(&app, before), expected);
    assert_eq!(head(&app, &chat).queue, QueueState::default());
}

/// The second one has the head that it needs from the conflict.
#[tokio::test(start_paused = true)]
async fn two_sends_that_meet_by_chance_need_one_more_transaction() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    let before = app.store.calls();
    let (one, other) = join(send_text(&app, "alice", &chat, "Hello"), send_text(&app, "bob", &chat, "Hello")).await;
    assert_eq!([one.message.seq(), other.message.seq()], [Seq(1), Seq(2)]);
    let expected =
        CallCounts { transactions: 3, tickets: 0, passed_on: 0, head_reads: 0, snapshots: 2, lookups: 2, looked_up: 6 };
    assert_eq!(calls_since(&app, before), expected);
}

/// Says in the head that there is a crowd, and takes `dead` tickets that nobody will use.
pub(crate) async fn with_dead_holders(app: &TestApp, chat: &ChatId, dead: u64) {
    let queue = QueueState { served: head(app, chat).queue.served, is_crowded: true };
    app.store.put_head(chat, Head { queue, ..head(app, chat) });
    // All at once, so that the crowd is one of now.
    let tickets = (0..dead).map(|_| app.store.take_ticket(chat, queue.served, Timestamp::from_millis(0)));
    let last = join_all(tickets).await.into_iter().map(Result::unwrap).max();
    assert_eq!(last.unwrap_or(queue.served), Ticket(queue.served.0 + dead));
}

#[tokio::test(start_paused = true)]
async fn dead_ticket_holder_delays_the_others_by_one_turn() {
    let app = app();
    let chat = hot_group(&app, 20).await;
    for (dead, delay) in [(0, 0), (1, 100), (3, 300), (12, 1004), (5000, 3000)] {
        with_dead_holders(&app, &chat, dead).await;
        let delay = Duration::from_millis(delay);
        let (begin, before) = (Instant::now(), app.store.calls());
        let sends = (0..20).map(async |n| {
            send_text(&app, &sender(n), &chat, "Hello").await;
            begin.elapsed()
        });
        let mut times = join_all(sends).await;
        times.sort_unstable();
        let calls = calls_since(&app, before);
        // The first one waits for the dead, and nobody after it does.
        assert!(times[0] >= delay, "{dead} dead: {times:?}");
        assert!(times[0] <= delay + MAX_TURN / 2, "{dead} dead: {times:?}");
        assert!(times[19] <= delay + Duration::from_millis(20 * 25), "{dead} dead: {times:?}");
        assert_eq!((calls.tickets, calls.snapshots), (20, 20));
        // After the longest wait, they are not in order.
        assert!(calls.transactions <= if dead < 1000 { 22 } else { 100 }, "{calls:?}");
        // A later request finds no trace of the dead.
        let queue = head(&app, &chat).queue;
        let next = app.store.take_ticket(&chat, queue.served, Timestamp::from_millis(0)).await.unwrap();
        assert_eq!(queue.ahead_of(next), 0);
        let (begin, served) = (Instant::now(), QueueState { served: next, is_crowded: false });
        app.store.put_head(&chat, Head { queue: served, ..head(&app, &chat) });
        send_text(&app, "sender0", &chat, "Hello").await;
        assert!(begin.elapsed() < MAX_TURN);
    }
}

/// More requests at once than the queue serves until their deadline. Those who give up leave their tickets behind.
#[tokio::test(start_paused = true)]
async fn overload_leaves_a_queue_that_moves_on() {
    let app = app();
    let chat = hot_group(&app, 80).await;
    app.store.set_faults(Faults::default());
    for more in 1..5 {
        let joining: Vec<_> = (more * 80..(more + 1) * 80).map(sender).collect();
        let joining: Vec<_> = joining.iter().map(String::as_str).collect();
        add(&app, &sender(0), &chat, &joining).await.unwrap();
    }
    app.store.set_faults(FAULTS);
    let sends: Vec<_> = (0..800).map(|n| message(&chat, &sender(n % 400), "", "Hello")).collect();
    let sends = sends.into_iter().map(|send| app.send_message(send));
    let mut busy = 0;
    for sent in join_all(sends).await {
        match sent {
            Ok(_) => {}
            Err(ChatError::Busy) => busy += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!((100..600).contains(&busy), "{busy} gave up");
    // The next ones pass the tickets of those who gave up, once.
    let begin = Instant::now();
    join_all((0..10).map(async |n| send_text(&app, &sender(n), &chat, "Hello").await)).await;
    assert!(begin.elapsed() < Duration::from_secs(4), "{:?}", begin.elapsed());
    let begin = Instant::now();
    join_all((0..10).map(async |n| send_text(&app, &sender(n), &chat, "Hello").await)).await;
    assert!(begin.elapsed() < MAX_TURN * 4, "{:?}", begin.elapsed());
    assert_eq!(app.store.stored_messages(&chat).len(), 800 - busy + 20);
}

/// Requests are killed at any moment, also while they hold a ticket or their transaction is in flight.
#[tokio::test(start_paused = true)]
async fn killed_requests_delay_nobody_for_long() {
    let app = app();
    let chat = hot_group(&app, 20).await;
    let begin = Instant::now();
    let loops = (0..20_u64).map(async |n| {
        let (mut killed, mut longest) = (0, Duration::ZERO);
        for round in 0..20_u64 {
            let began = Instant::now();
            let send = app.send_message(message(&chat, &sender(n as usize), "", "Hello"));
            // Every fifth one dies after 1 to 200 ms.
            let limit = if (n + round) % 5 == 0 { 1 + (n * 67 + round * 31) % 200 } else { 10_000 };
            match timeout(Duration::from_millis(limit), send).await {
                Ok(sent) => {
                    longest = longest.max({
                        sent.unwrap();
                        began.elapsed()
                    })
                }
                Err(_) => killed += 1,
            }
        }
        (killed, longest)
    });
    let (killed, longest): (Vec<u32>, Vec<Duration>) = join_all(loops).await.into_iter().unzip();
    let killed: u32 = killed.iter().sum();
    assert!(killed >= 40, "{killed} were killed");
    // At most all of the others who wait at the same time die, one after the other.
    assert!(longest.iter().max().unwrap() < &(MAX_TURN * 20), "{longest:?}");
    assert!(begin.elapsed() < MAX_TURN * killed + Duration::from_millis(20 * 20 * 20), "{:?}", begin.elapsed());
    let seqs: Vec<_> = app.store.stored_messages(&chat).iter().map(|message| message.seq.0).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert!(seqs.len() >= 20 * 20 - killed as usize);
}

#[tokio::test(start_paused = true)]
async fn sends_edits_reactions_and_changes_of_the_group_share_the_queue() {
    let app = app();
    let chat = hot_group(&app, 20).await;
    app.store.set_faults(Faults::default());
    fill_from(&app, &chat, 15).await;
    app.store.set_faults(FAULTS);
    let before = app.store.calls();
    let sends = join_all((0..15).map(async |n| send_text(&app, &sender(n), &chat, "Hello").await.retries));
    let changes = join_all((0..15).map(async |n| match n % 3 {
        0 => edit(&app, &sender(n), &chat, n as u64 + 1, "Other").await.unwrap().retries,
        1 => react(&app, &sender(n), &chat, 1, &["👍"]).await.unwrap().retries,
        _ => delete(&app, &sender(n), &chat, 2, DeleteFor::Me).await.unwrap().retries,
    }));
    let renames = join_all((0..3).map(async |n| rename(&app, "sender0", &chat, &format!("Name {n}")).await.unwrap()));
    let (sends, changes, _) = join3(sends, changes, renames).await;
    let after = head(&app, &chat);
    assert_eq!((after.last_seq, after.last_rev.0), (Seq(30), 18));
    let calls = calls_since(&app, before);
    assert!(calls.transactions <= 2 * 33 + 10, "{calls:?}, {sends:?}, {changes:?}");
    assert!(calls.tickets <= 33, "{calls:?}");
}

/// One message of each of the first senders.
async fn fill_from(app: &TestApp, chat: &ChatId, senders: usize) {
    for n in 0..senders {
        send_text(app, &sender(n), chat, "Hello").await;
    }
}

/// Starts a send of alice that waits for a dead ticket holder, and runs `meanwhile` while it waits. Nobody else waits.
async fn while_queued(
    app: &TestApp,
    chat: &ChatId,
    reply_to: Option<Seq>,
    meanwhile: impl AsyncFnOnce(),
) -> Result<SendOutcome, ChatError<SendMessageError>> {
    with_dead_holders(app, chat, 1).await;
    let mut send = message(chat, "alice", "m-1", "Hello");
    send.reply_to = reply_to;
    let meanwhile = async {
        sleep(MAX_TURN / 2).await;
        assert_eq!(app.store.stored_messages(chat).last().map(|last| last.seq), Some(Seq(2)), "alice waits");
        let queue = QueueState { is_crowded: false, ..head(app, chat).queue };
        app.store.put_head(chat, Head { queue, ..head(app, chat) });
        meanwhile().await;
    };
    join(app.send_message(send), meanwhile).await.0
}

#[tokio::test(start_paused = true)]
async fn who_waits_sees_what_happened_meanwhile() {
    let with_two_messages = async || {
        let app = app();
        let chat = group(&app, &["alice", "bob", "carol", "dave"]).await;
        fill(&app, &chat, 2).await;
        (app, chat)
    };
    // Another message and a device that connects.
    let (app, chat) = with_two_messages().await;
    set_online(&app, &["carol"]).await;
    let before = app.store.calls();
    let sent = while_queued(&app, &chat, None, async || {
        send_text(&app, "bob", &chat, "First").await;
        app.push.take("carol");
        connect(&app, "dave").await;
        app.push.forget("presence.updated");
    });
    assert_eq!(sent.await.unwrap().message.seq(), Seq(4));
    assert_pushed(&app, [("carol", "message.created"), ("dave", "message.created")]);
    assert_eq!(calls_since(&app, before).snapshots, 2, "nothing is read again");
    // The message to reply to is cleared.
    let (app, chat) = with_two_messages().await;
    let reply = while_queued(&app, &chat, Some(Seq(1)), async || {
        clear(&app, "alice", &chat).await;
    });
    assert_refused!(reply.await, ChatError::Refused(SendMessageError::InvalidReplyTo));
    // Alice is removed; or carol is, who then gets nothing.
    let (app, chat) = with_two_messages().await;
    let removed = while_queued(&app, &chat, None, async || {
        remove(&app, "alice", &chat, "alice").await.unwrap();
    });
    assert_refused!(removed.await, ChatError::NotFound);
    let (app, chat) = with_two_messages().await;
    set_online(&app, &["bob", "carol"]).await;
    let sent = while_queued(&app, &chat, None, async || {
        remove(&app, "alice", &chat, "carol").await.unwrap();
        app.push.take("bob");
        app.push.take("carol");
    });
    assert_eq!(sent.await.unwrap().message.seq(), Seq(3));
    assert_pushed(&app, [("bob", "message.created")]);
}

/// Who connects while a send waits for its second try may have synced before the commit. So the connections are looked
/// up again.
#[tokio::test(start_paused = true)]
async fn connections_are_looked_up_again_after_a_long_wait() {
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["alice"]).await;
    // Nobody uses the first ticket.
    app.store.take_ticket(&chat, Ticket(0), Timestamp::from_millis(0)).await.unwrap();
    app.store.set_faults(Faults { in_flight_ms: 20, ..Faults::default() });
    let (before, begin) = (app.store.calls(), Instant::now());
    let first = send_text(&app, "bob", &chat, "First");
    let second = async {
        sleep(Duration::from_millis(5)).await;
        send_text(&app, "carol", &chat, "Second").await
    };
    let connecting = async {
        sleep(MAX_TURN / 2).await;
        app.push.take("alice");
        connect(&app, "carol").await;
        app.push.forget("presence.updated");
    };
    let (_, sent, ()) = join3(first, second, connecting).await;
    assert!(begin.elapsed() > MAX_TURN && sent.retries > 0, "the second one waited");
    assert_pushed(&app, [("alice", "message.created"), ("carol", "message.created")]);
    assert_eq!(calls_since(&app, before).tickets, 1);
}

/// The same holds for a commit that takes long itself.
#[tokio::test(start_paused = true)]
async fn connections_are_looked_up_again_after_a_long_commit() {
    for (commit_ms, lookups) in [(250, 1), (251, 2), (2000, 2)] {
        let app = app();
        let chat = group(&app, &TEAM).await;
        set_online(&app, &["alice"]).await;
        app.store.set_faults(Faults { in_flight_ms: commit_ms, ..Faults::default() });
        let before = app.store.calls();
        let connecting = async {
            sleep(Duration::from_millis(commit_ms / 2)).await;
            connect(&app, "carol").await;
            app.push.forget("presence.updated");
        };
        let (sent, ()) = join(send_text(&app, "bob", &chat, "Hello"), connecting).await;
        assert_eq!((sent.retries, calls_since(&app, before).lookups), (0, lookups), "{commit_ms} ms");
        if lookups == 1 {
            assert_pushed(&app, [("alice", "message.created")]);
        } else {
            assert_pushed(&app, [("alice", "message.created"), ("carol", "message.created")]);
        }
    }
    // If the second lookup fails, those of the first one get the message.
    let app = app();
    let chat = group(&app, &TEAM).await;
    set_online(&app, &["alice"]).await;
    app.store.set_faults(Faults { in_flight_ms: 2000, ..Faults::default() });
    let failing = async {
        sleep(Duration::from_millis(1000)).await;
        app.store.fail_lookups();
    };
    let (sent, ()) = join(send_text(&app, "bob", &chat, "Hello"), failing).await;
    assert_eq!((sent.pushed.posted, sent.pushed.unknown), (1, 0));
    assert_pushed(&app, [("alice", "message.created")]);
}

/// Two devices of one sender spend one budget: the one that loses reads it again, and keeps its place.
#[tokio::test(start_paused = true)]
async fn lost_budget_is_read_again_within_the_queue() {
    let mut app = app();
    app.settings.sending = BudgetRate::per_second(1000, 10);
    let chat = hot_group(&app, 10).await;
    let before = app.store.calls();
    let sends = (0..20).map(async |n| send_text(&app, &sender(n % 10), &chat, "Hello").await);
    join_all(sends).await;
    assert_eq!(app.store.stored_messages(&chat).len(), 20);
    let calls = calls_since(&app, before);
    assert!(calls.tickets < 20, "nobody takes two tickets: {calls:?}");
    assert!((21..=30).contains(&calls.snapshots), "{calls:?}");
    assert!(calls.transactions <= 60, "{calls:?}");
}

/// A ticket only paces. A request that gets none commits after a wait.
#[tokio::test(start_paused = true)]
async fn request_without_a_ticket_commits_in_the_end() {
    let app = app();
    let chat = group_of(&app, &users(&TEAM)).await;
    with_dead_holders(&app, &chat, 0).await;
    app.store.fail_tickets();
    let sent = send_text(&app, "alice", &chat, "Hello").await;
    assert_eq!((sent.message.seq(), sent.retries), (Seq(1), 1));
    assert_eq!(app.store.calls().tickets, 0);
}

/// Who has no budget left cannot delay the others with places in the queue that they leave without a commit.
#[tokio::test(start_paused = true)]
async fn change_that_is_refused_takes_no_place_in_the_queue() {
    let mut app = app();
    app.settings.changes = BudgetRate::per_second(1, 1);
    let chat = group(&app, &TEAM).await;
    send_text(&app, "alice", &chat, "Hello").await;
    react(&app, "bob", &chat, 1, &["\u{1F44D}"]).await.unwrap();
    let crowded = Head { queue: QueueState { served: Ticket(0), is_crowded: true }, ..head(&app, &chat) };
    app.store.put_head(&chat, crowded);
    let before = app.store.calls();
    let refused = react(&app, "bob", &chat, 1, &["\u{1F389}"]).await;
    assert_refused!(refused, ChatError::Refused(ChangeMessageError::RateLimited(_)));
    assert_eq!(calls_since(&app, before).tickets, 0);
}

/// Long after a rush, the head still says that there was a crowd, whose tickets are dead.
#[tokio::test(start_paused = true)]
async fn crowd_of_long_ago_delays_nobody() {
    let app = app();
    for is_change_first in [false, true] {
        let chat = group(&app, &TEAM).await;
        fill(&app, &chat, 1).await;
        // The last write of the head is this reaction.
        tokio::time::advance(Duration::from_secs(60)).await;
        react(&app, "bob", &chat, 1, &["\u{1F44D}"]).await.unwrap();
        with_dead_holders(&app, &chat, 50).await;
        tokio::time::advance(MAX_CROWD_AGE).await;
        let (begin, before) = (Instant::now(), app.store.calls());
        if is_change_first {
            react(&app, "bob", &chat, 1, &["\u{1F389}"]).await.unwrap();
        } else {
            send_text(&app, "alice", &chat, "First").await;
        }
        assert!(!head(&app, &chat).queue.is_crowded, "the write of now does not make it a crowd of now");
        send_text(&app, "alice", &chat, "Next").await;
        assert!(begin.elapsed() < MAX_TURN / 2, "{:?}", begin.elapsed());
        let calls = calls_since(&app, before);
        assert_eq!((calls.transactions, calls.tickets, calls.head_reads), (2, 0, 0));
    }
    // Until then, a new request takes its place in the queue.
    for is_change_last in [false, true] {
        let chat = group(&app, &TEAM).await;
        fill(&app, &chat, 1).await;
        if is_change_last {
            tokio::time::advance(Duration::from_secs(60)).await;
            react(&app, "bob", &chat, 1, &["\u{1F44D}"]).await.unwrap();
        }
        with_dead_holders(&app, &chat, 1).await;
        tokio::time::advance(MAX_CROWD_AGE - Duration::from_millis(1)).await;
        let begin = Instant::now();
        send_text(&app, "alice", &chat, "Hello").await;
        assert!(begin.elapsed() >= MAX_TURN, "{:?}", begin.elapsed());
        assert_eq!(head(&app, &chat).queue, QueueState { served: Ticket(2), is_crowded: false });
    }
}
