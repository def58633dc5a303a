//! The program of the Lambda function `send-message`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::send_message::main()
}
