//! The program of the Lambda function `list-chats`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::list_chats::main()
}
