//! The program of the Lambda function `update-chat`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::update_chat::main()
}
