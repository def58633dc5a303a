//! What reaches clients: while they are connected, the domain's push port on API Gateway's `@connections`, and, where a
//! Redis or Valkey is configured, the place where it keeps live connections; while they are not, its notification port on
//! an SNS topic.

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
