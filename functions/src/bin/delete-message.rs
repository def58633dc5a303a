//! The program of the Lambda function `delete-message`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::delete_message::main()
}
