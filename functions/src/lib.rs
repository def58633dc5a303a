//! The Lambda functions. [`handlers`] has one module per function. The other modules are shared: the composition of
//! store and push channel, the steps around each request, and the log line.

mod app;
pub mod handlers;
mod log;
mod serve;
