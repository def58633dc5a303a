//! Between API Gateway and the domain: turns events into commands and results into responses and frames. Also reads the
//! configuration.
//!
//! [`request::Request`] is a request of either API. [`commands`] turns it into the command of a use case. [`answer`]
//! turns the result into a response or a frame. [`problem`] is the only place where errors become statuses and codes.

pub mod answer;
pub mod authorizer;
pub mod aws;
pub mod commands;
pub mod config;
mod connector;
pub mod env;
mod fields;
mod json;
pub mod problem;
pub mod request;
pub mod socket;
