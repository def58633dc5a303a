//! Instructions and allocations of `send-message`: of its start, and of a send by an instance that has served before.

use serde_json::json;

use crate::{
    Error, Setup, World,
    dhat::{self, Work},
    report::{Section, Table},
};

/// How many sends come before, so that the instance is warm.
const WARM_UP: usize = 3;
/// How many sends are counted.
const SENDS: usize = 4;
const FUNCTION: &str = "send-message";

/// What the function does.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Until it asks for its first event.
    pub start: Work,
    /// For one send in a private chat of two users who are not connected: the mean.
    pub warm_send: Work,
}

/// Counts. None if valgrind is not installed.
///
/// # Errors
///
/// A stand-in, valgrind or the function fails, or a send is not answered 201.
pub async fn measure(setup: &Setup) -> Result<Option<Figures>, Error> {
    if !dhat::is_installed().await {
        return Ok(None);
    }
    let (start, before, after) = tokio::try_join!(run(setup, 0), run(setup, WARM_UP), run(setup, WARM_UP + SENDS))?;
    let sends = after.since(before);
    let of_one = |sum: u64| sum / SENDS as u64;
    let warm_send = Work { instructions: of_one(sends.instructions), allocations: of_one(sends.allocations) };
    Ok(Some(Figures { start, warm_send }))
}

/// A process from its start until it has sent so many messages, and asks for the next event.
async fn run(setup: &Setup, sends: usize) -> Result<Work, Error> {
    let directory = tempfile::tempdir().map_err(Error::io("create a directory"))?;
    let profile = directory.path().join("dhat.out");
    let world = World::start(setup).await?;
    let chat = world.private_chat(["liam", "maria"]).await?;
    let sample = world.sample(FUNCTION)?;
    let mut send = world.instance_in(&dhat::command_line(&profile), FUNCTION).await?;
    for number in 0..sends {
        let body = json!({ "type": "text", "content": "Hello Maria", "clientMessageId": format!("m-{number}") });
        let answered = send.invoke(sample.http("liam", &[("chatId", &chat)], &body)).await?;
        if answered.status() != 201 {
            return Err(Error(format!("a send was answered {}", answered.payload)));
        }
    }
    send.end().await?;
    dhat::read(&profile)
}

/// The section of the report.
///
/// # Errors
///
/// See [`measure`].
pub async fn section(setup: &Setup) -> Result<Section, Error> {
    const TITLE: &str = "Instructions and allocations";
    let Some(Figures { start, warm_send }) = measure(setup).await? else {
        let text = "Left out, because valgrind is not installed on this machine.".to_owned();
        return Ok(Section { title: TITLE, text, ..Section::default() });
    };
    let mut table = Table::new(&["send-message", "instructions, million", "allocations"]);
    for (part, Work { instructions, allocations }) in [("start, until /next", start), ("a warm send", warm_send)] {
        #[allow(clippy::cast_precision_loss, reason = "some millions")]
        table.row([part.to_owned(), format!("{:.2}", instructions as f64 / 1e6), allocations.to_string()]);
    }
    let text = format!(
        "The whole process in valgrind's DHAT, with the dynamic loader. Other programs on the machine do not change these \
         figures. A send is the mean of {SENDS}, after {WARM_UP} others. DHAT has no SHA instructions, so a signature \
         counts more than it costs. `--quick` checks the same of debug programs."
    );
    Ok(Section { title: TITLE, text, tables: vec![table], ..Section::default() })
}
