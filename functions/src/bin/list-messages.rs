//! The program of the Lambda function `list-messages`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::list_messages::main()
}
