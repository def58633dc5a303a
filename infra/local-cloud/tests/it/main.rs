//! Tests of the whole local cloud: real processes behind real sockets. They are one program, because each links
//! everything.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do the helpers of tests"
)]
mod build;
mod dynamodb;
mod http_api;
mod lambda;
mod metrics;
mod pages;
mod s3;
mod support;
mod websocket_api;
