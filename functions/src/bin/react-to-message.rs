//! The program of the Lambda function `react-to-message`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::react_to_message::main()
}
