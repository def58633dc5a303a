//! The program of the Lambda function `connect`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::connect::main()
}
