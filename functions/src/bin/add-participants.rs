//! The program of the Lambda function `add-participants`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::add_participants::main()
}
