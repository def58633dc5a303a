//! Checks users against the Auth Service.

use crate::ids::UserId;
use crate::ports::{Directory, DirectoryError};

/// The users that the Auth Service does not know; empty if no Auth Service is configured.
pub(super) async fn unknown_users(directory: &impl Directory, users: &[UserId]) -> Result<Vec<UserId>, DirectoryError> {
    let Some(profiles) = directory.profiles(users).await? else { return Ok(Vec::new()) };
    Ok(users.iter().filter(|user| !profiles.contains_key(user)).cloned().collect())
}
