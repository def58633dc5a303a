//! The program of the Lambda function `typing`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::typing::main()
}
