//! Sends beside edits and reactions in one chat, all at the same moment.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::try_join_all;
use serde_json::json;

use crate::{
    Error, Setup, World,
    report::{Goal, Section, Table, median, ms, quantile},
    users,
};

/// How many users send, and how many others change a message at the same moment.
const PEOPLE: usize = 15;
/// How often they do.
const ROUNDS: usize = 10;
/// What users do at the same moment.
const FUNCTIONS: [&str; 3] = ["send-message", "edit-message", "react-to-message"];

/// The answers to one function.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The answers by status.
    pub by_status: BTreeMap<u16, u64>,
    /// From handing out the event until the answer.
    pub times: Vec<Duration>,
}

/// In each round, `people` users send a message and as many change an earlier one: every second user edits, the others
/// react. Returns the answers by function.
///
/// # Errors
///
/// A stand-in fails, or an instance ends.
pub async fn measure(setup: &Setup, people: usize, rounds: usize) -> Result<BTreeMap<&'static str, Answers>, Error> {
    let world = World::start(setup).await?;
    let (senders, changers) = (users("sender", people), users("changer", people));
    let everybody: Vec<String> = senders.iter().chain(&changers).cloned().collect();
    let chat = &world.group(&everybody).await?;
    let mut samples = BTreeMap::new();
    for function in FUNCTIONS {
        samples.insert(function, world.sample(function)?);
    }
    let event = |function: &'static str, user: &str, seq: usize, round: usize| {
        let body = match function {
            "send-message" => json!({ "type": "text", "content": "Hello", "clientMessageId": format!("m-{round}") }),
            "edit-message" => json!({ "content": format!("Hello again, {round}") }),
            // Every round sets another emoji, so that each is a change.
            _ => json!({ "emojis": [if round.is_multiple_of(2) { "👍" } else { "🎉" }] }),
        };
        let seq = seq.to_string();
        let parameters: &[(&str, &str)] =
            if function == "send-message" { &[("chatId", chat)] } else { &[("chatId", chat), ("seq", &seq)] };
        samples.get(function).map(|sample| sample.http(user, parameters, &body)).unwrap_or_default()
    };
    // The n-th changer changes the n-th message, which is their own.
    let mut first = world.instance("send-message").await?;
    for user in &changers {
        first.invoke(event("send-message", user, 0, 0)).await?;
    }
    first.stop().await;
    let mut instances = Vec::new();
    for (number, user) in changers.iter().enumerate() {
        let function = if number % 2 == 0 { "edit-message" } else { "react-to-message" };
        instances.push((world.instance(function).await?, function, user.clone(), number + 1));
    }
    for user in &senders {
        instances.push((world.instance("send-message").await?, "send-message", user.clone(), 0));
    }
    world.set_delay();
    let mut answers: BTreeMap<&'static str, Answers> = BTreeMap::new();
    for round in 1..=rounds {
        let calls = instances.iter_mut().map(|(instance, function, user, seq)| {
            let event = event(function, user, *seq, round);
            async move { Ok::<_, Error>((*function, instance.invoke(event).await?)) }
        });
        for (function, answered) in try_join_all(calls).await? {
            let answers = answers.entry(function).or_default();
            *answers.by_status.entry(answered.status()).or_default() += 1;
            answers.times.push(answered.took);
        }
    }
    Ok(answers)
}

/// The section of the report.
///
/// # Errors
///
/// See [`measure`].
pub async fn section(setup: &Setup) -> Result<Section, Error> {
    let answers = measure(setup, PEOPLE, ROUNDS).await?;
    let mut table = Table::new(&["function", "answers", "p50, ms", "p99, ms", "max, ms"]);
    let mut failed = 0;
    for (function, Answers { by_status, times }) in &answers {
        failed += by_status.iter().filter(|(status, _)| **status >= 500).map(|(_, count)| count).sum::<u64>();
        let text: Vec<String> = by_status.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        table.row([
            (*function).to_owned(),
            text.join(", "),
            ms(median(times)),
            ms(quantile(times, 0.99)),
            ms(quantile(times, 1.0)),
        ]);
    }
    #[allow(clippy::cast_precision_loss, reason = "a count of answers")]
    let goals = vec![Goal::at_most("15 sends beside 15 changes, answers of 500 and above", failed as f64, 0.0, 0)];
    let text = format!(
        "{ROUNDS} rounds. In each, {PEOPLE} users send a message to one chat and {PEOPLE} others edit their message or react \
         to it, all at the same moment."
    );
    Ok(Section { title: "Changes beside sends", text, tables: vec![table], goals, ..Section::default() })
}
