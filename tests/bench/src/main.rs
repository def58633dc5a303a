//! `bench`: measures the functions' programs. docs/PERFORMANCE.md says what it measured last.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use bench::{
    Error, Programs, Setup,
    document::{self, Origin},
    quick,
    report::{self, Section},
    scenarios::{
        fan_out, fan_out_tls, first_invocation, hot_chat, mixed_changes, naive, price, recipients, start, warm_send,
        work,
    },
};
use clap::{Parser, ValueEnum};

/// Measures the functions' programs on stand-ins for AWS on this machine. Prints a table for each scenario.
#[derive(Parser)]
struct Arguments {
    /// Checks counts alone, on the program `lambda-chat` next to this one. Fails if one is too high
    #[arg(long, conflicts_with_all = ["only", "seconds"])]
    quick: bool,
    /// The directory with the functions' programs; by default, the one of this program
    #[arg(long)]
    programs: Option<PathBuf>,
    /// A program that serves any function that is not in that directory: `lambda-chat`
    #[arg(long)]
    lambda_chat: Option<PathBuf>,
    /// The repository with the functions' template.yaml and events/
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))]
    root: PathBuf,
    /// Writes docs/PERFORMANCE.md with the figures of all scenarios
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    write: bool,
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

const FAILED: &str = "a check failed: see the table. If you meant to change the figure, write the measured number into \
    tests/bench/src/quick.rs. Instructions and allocations name their constant there";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    Start,
    FirstEvent,
    WarmSend,
    Work,
    HotChat,
    MixedChanges,
    FanOut,
    FanOutTls,
    Recipients,
    Naive,
    Price,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let own = std::env::current_exe().map_err(|error| Error(format!("cannot find this program: {error}")))?;
    let own_directory = own.parent().unwrap_or(Path::new(".")).to_owned();
    let programs = if arguments.quick {
        // All of them from lambda-chat, so that none is older than the code.
        Programs { directory: PathBuf::new(), lambda_chat: Some(own_directory.join("lambda-chat")) }
    } else {
        let directory = arguments.programs.clone().unwrap_or(own_directory);
        Programs { directory, lambda_chat: arguments.lambda_chat.clone() }
    };
    let setup = Setup { root: arguments.root, programs, delay: Duration::from_millis(arguments.delay) };
    if arguments.quick {
        let checks = Section { title: "Checks", goals: quick::checks(&setup).await?, ..Section::default() };
        let is_met = checks.goals.iter().all(|check| check.is_met);
        println!("{}", report::goals(&[checks]).markdown());
        return if is_met { Ok(ExitCode::SUCCESS) } else { Err(Error(FAILED.to_owned())) };
    }
    let given: String = std::env::args().skip(1).map(|argument| format!(" {argument}")).collect();
    // Taken before the run, which makes the machine busy.
    let origin = Origin::here(&setup.root, format!("cargo xtask bench{given}"));
    let scenarios =
        if arguments.only.is_empty() { Scenario::value_variants().to_vec() } else { arguments.only.clone() };
    let mut sections: Vec<Section> = Vec::new();
    // Two sections are about it.
    let mut compared = None;
    for scenario in scenarios {
        let section = match scenario {
            Scenario::Start => start::section(&setup, &setup.programs.directory.join("examples/hello-world")).await?,
            Scenario::FirstEvent => first_invocation::section(&setup).await?,
            Scenario::WarmSend => warm_send::section(&setup).await?,
            Scenario::Work => work::section(&setup).await?,
            Scenario::HotChat => hot_chat::section(&setup, Duration::from_secs(arguments.seconds)).await?,
            Scenario::MixedChanges => mixed_changes::section(&setup).await?,
            Scenario::FanOut => fan_out::section(&setup).await?,
            Scenario::FanOutTls => fan_out_tls::section(&setup).await?,
            Scenario::Recipients => recipients::section(&setup).await?,
            Scenario::Naive | Scenario::Price => {
                let compared = match &mut compared {
                    Some(compared) => compared,
                    none => none.insert(naive::compare(&setup).await?),
                };
                match scenario {
                    Scenario::Naive => naive::section(&setup, compared),
                    _ => price::section(&setup, compared)?,
                }
            }
        };
        println!("## {}\n\n{}\n", section.title, section.wrapped_text());
        for table in &section.tables {
            println!("{}", table.markdown());
        }
        sections.push(section);
    }
    if arguments.write {
        document::write(&setup.root, &origin, &sections)?;
    }
    println!("## Goals\n\n{}", report::goals(&sections).markdown());
    Ok(ExitCode::SUCCESS)
}
