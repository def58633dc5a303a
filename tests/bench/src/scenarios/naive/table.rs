//! The table, the chart and the goals of the comparison.

use std::time::Duration;

use super::{AMONG_OTHERS, Comparison, Design, POST_DELAY, Row, SENDS, WARM_UP_SENDS};
use crate::{
    Setup,
    chart::Chart,
    node,
    report::{Goal, Section, Table, median, millis, ms, per, ratio},
};

/// How many recipients the chart and the goal for time are about.
const CHART_RECIPIENTS: usize = 100;

/// The section of the report.
#[must_use]
pub fn section(setup: &Setup, compared: &Result<Comparison, node::Missing>) -> Section {
    const TITLE: &str = "Beside the naive design";
    let compared = match compared {
        Ok(compared) => compared,
        Err(missing) => {
            let text = format!("Left out, because this machine cannot run the naive design: {missing}.");
            return Section { title: TITLE, text, ..Section::default() };
        }
    };
    let mut table = Table::new(&[
        "recipients",
        "others connected",
        "design",
        "last delivery, median, ms",
        "/ ours",
        "CPU per send, ms",
        "/ ours",
        "calls",
        "read units",
        "write units",
        "peak memory, MB",
    ]);
    let mut chart = Chart {
        name: "naive-last-delivery",
        title: format!("Time to the last of {CHART_RECIPIENTS} deliveries, ms"),
        ..Chart::default()
    };
    let mut goals = Vec::new();
    for rows in compared.sends.chunk_by(|a, b| (a.recipients, a.others) == (b.recipients, b.others)) {
        let Some(ours) = rows.iter().find(|row| row.design == Design::Ours) else { continue };
        for Row { design, recipients, others, send } in rows {
            let time_share = ratio(median(&send.last_deliveries), median(&ours.send.last_deliveries));
            let cpu = send.cpu_per_request().zip(ours.send.cpu_per_request());
            let cpu_share = cpu.map_or(f64::NAN, |(cpu, of_ours)| ratio(cpu, of_ours));
            let per_send = |sum: f64| format!("{:.1}", per(sum, send.requests));
            #[allow(clippy::cast_precision_loss, reason = "a count of calls")]
            table.row([
                recipients.to_string(),
                others.to_string(),
                design.name().to_owned(),
                ms(median(&send.last_deliveries)),
                format!("{time_share:.2}"),
                send.cpu_per_request().map_or("unknown".to_owned(), |cpu| format!("{:.2}", millis(cpu))),
                format!("{cpu_share:.2}"),
                per_send(send.counts.total() as f64),
                per_send(send.counts.read_units),
                per_send(send.counts.write_units),
                send.peak_memory.map_or("unknown".to_owned(), |bytes| (bytes / (1024 * 1024)).to_string()),
            ]);
            if *recipients == CHART_RECIPIENTS {
                chart.bar(design.name(), millis(median(&send.last_deliveries)), *design != Design::Ours);
            }
            if *design == Design::Ours || *recipients == 1 {
                continue;
            }
            let among = if *others > 0 { format!(" among {others} connections") } else { String::new() };
            let place = format!("{recipients} recipients{among}, {}", design.name());
            goals.push(Goal::at_least(format!("{place}: CPU per send / ours"), cpu_share, 5.0, 1));
            if *recipients == CHART_RECIPIENTS {
                goals.push(Goal::at_least(format!("{place}: time to the last delivery / ours"), time_share, 3.0, 1));
            }
        }
    }
    let last_delivery = |design: Design, others: usize| {
        let row = compared
            .sends
            .iter()
            .find(|row| row.design == design && row.recipients == AMONG_OTHERS.0 && row.others == others);
        row.map_or(Duration::ZERO, |row| median(&row.send.last_deliveries))
    };
    let growth = |design: Design| ratio(last_delivery(design, AMONG_OTHERS.1), last_delivery(design, 0));
    let figure = "10 recipients among 10,000 connections / among 10, time to the last delivery, ours";
    goals.push(Goal::at_most(figure, growth(Design::Ours), 1.1, 2));
    let text = format!(
        "send-message beside tests/bench/naive, a chat back end as AWS's tutorials show it: it finds connections \
         by a Scan of the table of all connections, and stores a list `seenBy` with each message. Its README cites \
         the source of each choice. Two samples differ in the posts: one after another, or all at once (at most 50 \
         connections, the SDK's limit). {SENDS} messages of 200 characters each, the designs in turns; each \
         recipient has one connection. A call to DynamoDB takes {} ms besides the engine's own time, a post {} ms. \
         At least {} sends come before, so that Node ({}) has compiled the code.\n\n\
         The naive design does less: messages have no order and a repeat is stored twice, nobody checks who sends \
         and whether they are in the chat, a client that was away cannot ask for what it missed, no budget bounds \
         a sender, a connection is in one chat, and a failed post fails the send.\n\n\
         From 10 to 10,010 connections, the time to the last delivery at 10 recipients changes by the factor {:.2} \
         (ours), {:.2} (one post after another), {:.2} (all at once). The read units show what the Scan reads. \
         These times say little about AWS, because the stand-in's table is in memory.",
        setup.delay.as_millis(),
        POST_DELAY.as_millis(),
        WARM_UP_SENDS.0,
        compared.node,
        growth(Design::Ours),
        growth(Design::OneAfterAnother),
        growth(Design::AllAtOnce),
    );
    Section { title: TITLE, text, tables: vec![table], charts: vec![chart], goals }
}
