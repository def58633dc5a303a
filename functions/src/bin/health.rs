//! The program of the Lambda function `health`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::health::main()
}
