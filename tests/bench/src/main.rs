//! `bench`: measures the functions' programs. docs/PERFORMANCE.md says what it measured last.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use bench::{
    Error, Programs, Setup,
    report::{self, Section},
    scenarios::{fan_out, hot_chat, warm_send},
};
use clap::{Parser, ValueEnum};

/// Measures the functions' programs on stand-ins for AWS on this machine. Prints a table for each scenario.
#[derive(Parser)]
struct Arguments {
    /// The directory with the functions' programs
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
    /// Instead of those, a program that serves any function: `lambda-chat`
    #[arg(long)]
    lambda_chat: Option<PathBuf>,
    /// Only these scenarios
    #[arg(long, value_delimiter = ',')]
    only: Vec<Scenario>,
    /// How long each number of senders sends to a hot chat, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How long each call to DynamoDB takes, in milliseconds, besides the engine's own time
    #[arg(long, default_value_t = 5)]
    delay: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    WarmSend,
    HotChat,
    FanOut,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let programs = match arguments.lambda_chat {
        Some(program) => Programs::LambdaChat(program),
        None => Programs::Directory(arguments.programs),
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let setup = Setup { root, programs, delay: Duration::from_millis(arguments.delay) };
    let scenarios =
        if arguments.only.is_empty() { Scenario::value_variants().to_vec() } else { arguments.only.clone() };
    let mut sections: Vec<Section> = Vec::new();
    for scenario in scenarios {
        let section = match scenario {
            Scenario::WarmSend => warm_send::section(&setup).await?,
            Scenario::HotChat => hot_chat::section(&setup, Duration::from_secs(arguments.seconds)).await?,
            Scenario::FanOut => fan_out::section(&setup).await?,
        };
        println!("## {}\n\n{}\n", section.title, section.text);
        for table in &section.tables {
            println!("{}", table.markdown());
        }
        sections.push(section);
    }
    println!("## Goals\n\n{}", report::goals(&sections).markdown());
    Ok(())
}
