//! Errors of the start. The texts are for the person who typed the command.

use std::{io, path::PathBuf};

use crate::template::TemplateError;

/// Why the local cloud, or a part of it, could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program listens on the port.
    #[error("port {port} of 127.0.0.1 is already in use")]
    PortTaken {
        /// The requested port.
        port: u16,
    },
    /// The operating system refuses to listen on the port for another reason.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The requested port.
        port: u16,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The template cannot be read or is invalid.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The parameters violate a rule of the template.
    #[error("{0}")]
    Rule(String),
    /// Cargo cannot be started to build the functions.
    #[error("cannot run `{program}` to build the functions ({source}). Install Rust from https://rustup.rs")]
    NoCargo {
        /// The program: `$CARGO`, or `cargo` on the path.
        program: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The compiler rejects a function. Its output was sent as [`Event::BuildOutput`](crate::Event::BuildOutput).
    #[error("cannot build the functions: {0}")]
    Build(String),
    /// No program has the name that the template sets.
    #[error("{function}: BuildProperties.Binary is {binary}, but {place} has no such program. It has: {built}")]
    NoSuchBinary {
        /// Logical id of the function.
        function: String,
        /// The name in the template.
        binary: String,
        /// The package that was built, or the directory of programs.
        place: String,
        /// The programs that exist, or `none`.
        built: String,
    },
    /// The template does not name this function's program, and the place has another number of programs than one, or
    /// programs of several packages.
    #[error("{function}: BuildProperties.Binary is missing. Set it to the name of the function's program in {place}")]
    NoBinary {
        /// Logical id of the function.
        function: String,
        /// The directory, or the program that serves every function.
        place: String,
    },
    /// The programs of two packages have one name, and the place of the programs knows them by name alone.
    #[error(
        "{first} and {second} are of different packages, but the programs of both have the name {name}. \
         {place} knows programs by name, so give one of them another name"
    )]
    AmbiguousBinary {
        /// Logical id of a function.
        first: String,
        /// Logical id of a function of another package.
        second: String,
        /// The name of both programs.
        name: String,
        /// The directory, the program that serves every function, or the address of `cargo lambda watch`.
        place: String,
    },
    /// The template asks for a build that is not supported, for every function.
    #[error("{function}: {found}. Only functions with Metadata BuildMethod: rust-cargolambda can be built")]
    NotBuildable {
        /// Logical id of the function.
        function: String,
        /// What the template has instead, as a sentence.
        found: String,
    },
    /// The database cannot be opened or reached, or rejects a table.
    #[error("DynamoDB: {0}")]
    DynamoDb(String),
    /// The buckets cannot be opened.
    #[error("S3: {0}")]
    S3(String),
    /// A table of the template exists already with other keys.
    #[error(
        "DynamoDB: table {table} exists with {found}, but the template describes {expected}. \
         Delete the table (or the database file), or rename the table"
    )]
    TableDiffers {
        /// Name of the table.
        table: String,
        /// The existing keys.
        found: String,
        /// The keys in the template.
        expected: String,
    },
    /// The address of `cargo lambda watch` is invalid.
    #[error("{url} is not an address of the form http://HOST:PORT (the address of cargo lambda watch)")]
    LambdaEndpoint {
        /// The invalid address.
        url: String,
    },
    /// A directory cannot be created or read: of the database file, the buckets or the programs.
    #[error("cannot use the directory {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Another system uses the database file.
    #[error(
        "{} is in use by another running system{}", file.display(),
        process.map(|process| format!(" (process {process})")).unwrap_or_default()
    )]
    FileInUse {
        /// The database file.
        file: PathBuf,
        /// The id of the process that uses it. None if the lock file does not say it.
        process: Option<u32>,
    },
    /// The lock file of the database file cannot be opened, written or locked.
    #[error("cannot lock {}: {source}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The operating system refuses a thread, a listener or a temporary directory.
    #[error("cannot start {part}: {source}")]
    Start {
        /// The part of the local cloud that does not start.
        part: &'static str,
        /// The operating system's reason.
        source: io::Error,
    },
}
