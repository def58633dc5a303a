//! What can go wrong before anything is served, in words for whoever typed the command.

use std::{io, path::PathBuf};

use crate::template::TemplateError;

/// Why the local cloud, or a part of it, could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something else listens there.
    #[error("port {port} of 127.0.0.1 is already in use")]
    PortTaken {
        /// The port that was asked for.
        port: u16,
    },
    /// The system refused to listen for another reason.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The template cannot be read or makes no sense.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A rule of the template is broken by its parameters.
    #[error("{0}")]
    Rule(String),
    /// There is no cargo to build the functions with.
    #[error("cannot run `{program}` to build the functions ({source}); install Rust from https://rustup.rs")]
    NoCargo {
        /// The program that was tried: `$CARGO`, or `cargo` on the path.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The compiler refused a function. Its own words were passed on as events.
    #[error("the functions do not build: {0}")]
    Build(String),
    /// There is no program of the name that the template gives.
    #[error("{function}: BuildProperties.Binary is {binary}, and {place} has no such program; there are: {built}")]
    NoSuchBinary {
        /// Logical id of the function.
        function: String,
        /// The name in the template.
        binary: String,
        /// The package that was built, or the directory of programs.
        place: String,
        /// The programs that there are.
        built: String,
    },
    /// One program is to serve every function, and the template does not say as which it serves this one.
    #[error("{function}: BuildProperties.Binary is missing; it tells {} which function to serve", program.display())]
    NoBinary {
        /// Logical id of the function.
        function: String,
        /// The program that serves every function.
        program: PathBuf,
    },
    /// The template does not say how the function is built.
    #[error("{function}: only functions with Metadata BuildMethod: rust-cargolambda can be built, and {found}")]
    NotBuildable {
        /// Logical id of the function.
        function: String,
        /// What was found in its place.
        found: String,
    },
    /// The database cannot be opened or reached, or refused a table.
    #[error("DynamoDB: {0}")]
    DynamoDb(String),
    /// The buckets cannot be opened.
    #[error("S3: {0}")]
    S3(String),
    /// A table of the template is there already, with other keys.
    #[error(
        "DynamoDB: table {table} exists with {found}, and the template describes {expected}; \
         delete the table (or the database file) or rename it"
    )]
    TableDiffers {
        /// Name of the table.
        table: String,
        /// Its keys as they are.
        found: String,
        /// Its keys as the template has them.
        expected: String,
    },
    /// The address of a running `cargo lambda watch` is not one.
    #[error("{url} is not an address of the form http://HOST:PORT")]
    LambdaEndpoint {
        /// What was given.
        url: String,
    },
    /// The directory of the database file, or that of the programs, cannot be used.
    #[error("cannot use the directory {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused a thread or a listener.
    #[error("cannot start {part}: {source}")]
    Start {
        /// The part of the local cloud.
        part: &'static str,
        /// What the system said.
        source: io::Error,
    },
}
