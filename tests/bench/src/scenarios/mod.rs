//! What is measured. Each scenario has stand-ins of its own, with nothing in them.

pub mod fan_out;
pub mod fan_out_tls;
pub mod first_invocation;
pub mod hot_chat;
pub mod mixed_changes;
pub mod naive;
pub mod price;
pub mod recipients;
pub mod start;
pub mod warm_send;
pub mod work;
