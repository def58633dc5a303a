//! The real binaries, over real sockets.

mod conversation;
mod idempotency;
mod input;
mod logs;
mod sockets;
mod strangers;
mod tokens;
