//! The program of `cargo run`: the whole system on this machine. Only this program contains both the development tools
//! and the functions. So a change to one does not compile the other again.

fn main() -> std::process::ExitCode {
    dev::main(&dev::Functions { names: functions::handlers::NAMES, by_name: functions::handlers::by_name })
}
