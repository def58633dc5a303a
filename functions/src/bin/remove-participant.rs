//! The program of the Lambda function `remove-participant`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::remove_participant::main()
}
