//! The traces in `clients/traces` are replayed: the reducer and the outbox do what they did when the traces were recorded.
//! clients/javascript replays the same files.

#![allow(clippy::panic, clippy::unwrap_used)] // that is how a test fails

use traces::{Replayed, folder, replay};

#[test]
fn every_trace_is_replayed() {
    let mut all = Replayed::default();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let file = std::fs::read_to_string(&path).unwrap();
        let Replayed { traces, steps } =
            replay(&file).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        assert!(traces > 0 && steps > 0, "{} is empty", path.display());
        all = Replayed { traces: all.traces + traces, steps: all.steps + steps };
    }
    println!("{} traces with {} steps", all.traces, all.steps);
    assert!(all.steps > 0, "there are no traces in {}", folder().display());
}

#[test]
fn replay_finds_what_differs_and_what_it_does_not_know() {
    let new = r#"{"new":"state","me":"alice","now":"2026-11-24T08:30:00.000Z"}"#;
    let first = r#"{"facts":{"":{"archived":"","behind":true,"gap":false,"inbox":"","next":"inbox","visible":""}},"#;
    let step = |rest: &str| format!("{new}\n{first}{rest}\n");
    assert_eq!(replay(&step(r#""do":"markBehind"}"#)), Ok(Replayed { traces: 1, steps: 1 }));
    for (file, problem) in [
        (step(r#""do":"markBehind","news":["typing"]}"#), "line 2: \"markBehind\": news were [\"typing\"], now null"),
        (step(r#""do":"markGood"}"#), "line 2: nobody replays the step \"markGood\""),
        (r#"{"new":"typing"}"#.to_owned(), "line 1: nobody replays a trace of \"typing\""),
        (r#"{"do":"markBehind"}"#.to_owned(), "line 1: no trace has begun"),
    ] {
        assert_eq!(replay(&file), Err(problem.to_owned()));
    }
}
