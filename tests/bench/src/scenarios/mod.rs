//! What is measured. Each scenario has stand-ins of its own, with nothing in them.

pub mod fan_out;
pub mod hot_chat;
pub mod warm_send;
