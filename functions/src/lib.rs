//! The functions: what each does is in [`handlers`]. What they share is beside it: which store and which push channel, what
//! happens around a request, the log line.

mod app;
pub mod handlers;
mod log;
mod serve;
