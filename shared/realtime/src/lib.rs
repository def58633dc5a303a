//! What reaches clients while they are connected: the domain's push port on API Gateway's `@connections`, and, where a
//! Redis or Valkey is configured, the place where it keeps live connections.

mod link;
mod push;
mod redis_connections;

pub use link::{AddressError, NoPassword, Password, open};
pub use push::ApiGatewayPush;
pub use redis_connections::RedisConnections;
