//! `cargo run`: the whole system on this machine.

fn main() -> std::process::ExitCode {
    dev::main()
}
