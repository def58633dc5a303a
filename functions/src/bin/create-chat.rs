//! The program of the Lambda function `create-chat`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::create_chat::main()
}
