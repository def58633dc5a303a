//! The types, rules and use cases of the chat. This crate knows no AWS and no HTTP, and has no clock of its own.
//!
//! Data flows one way. A request made of parsed types enters a use case: a method of [`App`], one file each in
//! [`use_cases`]. The use case reads and writes through the traits of [`ports`] and returns the data of the answer. A
//! rule is in the file of the type that it is about.

#![warn(missing_docs)]

pub mod attachment;
pub mod block;
pub mod budget;
pub mod change;
pub mod chat;
pub mod chat_user;
pub mod content;
pub mod custom;
pub mod deletions;
pub mod event;
pub mod file;
pub mod former_member;
pub mod ids;
pub mod member;
pub mod member_settings;
pub mod message;
pub mod meter;
pub mod names;
pub mod notification;
pub mod number;
pub mod patch;
pub mod ports;
pub mod queue;
pub mod reactions;
pub mod readers;
pub mod recent;
pub mod retry;
pub mod text;
pub mod timestamp;
pub mod use_cases;
pub mod user_limits;

pub use use_cases::{App, Settings};
