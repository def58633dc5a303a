//! `cargo run`: the whole system on this machine. Only this program has both the development tools and the functions. So
//! neither is compiled again when the other changes.

fn main() -> std::process::ExitCode {
    dev::main(&dev::Functions { names: functions::handlers::NAMES, by_name: functions::handlers::by_name })
}
