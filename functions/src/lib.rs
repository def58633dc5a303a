//! What the functions are composed of. Each binary in `src/bin` parses an event, calls one use case and answers;
//! everything that they share is here: which store and which push channel, what happens around a request, the log line.

mod app;
mod log;
mod serve;

pub use app::{
    ApiGatewayPush, App, Bucket, PushAndNotify, RedisPassword, Users, app, app_with_attachments,
    app_with_attachments_without_push, app_with_notifications, app_with_users, app_with_users_without_push,
    app_without_push,
};
pub use log::{Begun, Line, Log, start};
pub use serve::{Channel, Handling, Noting, serve, serve_connections, serve_sockets};
