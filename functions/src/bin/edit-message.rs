//! The program of the Lambda function `edit-message`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::edit_message::main()
}
