//! Between API Gateway and the domain: events to commands, results to responses and frames, configuration.
//!
//! A request comes in as [`request::Request`], whichever of the two APIs it came over; [`commands`] makes a use case's
//! command of it; [`answer`] makes a response or a frame of what the use case says; [`problem`] is the one place where
//! errors become statuses and codes.

pub mod answer;
pub mod authorizer;
pub mod aws;
pub mod commands;
pub mod config;
pub mod env;
mod fields;
pub mod problem;
pub mod request;
pub mod socket;
