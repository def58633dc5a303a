//! The proxy of the end-to-end tests as a program, for tests in other languages: `bad-network WS_URL SEED`.
//!
//! It prints `{"url": ...}`, the URL to connect to. Then it reads commands, one a line, and answers each with a line:
//!
//! | command | what it does |
//! | --- | --- |
//! | `faults LOSE OVERTAKE DELAY CUT` | sets the percentages of frames with each fault |
//! | `cut` | cuts all connections |
//! | `down`, `up` | refuses new connections and cuts the others; accepts connections again |
//! | `counts` | nothing: every answer has the counts |
//!
//! It ends when its input ends.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // only tests use it, and a test fails by a panic
#![allow(clippy::disallowed_methods)] // its arguments say which system to connect to

use end_to_end::proxy::Proxy;
use serde_json::json;
use std::io::BufRead as _;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ws_url, seed] = arguments.as_slice() else { panic!("usage: bad-network WS_URL SEED") };
    let proxy = Proxy::start(ws_url, seed.parse().expect("the seed is a number")).await;
    println!("{}", json!({"url": proxy.url}));
    let (send, mut commands) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines();
        lines.map_while(Result::ok).all(|line| send.send(line).is_ok())
    });
    while let Some(command) = commands.recv().await {
        match command.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["faults", percentages @ ..] => {
                let percentages: Vec<u8> = percentages.iter().map(|text| text.parse().expect("a percentage")).collect();
                proxy.faults().set(percentages.try_into().expect("four percentages"));
            }
            ["cut"] => proxy.cut(),
            ["down"] => proxy.set_down(true),
            ["up"] => proxy.set_down(false),
            ["counts"] => {}
            _ => panic!("{command} is not a command"),
        }
        println!("{}", json!({"faults": proxy.counts(), "accepted": proxy.accepted(), "open": proxy.open()}));
    }
}
