//! Whether users exist, as far as anybody knows.

use crate::ids::UserId;
use crate::ports::{Directory, DirectoryError};

/// Those of `users` who do not exist, as far as anybody knows.
pub(super) async fn unknown_users(directory: &impl Directory, users: &[UserId]) -> Result<Vec<UserId>, DirectoryError> {
    let Some(known) = directory.profiles(users).await? else { return Ok(Vec::new()) };
    Ok(users.iter().filter(|user| !known.contains_key(user)).cloned().collect())
}
