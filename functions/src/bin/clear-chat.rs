//! The program of the Lambda function `clear-chat`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::clear_chat::main()
}
