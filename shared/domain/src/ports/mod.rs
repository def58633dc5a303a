//! What the use cases need of the world: one trait per need. The IAM statement of a function in
//! `template.yaml` mirrors the traits that its use case asks for.

mod attachments;
mod chats;
mod users;
mod world;

pub use attachments::*;
pub use chats::*;
pub use users::*;
pub use world::*;

use std::error::Error as StdError;

/// Why a store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be reached, or refused for now: the same call may succeed later.
    #[error("{operation} did not succeed for now")]
    Unavailable {
        /// The operation, e.g. `TransactWriteItems`.
        operation: &'static str,
        /// What the client library said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// It refused the call as such (permission, missing table, malformed request): trying again will not help.
    #[error("{operation} was refused")]
    Refused {
        /// The operation.
        operation: &'static str,
        /// What the client library said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An item is not what it must be.
    #[error("inconsistent item in {table}: {key}: {attribute}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The item's key, readable.
        key: String,
        /// What is missing or wrong.
        attribute: String,
    },
}

/// Whether a read must see every write that was acknowledged before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// It must.
    Strong,
    /// It may be a moment behind, at half the price.
    Eventual,
}
