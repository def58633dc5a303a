//! From exec until a program asks for its first event, and how large its zip is.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Error, Setup, World,
    chart::Chart,
    report::{Goal, Section, Table, median, millis, ms, quantile, ratio},
};

/// How often each program is started.
const STARTS: usize = 40;
/// Deflate's level: the smallest result.
const BEST_COMPRESSION: u8 = 9;
/// The function that has neither the AWS SDK nor TLS.
const WITHOUT_SDK: &str = "health";

/// What the starts of one program took.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The program.
    pub name: String,
    /// From exec until it asked for its first event.
    pub times: Vec<Duration>,
    /// CPU time until then. Empty if the system does not say.
    pub cpu: Vec<Duration>,
}

/// Starts an instance of each function `starts` times, and of the program `yardstick`, which comes first in the result.
/// They take turns, so that a busy moment of the machine meets all of them.
///
/// # Errors
///
/// A program does not start.
pub async fn measure(
    setup: &Setup,
    yardstick: &Path,
    functions: &[&str],
    starts: usize,
) -> Result<Vec<Figures>, Error> {
    let world = World::start(setup).await?;
    let named = |name: &str| Figures { name: name.to_owned(), ..Figures::default() };
    let mut figures: Vec<Figures> =
        std::iter::once("hello-world").chain(functions.iter().copied()).map(named).collect();
    // The first round brings the programs into the page cache.
    for round in 0..=starts {
        for (number, program) in figures.iter_mut().enumerate() {
            let mut instance =
                if number == 0 { world.start_other(yardstick)? } else { world.start_instance(&program.name)? };
            let time = instance.ready().await?;
            let usage = instance.usage();
            instance.stop().await;
            if round > 0 {
                program.times.push(time);
                program.cpu.extend(usage.map(|usage| usage.cpu));
            }
        }
    }
    Ok(figures)
}

/// The section of the report, about the functions with a program of their own. `yardstick` is the smallest function that can be written: functions/examples/hello-world.
///
/// # Errors
///
/// See [`measure`].
pub async fn section(setup: &Setup, yardstick: &Path) -> Result<Section, Error> {
    let directory = &setup.programs.directory;
    let world = World::start(setup).await?;
    let functions: Vec<&str> = world.functions().into_iter().filter(|name| directory.join(name).exists()).collect();
    let figures = measure(setup, yardstick, &functions, STARTS).await?;
    let base = figures.first().map(|hello| median(&hello.times)).unwrap_or_default();
    let mut table = Table::new(&[
        "program",
        "exec to /next, median, ms",
        "p95, ms",
        "/ hello-world",
        "CPU, median, ms",
        "program, KB",
        "zip, KB",
    ]);
    let title = "From exec to the first /next, ms".to_owned();
    let mut chart = Chart { name: "start", title, bars: Vec::new() };
    let (mut slowest, mut largest) = (0.0_f64, 0);
    for (number, Figures { name, times, cpu }) in figures.iter().enumerate() {
        let path: PathBuf = if number == 0 { yardstick.to_owned() } else { directory.join(name) };
        let program = std::fs::read(&path).map_err(Error::io(format!("read {}", path.display())))?;
        let zip = miniz_oxide::deflate::compress_to_vec(&program, BEST_COMPRESSION).len();
        let share = ratio(median(times), base);
        table.row([
            name.clone(),
            ms(median(times)),
            ms(quantile(times, 0.95)),
            format!("{share:.2}"),
            ms(median(cpu)),
            (program.len() / 1024).to_string(),
            (zip / 1024).to_string(),
        ]);
        chart.bar(name, millis(median(times)), number == 0);
        if number > 0 {
            largest = largest.max(zip);
        }
        if number > 0 && name != WITHOUT_SDK {
            slowest = slowest.max(share);
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "some megabytes")]
    let goals = vec![
        Goal::at_most("exec to /next, slowest function / hello-world", slowest, 1.5, 2),
        Goal::at_most("zip of the largest function, MB", largest as f64 / 1e6, 2.5, 2),
    ];
    let text = format!(
        "{STARTS} starts of each program, in turns, without TLS and without a network. The zip is the program, deflated \
         at level {BEST_COMPRESSION}."
    );
    Ok(Section { title: "Start", text, tables: vec![table], charts: vec![chart], goals })
}
