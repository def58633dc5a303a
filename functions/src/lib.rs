//! The Lambda functions: one binary each, and what they are composed of.
