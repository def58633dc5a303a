//! The program of the Lambda function `get-chat`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::get_chat::main()
}
