//! The program of the Lambda function `set-admin`; its handler is in the library.

fn main() -> std::process::ExitCode {
    functions::handlers::set_admin::main()
}
