//! The program of the Lambda function `profile`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::profile::main()
}
