//! The store on a real DynamoDB engine, through the real SDK, over HTTP.

mod budgets;
mod contract;
mod support;
