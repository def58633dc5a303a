//! The program of the Lambda function `mute-chat`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::mute_chat::main()
}
