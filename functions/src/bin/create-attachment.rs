//! The program of the Lambda function `create-attachment`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::create_attachment::main()
}
