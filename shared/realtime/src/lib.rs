//! Delivery to clients. For connected clients: the domain's push port on API Gateway's `@connections` and, if a Redis
//! or Valkey is configured, the store of live connections. For offline users: the domain's notification port on an SNS
//! topic.

mod link;
mod push;
mod reach;
mod redis_connections;
mod topic;

pub use link::{AddressError, Password, PasswordError, parse_url};
pub use push::ApiGatewayPush;
pub use reach::PushAndNotify;
pub use redis_connections::RedisConnections;
pub use topic::Topic;
