//! The ports: one trait per need of the use cases. The IAM statements of a function in `template.yaml` mirror the
//! traits that its use case uses.

mod attachments;
mod blocks;
mod chats;
mod limits;
mod members;
mod queue;
mod settings;
mod users;
mod world;

pub use attachments::*;
pub use blocks::*;
pub use chats::*;
pub use limits::*;
pub use members::*;
pub use queue::*;
pub use settings::*;
pub use users::*;
pub use world::*;

use std::error::Error as StdError;

/// Why a call of a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store could not be reached, or throttled the call. The same call may succeed later.
    #[error("{operation} failed temporarily")]
    Unavailable {
        /// The failed operation, e.g. `TransactWriteItems`.
        operation: &'static str,
        /// The error of the client library.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The store refused the call (missing permission or table, malformed request). A retry does not help.
    #[error("{operation} was refused")]
    Refused {
        /// The refused operation.
        operation: &'static str,
        /// The error of the client library.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A stored item is missing, or an attribute of it is missing or invalid.
    #[error("inconsistent item in {table}: {key}: {attribute}")]
    Inconsistent {
        /// The table of the item.
        table: &'static str,
        /// The item's key as text.
        key: String,
        /// The attribute, or what is wrong.
        attribute: String,
    },
}

/// The consistency of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// The read sees every write that was acknowledged before it.
    Strong,
    /// The read may be a moment behind. It costs half as much.
    Eventual,
}
