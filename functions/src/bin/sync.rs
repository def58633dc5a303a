//! The program of the Lambda function `sync`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::sync::main()
}
