//! The program of the Lambda function `authorize`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::authorize::main()
}
