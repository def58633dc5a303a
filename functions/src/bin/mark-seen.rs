//! The program of the Lambda function `mark-seen`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::mark_seen::main()
}
