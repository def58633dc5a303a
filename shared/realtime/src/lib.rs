//! The domain's push port on API Gateway's @connections.
