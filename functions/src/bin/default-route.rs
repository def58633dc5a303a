//! The program of the Lambda function `default-route`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::default_route::main()
}
