//! The program of the Lambda function `get-attachment`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::get_attachment::main()
}
