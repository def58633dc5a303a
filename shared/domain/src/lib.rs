//! Chat: its types, rules and use cases. No AWS, no HTTP, no clock of its own.
//!
//! Data flows one way: a command made of parsed types enters a use case (a method of [`App`], one file
//! each in [`use_cases`]), which reads and writes through the traits of [`ports`] and returns what the
//! edge answers. Everything that a rule needs is in the file of its subject.

#![warn(missing_docs)]

pub mod attachment;
pub mod change;
pub mod chat;
pub mod chat_user;
pub mod content;
pub mod event;
pub mod file;
pub mod ids;
pub mod member;
pub mod message;
pub mod meter;
pub mod names;
pub mod notification;
pub mod ports;
pub mod reactions;
pub mod retry;
pub mod text;
pub mod timestamp;
pub mod use_cases;

pub use use_cases::{App, Settings};
