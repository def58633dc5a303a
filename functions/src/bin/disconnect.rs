//! The program of the Lambda function `disconnect`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::disconnect::main()
}
