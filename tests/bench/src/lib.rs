//! Measures the functions' programs on stand-ins for AWS: the Lambda Runtime API, DynamoDB with a delay for each call
//! and with conflicts between transactions, and `@connections`.
//!
//! A figure is set beside a yardstick of the same run: another program, a client that does nothing else, or what the
//! calls and the CPU time predict. `cargo xtask bench` runs it.

#![warn(missing_docs)]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock and the machine's environment")]

mod bare_client;
pub mod chart;
mod connections;
pub mod dhat;
pub mod document;
mod dynamodb;
mod error;
mod event;
mod http;
mod instance;
pub mod node;
pub mod prices;
pub mod quick;
pub mod report;
mod runtime_api;
pub mod scenarios;
mod tls;
mod usage;
mod world;

pub use connections::Connections;
pub use dynamodb::{Counts, DynamoDb};
pub use error::Error;
pub use event::Sample;
pub use instance::{Answered, Instance, Programs};
pub use node::Node;
pub use usage::Usage;
pub use world::{Setup, World, users};
